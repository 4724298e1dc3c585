import type { ComponentChildren } from "preact";
import { ApiError } from "../api.js";
import { useApp } from "../app-context.js";
import { fullTime, relativeTime, shortTime, words } from "../format.js";
import { navigate } from "../location.js";
import { copyText } from "./copy.js";
import { Icon } from "./icon.js";

const tones: Readonly<Record<string, string>> = {
  processed: "good",
  triggered: "good",
  canceled: "good",
  "would run": "good",
  "would be held": "busy",
  created: "good",
  updated: "good",
  in_progress: "busy",
  pending: "busy",
  held: "busy",
  failed: "bad",
  dead: "bad",
  invalid: "bad",
  uncertain: "warn",
  skipped: "warn",
};

export function toneOf(status: string): string {
  return tones[status] ?? "calm";
}

/** A status in words, with a dot whose colour repeats it. */
export function Status({ value, quiet = false }: { readonly value: string; readonly quiet?: boolean }) {
  return (
    <span class={`status ${toneOf(value)} ${quiet ? "quiet" : ""}`}>
      <i aria-hidden="true" />
      {words(value)}
    </span>
  );
}

interface LinkProps {
  readonly href: string;
  readonly children: ComponentChildren;
  readonly class?: string;
  readonly tabIndex?: number;
  readonly "aria-current"?: "page" | undefined;
  readonly "aria-label"?: string;
  readonly "data-screen"?: string;
}

/** A link within the console. */
export function Link({ href, children, ...rest }: LinkProps) {
  const follow = (event: MouseEvent) => {
    if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey) return;
    event.preventDefault();
    navigate(href);
  };
  return (
    <a {...rest} href={href} onClick={follow}>
      {children}
    </a>
  );
}

export function Time({ at, relative = false }: { readonly at: string; readonly relative?: boolean }) {
  return (
    <time dateTime={at} title={fullTime(at)}>
      {relative ? relativeTime(at) : shortTime(at)}
    </time>
  );
}

interface CopyProps {
  /** Or what fetches it, for what is not to stand on the page. */
  readonly text: string | (() => Promise<string>);
  readonly what: string;
  readonly label?: string;
}

export function CopyButton({ text, what, label }: CopyProps) {
  const { notify } = useApp();
  const copy = async () => {
    try {
      await copyText(typeof text === "string" ? text : await text());
      notify(`Copied ${what}`);
    } catch (error) {
      notify(error instanceof Error ? error.message : "It could not be copied", "failed");
    }
  };
  return (
    <button
      type="button"
      class={label === undefined ? "bare" : "small"}
      onClick={copy}
      aria-label={label === undefined ? `Copy ${what}` : undefined}
      title={`Copy ${what}`}
    >
      <Icon name="copy" size={14} />
      {label}
    </button>
  );
}

/** What to do where there is nothing yet. */
export function Empty({ title, children }: { readonly title: string; readonly children?: ComponentChildren }) {
  return (
    <div class="empty">
      <h2>{title}</h2>
      {children}
    </div>
  );
}

export function Problem({ error, retry }: { readonly error: Error; readonly retry?: () => void }) {
  const isSignedOut = error instanceof ApiError && error.status === 401;
  return (
    <div class="problem" role="alert">
      <p>{error.message}</p>
      {(retry || isSignedOut) && (
        <button type="button" class="small" onClick={isSignedOut ? () => window.location.reload() : retry}>
          {isSignedOut ? "Load the page" : "Try again"}
        </button>
      )}
    </div>
  );
}

/** Lines where text will be, so that the page does not jump when it comes. */
export function Loading({ lines = 6 }: { readonly lines?: number }) {
  return (
    <div class="loading" role="status" aria-label="Loading">
      {Array.from({ length: lines }, (_, index) => (
        <i key={index} />
      ))}
    </div>
  );
}

interface SwitchProps {
  readonly on: boolean;
  readonly label: string;
  /** A change is on its way. */
  readonly busy: boolean;
  readonly onChange: (on: boolean) => void;
}

export function Switch({ on, label, busy, onChange }: SwitchProps) {
  const { can } = useApp();
  const allowed = can("operate");
  return (
    <button
      type="button"
      role="switch"
      class="switch"
      aria-checked={on}
      aria-label={label}
      disabled={!allowed}
      aria-busy={busy}
      title={allowed ? undefined : 'Needs the role "operate"'}
      onClick={() => busy || onChange(!on)}
    >
      <i aria-hidden="true" />
    </button>
  );
}

/** Who switched something, and when; nothing while the code decides. */
export function ChangedBy({ by, at }: { readonly by: string | null; readonly at: string | null }) {
  if (at === null) return <span class="muted">as in code</span>;
  return (
    <span class="muted">
      by {by ?? "someone"} <Time at={at} relative />
    </span>
  );
}
