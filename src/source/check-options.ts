import { BellwireError } from "../core/errors.js";
import { isJsonObject } from "../core/json.js";
import { nearestOf } from "../mapping/similarity.js";
import type { EnvironmentOptions, SegmentSourceOptions } from "./source-options.js";

type Names<Options> = Readonly<Record<keyof Options, true>>;

const sourceOptions: Names<SegmentSourceOptions> = {
  key: true,
  environments: true,
  storage: true,
  runner: true,
  triggers: true,
  workflows: true,
  unidentified: true,
  dispatch: true,
  redact: true,
  recordPayload: true,
  retention: true,
  deadline: true,
  runTimeout: true,
  storageTimeout: true,
  lease: true,
  concurrency: true,
  maxPayloads: true,
  maxAttempts: true,
  overridesTtl: true,
  limits: true,
  logger: true,
  clock: true,
  identifyFrom: true,
  traits: true,
};

const environmentOptions: Names<EnvironmentOptions> = {
  webhookToken: true,
  sharedSecrets: true,
  header: true,
  writeKeys: true,
  authentication: true,
  identify: true,
};

/**
 * What the compiler tells a host in TypeScript, for one in JavaScript: a misspelt `redact` or `sharedSecrets` that nobody reads would
 * leave a door open and say nothing.
 *
 * @throws `CONFIG_INVALID`
 */
export function checkOptions(options: unknown): void {
  if (!isJsonObject(options)) {
    throw invalid("createSegmentSource: takes an object of options, such as { storage, runner, triggers: [] }.");
  }
  checkNames(options, sourceOptions, "");
  const { triggers, workflows, redact, environments } = options;
  for (const [name, list] of Object.entries({ triggers, workflows, redact })) checkList(list, name);
  checkOneOf(options["dispatch"], "dispatch", ["inline", "background"]);
  checkOneOf(options["recordPayload"], "recordPayload", ["full", "none"]);
  if (environments === undefined) return;
  if (!isJsonObject(environments)) {
    throw invalid('environments: is no object of environments by name, such as { production: { webhookToken: "…" } }.');
  }
  for (const [name, environment] of Object.entries(environments)) checkEnvironment(name, environment);
}

function checkEnvironment(name: string, environment: unknown): void {
  const at = `environments.${name}`;
  if (!isJsonObject(environment)) throw invalid(`${at}: is no object of options, such as { webhookToken: "…" }.`);
  checkNames(environment, environmentOptions, `${at}.`);
  for (const field of ["sharedSecrets", "writeKeys"]) checkList(environment[field], `${at}.${field}`);
  checkOneOf(environment["authentication"], `${at}.authentication`, ["none"]);
}

function checkNames(options: object, known: object, at: string): void {
  const names = Object.keys(known);
  const unknown = Object.keys(options).find((name) => !Object.hasOwn(known, name));
  if (unknown === undefined) return;
  const nearest = nearestOf(unknown, names);
  const hint = nearest === null ? "" : ` Did you mean ${nearest}?`;
  throw invalid(`${at}${unknown}: is no option.${hint} There are: ${names.join(", ")}.`);
}

function checkList(value: unknown, name: string): void {
  if (value === undefined || Array.isArray(value)) return;
  throw invalid(`${name}: is no list. Write it in brackets: [ … ].`);
}

function checkOneOf(value: unknown, name: string, allowed: readonly string[]): void {
  if (value === undefined || allowed.some((one) => one === value)) return;
  throw invalid(`${name}: is none of ${allowed.map((one) => JSON.stringify(one)).join(", ")}.`);
}

function invalid(message: string): BellwireError {
  return new BellwireError({ code: "CONFIG_INVALID", message });
}
