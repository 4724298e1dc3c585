import type { ConditionTrace, JsonValue, PathTrace, TriggerTrace } from "../../protocol.js";
import { plural, words } from "../format.js";

/** What a trigger compared and what its paths led to, each at its place. */
export function Decision({ trace: { condition, paths, omitted } }: { readonly trace: TriggerTrace }) {
  if (condition === undefined && paths.length === 0) return null;
  return (
    <div class="decision">
      {condition !== undefined && (
        <ul class="conditions" aria-label="Conditions">
          <Part trace={condition} />
        </ul>
      )}
      {paths.length > 0 && (
        <dl class="mapped" aria-label="Mapping">
          {paths.map((path) => (
            <Mapped key={`${path.field} ${path.path}`} trace={path} />
          ))}
        </dl>
      )}
      {omitted !== undefined && <p class="muted">{plural(omitted, "part")} more, not kept</p>}
    </div>
  );
}

const names = { all: "all of", any: "any of", not: "not", function: "a function in code" } as const;

function Part({ trace }: { readonly trace: ConditionTrace }) {
  const parts = trace.kind === "all" || trace.kind === "any" ? trace.parts : trace.kind === "not" ? [trace.part] : [];
  return (
    <li class={trace.holds ? "holds" : "fails"}>
      <span class="sign">
        <span aria-hidden="true">{trace.holds ? "✓" : "✗"}</span>
        <span class="off-screen">{trace.holds ? "holds: " : "does not hold: "}</span>
      </span>
      <span>{trace.kind === "comparison" ? <Compared trace={trace} /> : names[trace.kind]}</span>
      {parts.length > 0 && (
        <ul>
          {parts.map((part, index) => (
            <Part key={index} trace={part} />
          ))}
        </ul>
      )}
    </li>
  );
}

type Comparison = Extract<ConditionTrace, { readonly kind: "comparison" }>;

function Compared({ trace }: { readonly trace: Comparison }) {
  const { path, operator, expected, actual } = trace;
  return (
    <span>
      <code>{path}</code> {words(operator)} {expected !== null && <code>{textOf(expected)}</code>}
      <span class="muted"> · {actual === undefined ? absent(trace) : "it is "}</span>
      {actual !== undefined && <code class="found">{textOf(actual)}</code>}
      <Hint nearest={trace.nearest} />
    </span>
  );
}

function absent({ isHidden }: Comparison): string {
  return isHidden ? "its value is not kept" : "nothing is there";
}

function Mapped({ trace }: { readonly trace: PathTrace }) {
  const { field, value, reached, fallback } = trace;
  return (
    <div>
      <dt>{field}</dt>
      <dd class="mono">
        <Path trace={trace} />
        {reached === undefined && <LedTo text={value === undefined ? "its value is not kept" : textOf(value)} />}
        {fallback !== undefined && <LedTo text={`${textOf(fallback)} instead`} />}
      </dd>
    </div>
  );
}

function LedTo({ text }: { readonly text: string }) {
  return (
    <span class="led-to" title={text}>
      {text}
    </span>
  );
}

/** A path that leads nowhere is drawn as far as it exists, and broken from there. */
function Path({ trace: { path, reached, nearest } }: { readonly trace: PathTrace }) {
  if (reached === undefined) return <span>{path}</span>;
  const exists = path.startsWith(reached) ? reached.length : 0;
  return (
    <span class="broken-path">
      {path.slice(0, exists)}
      <del>{path.slice(exists)}</del>
      <span class="off-screen"> leads nowhere</span>
      <Hint nearest={nearest} />
    </span>
  );
}

function Hint({ nearest }: { readonly nearest: string | undefined }) {
  if (nearest === undefined) return null;
  return (
    <span>
      <span class="muted"> did you mean </span>
      {nearest}
      <span class="muted">?</span>
    </span>
  );
}

function textOf(value: JsonValue): string {
  return JSON.stringify(value);
}
