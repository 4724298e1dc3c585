import { useState } from "preact/hooks";
import { type JsonValue, mask } from "../../protocol.js";
import { plural } from "../format.js";
import { memberPath } from "../paths.js";
import { Icon } from "./icon.js";

interface TreeProps {
  readonly value: JsonValue;
  /** What a click on a key or a value does with its path. */
  readonly onPick: (path: string) => void;
  readonly picking?: string;
}

/** A payload as a tree whose every line gives its path. Values are text nodes, whatever they say. */
export function JsonTree({ value, onPick, picking = "Copy path" }: TreeProps) {
  if (!isBranch(value)) return <p class="muted">{value === null ? "Not kept." : String(value)}</p>;
  return (
    <ul class="tree">
      {entriesOf(value).map(([key, member]) => (
        <Node key={key} name={key} path={key} value={member} depth={0} onPick={onPick} picking={picking} />
      ))}
    </ul>
  );
}

interface NodeProps extends Required<TreeProps> {
  readonly name: string;
  readonly path: string;
  readonly depth: number;
}

function Node({ name, path, value, depth, onPick, picking }: NodeProps) {
  const [open, setOpen] = useState(depth < 1 || (depth < 4 && sizeOf(value) <= 8));
  const pick = () => onPick(path);
  if (!isBranch(value) || entriesOf(value).length === 0) {
    return (
      <li>
        <button type="button" class="tree-leaf" onClick={pick} title={`${picking} ${path}`}>
          <span class="tree-key">{name}</span>
          <span class={`tree-value ${kindOf(value)}`}>{textOf(value)}</span>
        </button>
      </li>
    );
  }
  return (
    <li>
      <div class="tree-branch">
        <button
          type="button"
          class="bare"
          aria-expanded={open}
          aria-label={`${name}, ${sizeText(value)}`}
          onClick={() => setOpen(!open)}
        >
          <Icon name="chevron" size={12} />
        </button>
        <button type="button" class="tree-leaf" onClick={pick} title={`${picking} ${path}`}>
          <span class="tree-key">{name}</span>
          <span class="muted">{sizeText(value)}</span>
        </button>
      </div>
      {open && (
        <ul>
          {entriesOf(value).map(([key, member]) => (
            <Node
              key={key}
              name={key}
              path={memberPath(path, key)}
              value={member}
              depth={depth + 1}
              onPick={onPick}
              picking={picking}
            />
          ))}
        </ul>
      )}
    </li>
  );
}

type Branch = Extract<JsonValue, object>;

function isBranch(value: JsonValue): value is Branch {
  return typeof value === "object" && value !== null;
}

const mostShown = 200;

function entriesOf(value: Branch): readonly (readonly [string, JsonValue])[] {
  return Object.entries(value).slice(0, mostShown);
}

function sizeOf(value: JsonValue): number {
  return isBranch(value) ? Object.keys(value).length : 0;
}

function sizeText(value: JsonValue): string {
  return Array.isArray(value) ? plural(value.length, "item") : plural(sizeOf(value), "member");
}

function kindOf(value: JsonValue): string {
  if (value === mask) return "masked";
  return value === null ? "null" : typeof value;
}

function textOf(value: JsonValue): string {
  if (isBranch(value)) return Array.isArray(value) ? "[]" : "{}";
  return value === mask ? mask : JSON.stringify(value);
}
