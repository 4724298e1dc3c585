import { useEffect, useRef } from "preact/hooks";

export type Keys = Readonly<Record<string, () => void>>;

/** Keys that work wherever the focus is, but for fields, which take them as text, and dialogs, which have keys of their own. */
export function useKeys(keys: Keys): void {
  const latest = useRef(keys);
  latest.current = keys;
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.metaKey || event.ctrlKey || event.altKey) return;
      const { target } = event;
      const isField = target instanceof HTMLElement && target.matches("input, textarea, select, [contenteditable]");
      if ((isField && event.key !== "Escape") || document.querySelector("dialog[open]") !== null) return;
      // A button that has the focus is what Enter is meant for.
      if (event.key === "Enter" && target instanceof HTMLElement && target.matches("a, button, summary")) return;
      const act = latest.current[event.key];
      if (act === undefined) return;
      event.preventDefault();
      act();
    };
    window.addEventListener("keydown", press);
    return () => window.removeEventListener("keydown", press);
  }, []);
}
