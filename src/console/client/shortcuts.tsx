import { Dialog } from "./ui/dialog.js";

const shortcuts = [
  ["/", "search"],
  ["j", "next event"],
  ["k", "previous event"],
  ["Enter", "open the event"],
  ["Esc", "close what is open"],
  ["?", "these shortcuts"],
] as const;

export function Shortcuts({ onClose }: { readonly onClose: () => void }) {
  return (
    <Dialog title="Keyboard" onClose={onClose}>
      <dl class="keys">
        {shortcuts.map(([key, does]) => (
          <div key={key}>
            <dt>
              <kbd>{key}</kbd>
            </dt>
            <dd>{does}</dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}
