import { configInvalid } from "../core/errors.js";
import { excessBytes, maxIdBytes } from "../segment/id-of.js";
import { nearestOf } from "./similarity.js";

/** Refuses a value that an option may not have. @throws `CONFIG_INVALID` @param name of the option, for the message */
export type OptionCheck = (value: unknown, name: string) => void;

/** A check for each option there is: one that is left out here, or that there is not, does not compile. */
export type OptionChecks<Options> = Readonly<Record<keyof Options, OptionCheck>>;

export interface OptionNaming {
  /** Stands before the names, such as `retention.` */
  readonly at?: string;
  /** @default "an option" */
  readonly thing?: string;
  /** What else to do about a name that is none. */
  readonly advice?: string;
  /** Those that can not be left out: they are checked when they are `undefined` too. */
  readonly required?: readonly string[];
}

/**
 * What the compiler tells a host in TypeScript, for one in JavaScript: an option that nobody reads, because it is misspelt, does the
 * opposite of what was meant, and says nothing. An option that is `undefined` is one that was left out.
 *
 * @throws `CONFIG_INVALID` with the nearest name that there is
 */
export function checkOptions(
  options: unknown,
  checks: Readonly<Record<string, OptionCheck>>,
  naming: OptionNaming = {},
): void {
  const { at = "", thing = "an option", advice = "", required = [] } = naming;
  const names = Object.keys(checks);
  for (const name of required) {
    if (!isObject(options) || Reflect.get(options, name) === undefined) checks[name]?.(undefined, at + name);
  }
  if (!isObject(options)) throw configInvalid(`${at}takes an object of options; there are: ${names.join(", ")}.`);
  for (const name of Object.keys(options)) {
    if (Object.hasOwn(checks, name)) continue;
    const nearest = nearestOf(name, names);
    const hint = nearest === null ? "" : ` Did you mean ${nearest}?`;
    throw configInvalid(`${at}${name}: is not ${thing}.${hint}${advice} There are: ${names.join(", ")}.`);
  }
  for (const [name, check] of Object.entries(checks)) {
    const value: unknown = Reflect.get(options, name);
    if (value !== undefined) check(value, at + name);
  }
}

/** @param example of the options of `caller`, such as `{ replayId: "fix-1" }`. @throws `CONFIG_INVALID` */
export function requireOptions(options: unknown, caller: string, example: string): asserts options is object {
  if (!isObject(options)) throw configInvalid(`${caller}: takes an object of options, such as ${example}.`);
}

export const anything: OptionCheck = () => undefined;

export const text: OptionCheck = (value, name) => {
  if (typeof value !== "string") throw configInvalid(`${name}: is not a string.`);
};

/** For what can not be left out: called with what was given, `undefined` too. */
export const requiredText: OptionCheck = (value, name) => {
  if (typeof value === "string" && value !== "") return;
  throw configInvalid(`${name}: is ${value === undefined ? "missing" : value === "" ? "empty" : "not a string"}.`);
};

/** Of somebody who is to be stored. */
export const newId: OptionCheck = (value, name) => {
  requiredText(value, name);
  const bytes = excessBytes(String(value));
  if (bytes !== null) throw configInvalid(`${name}: takes ${bytes} bytes; at most ${maxIdBytes} make an id.`);
};

export const object: OptionCheck = (value, name) => {
  if (!isObject(value)) throw configInvalid(`${name}: is not an object.`);
};

export const flag: OptionCheck = (value, name) => {
  if (typeof value !== "boolean") throw configInvalid(`${name}: is neither true nor false.`);
};

export const date: OptionCheck = (value, name) => {
  if (value instanceof Date && !Number.isNaN(value.getTime())) return;
  throw configInvalid(`${name}: is not a date. Give a Date, such as new Date("2026-01-31").`);
};

export const callback: OptionCheck = (value, name) => {
  if (typeof value !== "function") throw configInvalid(`${name}: is not a function.`);
};

export const number: OptionCheck = (value, name) => {
  if (typeof value !== "number" || Number.isNaN(value)) throw configInvalid(`${name}: is not a number.`);
};

export const aboveZeroOrNull: OptionCheck = (value, name) => {
  if (value === null || (typeof value === "number" && value >= 1)) return;
  throw configInvalid(`${name}: is neither a number of at least 1 nor null for none.`);
};

/** A timer that is given more ends at once. */
const maxTimerMs = 2 ** 31 - 1;

export const milliseconds: OptionCheck = (value, name) => {
  if (typeof value === "number" && value > 0 && value <= maxTimerMs) return;
  throw configInvalid(`${name}: is not a number of milliseconds from 1 to ${maxTimerMs}.`);
};

/** What another package made. @param methods it has one of them @param give what to give, for the message */
export function handle(methods: readonly string[], give: string): OptionCheck {
  return (value, name) => {
    const mayHave = (typeof value === "object" && value !== null) || typeof value === "function";
    if (mayHave && methods.some((method) => method in value)) return;
    const what = value === undefined ? "missing" : typeof value === "string" ? "a string" : "something else";
    throw configInvalid(`${name}: is ${what}. Give ${give}.`);
  };
}

export function listOf(check: OptionCheck): OptionCheck {
  return (value, name) => {
    if (!Array.isArray(value)) throw configInvalid(`${name}: is not a list. Write it in brackets: [ … ].`);
    for (const [index, element] of value.entries()) check(element, `${name}[${index}]`);
  };
}

export const list = listOf(anything);

export const texts = listOf(text);

export const logger: OptionCheck = (value, name) => {
  const has = (method: string) => isObject(value) && typeof Reflect.get(value, method) === "function";
  if (["debug", "info", "warn", "error"].every(has)) return;
  throw configInvalid(`${name}: is not a logger. Give one with debug, info, warn and error, such as pino().`);
};

export function oneOf(...allowed: readonly string[]): OptionCheck {
  return (value, name) => {
    if (allowed.some((one) => one === value)) return;
    const nearest = typeof value === "string" ? nearestOf(value, allowed) : null;
    const hint = nearest === null ? "" : ` Did you mean ${JSON.stringify(nearest)}?`;
    throw configInvalid(`${name}: is none of ${allowed.map((one) => JSON.stringify(one)).join(", ")}.${hint}`);
  };
}

/** Options within an option. */
export function group(checks: Readonly<Record<string, OptionCheck>>): OptionCheck {
  return (value, name) => {
    if (!isObject(value)) throw configInvalid(`${name}: is not an object with ${Object.keys(checks).join(", ")}.`);
    checkOptions(value, checks, { at: `${name}.` });
  };
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
