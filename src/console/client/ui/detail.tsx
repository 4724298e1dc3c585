import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { giveFocusBack } from "./give-focus-back.js";
import { Icon } from "./icon.js";

interface DetailProps {
  /** What it is a detail of, such as `event`. */
  readonly of: string;
  readonly title: string;
  readonly subtitle: ComponentChildren;
  readonly status?: ComponentChildren;
  readonly onClose: () => void;
  readonly children: ComponentChildren;
}

/** One of a list, beside it; on a narrow screen over it, with a way back that takes the focus. */
export function Detail({ of, title, subtitle, status, onClose, children }: DetailProps) {
  const back = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    const opener = document.activeElement;
    if (back.current?.offsetParent) back.current.focus();
    return () => giveFocusBack(opener);
  }, []);
  return (
    <aside class="inspector" aria-label={of}>
      <header>
        <button
          ref={back}
          type="button"
          class="bare only-narrow"
          aria-label={`Back to the list, closing the ${of}`}
          onClick={onClose}
        >
          <Icon name="back" />
        </button>
        <div>
          <h2>{title}</h2>
          <p class="muted">{subtitle}</p>
        </div>
        {status}
        <button type="button" class="bare only-wide" aria-label={`Close the ${of}`} onClick={onClose}>
          <Icon name="close" />
        </button>
      </header>
      <div class="inspector-body">{children}</div>
    </aside>
  );
}
