import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { Problem } from "./basics.js";
import { giveFocusBack } from "./give-focus-back.js";
import { Icon } from "./icon.js";

interface DialogProps {
  readonly title: string;
  readonly onClose: () => void;
  readonly children: ComponentChildren;
  readonly footer?: ComponentChildren;
}

/** A modal dialog: the browser keeps the focus in it, and Esc closes it. */
export function Dialog({ title, onClose, children, footer }: DialogProps) {
  const element = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const opener = document.activeElement;
    element.current?.showModal();
    return () => giveFocusBack(opener);
  }, []);
  const cancel = (event: Event) => {
    event.preventDefault();
    onClose();
  };
  return (
    <dialog ref={element} aria-labelledby="dialog-title" onCancel={cancel}>
      <header>
        <h2 id="dialog-title">{title}</h2>
        <button type="button" class="bare" aria-label="Close" onClick={onClose}>
          <Icon name="close" />
        </button>
      </header>
      <div class="dialog-body">{children}</div>
      {footer}
    </dialog>
  );
}

interface ConfirmProps extends Omit<DialogProps, "footer"> {
  readonly action: string;
  readonly danger?: boolean;
  readonly busy?: boolean;
  readonly failure: Error | null;
  readonly onConfirm: () => void;
}

/** Asks before something is done; how it is done is said by the children. */
export function Confirm({ action, danger = false, busy = false, failure, onConfirm, ...dialog }: ConfirmProps) {
  const footer = (
    <footer>
      {failure !== null && <Problem error={failure} />}
      <button type="button" onClick={dialog.onClose}>
        Cancel
      </button>
      <button type="button" class={danger ? "danger" : "primary"} disabled={busy} onClick={onConfirm}>
        {action}
      </button>
    </footer>
  );
  return <Dialog {...dialog} footer={footer} />;
}
