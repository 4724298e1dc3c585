import { type Clock, systemClock } from "../core/clock.js";
import { type Duration, durationToMs } from "../core/duration.js";
import { configInvalid } from "../core/errors.js";
import type { JsonObject, JsonValue } from "../core/json.js";
import { type Logger, safeLogger, silentLogger } from "../core/logger.js";
import { compileRedaction } from "../mapping/redaction.js";
import type { WorkflowRunner } from "../runner/runner.js";
import type { SegmentLimits } from "../segment/limits.js";
import { coalesceCalls } from "../storage/coalesce-calls.js";
import { type CompleteStorage, completeUsers } from "../storage/complete-users.js";
import type { TypedWorkflows } from "../triggers/compile-trigger.js";
import { compileUnidentified, type UnidentifiedPolicy } from "../triggers/unidentified.js";
import { compileIdentity, type ReadIdentity } from "../users/identity.js";
import { checkSourceOptions } from "./check-options.js";
import { unknownFields } from "./redacted-fields.js";
import type { EnvironmentOptions, SegmentSourceOptions } from "./source-options.js";

/** The options of a source, checked and with every default filled in. */
export interface ResolvedOptions {
  readonly key: string;
  readonly environments: ReadonlyMap<string, EnvironmentOptions>;
  /** `null` where the host named none, and its triggers may be those of sources that do. */
  readonly namedEnvironments: readonly string[] | null;
  /** What the pipeline talks to. */
  readonly storage: CompleteStorage;
  /** The same as the host gave it, for whoever must not share a call with others. */
  readonly hostStorage: CompleteStorage;
  /** Whether `record` checks who is known, so that nobody need ask first. */
  readonly checksKnown: boolean;
  readonly runner: WorkflowRunner;
  readonly unidentified: UnidentifiedPolicy;
  readonly readIdentity: ReadIdentity;
  readonly workflows: TypedWorkflows;
  readonly dispatch: "inline" | "background";
  /** What is stored of an event. */
  readonly toPayload: (event: JsonObject) => JsonValue;
  readonly retention: { readonly payloadsMs: number; readonly eventsMs: number };
  readonly deadlineMs: number;
  readonly runTimeoutMs: number;
  readonly storageTimeoutMs: number;
  readonly leaseMs: number;
  readonly concurrency: number;
  readonly maxPayloads: number;
  readonly maxAttempts: number;
  readonly overridesTtlMs: number;
  readonly limits: Partial<SegmentLimits>;
  readonly logger: Logger;
  readonly clock: Clock;
}

/** @throws `CONFIG_INVALID` with the option, what it was and what it may be */
export function resolveOptions(options: SegmentSourceOptions): ResolvedOptions {
  checkSourceOptions(options);
  const duration = (
    name: "deadline" | "runTimeout" | "storageTimeout" | "lease" | "overridesTtl",
    fallback: Duration,
  ) => durationToMs(options[name] ?? fallback, name);
  const key = options.key ?? "segment";
  if (key === "") throw configInvalid('key: "" names no source. Leave it out for "segment".');
  requirePort(options.storage, "storage", ["events", "runs", "users", "triggers"], "memoryStorage()");
  requirePort(options.runner, "runner", ["trigger"], "functionRunner({ … })");
  const runTimeoutMs = duration("runTimeout", "10s");
  const leaseMs = duration("lease", "60s");
  if (leaseMs <= runTimeoutMs) {
    throw configInvalid(
      `lease: ${leaseMs} ms must be longer than runTimeout (${runTimeoutMs} ms), or runs could be sent twice.`,
    );
  }
  const clock = options.clock ?? systemClock;
  const logger = safeLogger(options.logger ?? silentLogger);
  const hostStorage = { ...options.storage, users: completeUsers(options.storage.users) };
  return {
    key,
    environments: resolveEnvironments(options.environments),
    namedEnvironments: options.environments === undefined ? null : Object.keys(options.environments),
    storage: coalesceCalls(hostStorage, clock),
    hostStorage,
    checksKnown: checksKnown(options.storage),
    runner: options.runner,
    unidentified: compileUnidentified(options.unidentified ?? "skip"),
    readIdentity: compileIdentity(options),
    workflows: new Map(options.workflows?.map((workflow) => [workflow.name, workflow])),
    dispatch: options.dispatch ?? "inline",
    toPayload: options.recordPayload === "none" ? () => null : resolveRedaction(key, options.redact, logger),
    retention: resolveRetention(options.retention),
    deadlineMs: duration("deadline", "4.5s"),
    runTimeoutMs,
    storageTimeoutMs: duration("storageTimeout", "10s"),
    leaseMs,
    concurrency: positiveInteger(options.concurrency ?? 50, "concurrency"),
    maxPayloads: positiveInteger(options.maxPayloads ?? 500, "maxPayloads"),
    maxAttempts: positiveInteger(options.maxAttempts ?? 20, "maxAttempts"),
    overridesTtlMs: duration("overridesTtl", "5s"),
    limits: options.limits ?? {},
    logger,
    clock,
  };
}

/** A host may put another store of users beside the events; who reads by name is handed no assumptions. */
function checksKnown({ events, users }: SegmentSourceOptions["storage"]): boolean {
  return events.checksKnownIn === users && events.readsByName !== true;
}

function resolveRedaction(source: string, paths: readonly string[] = [], logger: Logger): ResolvedOptions["toPayload"] {
  for (const { path } of unknownFields(paths)) {
    logger.warn({ source, path }, "redact: a path starts at no field of Segment's; it takes out what you send there");
  }
  return compileRedaction(paths);
}

function resolveRetention({ payloads = "30d", events = "90d" }: SegmentSourceOptions["retention"] = {}) {
  const payloadsMs = durationToMs(payloads, "retention.payloads");
  const eventsMs = durationToMs(events, "retention.events");
  if (eventsMs >= payloadsMs) return { payloadsMs, eventsMs };
  throw configInvalid("retention: events must be kept at least as long as payloads, which are part of them.");
}

/** What is handed in instead, such as functions by workflow or a pool of connections, would fail at the first event. */
function requirePort(port: unknown, name: string, members: readonly string[], example: string): void {
  const refuse = (what: string) => configInvalid(`${name}: ${what}. Give one, such as ${name}: ${example}.`);
  if (typeof port === "function") throw refuse(`is a function, not a ${name}`);
  if (typeof port !== "object" || port === null) throw refuse("is missing");
  for (const member of members) {
    if (Reflect.get(port, member) === undefined) throw refuse(`is not a ${name}: it has no ${member}`);
  }
}

function positiveInteger(value: number, name: string): number {
  if (Number.isSafeInteger(value) && value > 0) return value;
  throw configInvalid(`${name}: ${String(value)} is not a whole number above 0.`);
}

function resolveEnvironments(
  environments: SegmentSourceOptions["environments"],
): ReadonlyMap<string, EnvironmentOptions> {
  if (environments === undefined) return new Map([["default", {}]]);
  const entries = Object.entries(environments);
  if (entries.length === 0) throw configInvalid("environments: is empty. Name at least one, or leave it out.");
  for (const [name, environment] of entries) checkCredentials(name, environment);
  return new Map(entries);
}

/** A credential that is written down but empty is a forgotten environment variable; running on without it would leave a door open. */
function checkCredentials(name: string, environment: EnvironmentOptions): void {
  const fix = "Set it (is an environment variable missing?), or leave the field out.";
  const refuse = (field: string, what: string) => configInvalid(`environments.${name}.${field}: is ${what}. ${fix}`);
  const check = (value: unknown, field: string) => {
    if (typeof value === "string" && value.trim() !== "") return;
    throw refuse(field, value === undefined ? "undefined" : value === "" ? "empty" : "not a text");
  };
  const { webhookToken, header, sharedSecrets, writeKeys } = environment;
  for (const [field, value] of Object.entries({ webhookToken, header, sharedSecrets, writeKeys })) {
    if (value === undefined && Object.hasOwn(environment, field)) throw refuse(field, "undefined");
  }
  if (webhookToken !== undefined) check(webhookToken, "webhookToken");
  if (header !== undefined) {
    check(header.name, "header.name");
    check(header.value, "header.value");
  }
  for (const [field, list = []] of Object.entries({ sharedSecrets, writeKeys })) {
    if (list.length === 0 && Object.hasOwn(environment, field)) throw refuse(field, "an empty list");
    for (const [index, value] of list.entries()) check(value, `${field}[${index}]`);
  }
}
