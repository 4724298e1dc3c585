import { configInvalid } from "../core/errors.js";
import {
  anything,
  checkOptions,
  type OptionCheck,
  type OptionChecks,
  requiredText,
  text,
} from "../mapping/option-checks.js";
import type { ChangedBy, InEnvironment } from "./in-environment.js";
import type { ResolvedOptions } from "./resolve-options.js";
import { environmentOfCall } from "./source-context.js";

const callChecks: OptionChecks<InEnvironment & ChangedBy> = { environment: text, signal: anything, by: text };

/** Of a method that answers with pages. */
export const pageChecks = {
  limit: (value, name) => {
    if (typeof value !== "number") throw configInvalid(`${name}: is not a number.`);
  },
  cursor: text,
} as const satisfies Readonly<Record<string, OptionCheck>>;

export interface CheckedCall {
  /** What can not be left out, by name. */
  readonly ids?: Readonly<Record<string, unknown>>;
  /** The options: the last parameter. */
  readonly call: InEnvironment & ChangedBy;
  /** Of options that no other method has. */
  readonly checks?: Readonly<Record<string, OptionCheck>>;
}

/**
 * What a method was called with. An environment by itself in place of the options, or under a name that is none, would be all of them,
 * or the only one.
 * @throws `CONFIG_INVALID`
 */
export function checkCall(method: string, { ids = {}, call, checks = {} }: CheckedCall): void {
  for (const [name, id] of Object.entries(ids)) requiredText(id, `${method}: ${name}`);
  checkOptions(call, { ...callChecks, ...checks }, { at: `${method}: ` });
}

/**
 * The environment that a call is about, once it is clear that the call is right and still wanted.
 * @throws `CONFIG_INVALID`, `ABORTED`, `CONFIG_ENVIRONMENT_UNKNOWN`
 */
export function openCall(options: ResolvedOptions, method: string, checked: CheckedCall): string {
  checkCall(method, checked);
  return environmentOfCall(options, checked.call);
}
