const themes = ["system", "light", "dark"] as const;
export type Theme = (typeof themes)[number];

const storedAs = "bellwire:theme";

export function readTheme(): Theme {
  try {
    const stored = localStorage.getItem(storedAs);
    return themes.find((theme) => theme === stored) ?? "system";
  } catch {
    // Storage may be forbidden.
    return "system";
  }
}

export function applyTheme(theme: Theme): void {
  if (theme === "system") delete document.documentElement.dataset["theme"];
  else document.documentElement.dataset["theme"] = theme;
  try {
    localStorage.setItem(storedAs, theme);
  } catch {
    // It holds for this page at least.
  }
}

export function nextTheme(theme: Theme): Theme {
  return themes[(themes.indexOf(theme) + 1) % themes.length] ?? "system";
}
