import { randomUUID } from "node:crypto";
import { durationToMs } from "../core/duration.js";
import { BellwireError } from "../core/errors.js";
import { createSafeEmitter } from "../core/safe-emitter.js";
import { createTimeLimit } from "../core/time-limit.js";
import { anything, checkOptions, number } from "../mapping/option-checks.js";
import { formatExplanation } from "../outcome/format-explanation.js";
import type { PayloadResult } from "../outcome/outcome.js";
import type { RunRecord, RunResult } from "../storage/run-store.js";
import { createTriggerRegistry } from "../triggers/trigger-registry.js";
import { createAssumptions, noAssumptions } from "./assumptions.js";
import { createBackgroundDispatch, recoverRuns } from "./background-dispatch.js";
import { checkCall } from "./check-call.js";
import { createDispatcher } from "./dispatcher.js";
import { handlePayload } from "./handle-payload.js";
import { createIdempotencyKeys } from "./idempotency-key.js";
import { logFailedAttempt, logFailures } from "./log-failures.js";
import { maintain } from "./maintain.js";
import { createOverrides } from "./overrides.js";
import type { HandleSegmentPayloadOptions, PreviewOptions } from "./payload-options.js";
import { previewPayload } from "./preview.js";
import { releaseHeld } from "./release-held.js";
import { type ResolvedOptions, resolveOptions } from "./resolve-options.js";
import { createRunnerCall } from "./runner-call.js";
import type { ReplayOptions, SegmentSource } from "./segment-source.js";
import { createSourceAudit } from "./source-audit.js";
import { resolveEnvironment, type SourceContext } from "./source-context.js";
import { createSourceEnvironments } from "./source-environments.js";
import { createSourceEventLog } from "./source-event-log.js";
import { checkListener, type SegmentSourceEvents } from "./source-events.js";
import { createSourceGroups } from "./source-groups.js";
import type { SegmentSourceOptions } from "./source-options.js";
import { createSourceReplay } from "./source-replay.js";
import { createSourceRuns } from "./source-runs.js";
import { createSourceTriggers, registerTrigger } from "./source-triggers.js";
import { createSourceUsers, type ReleaseHeld } from "./source-users.js";
import { createStorageCall } from "./storage-call.js";
import { createStoredTriggers } from "./stored-triggers.js";
import { withTriggers } from "./with-triggers.js";
import { createWorkTracker, type WorkTracker } from "./work-tracker.js";

/**
 * Creates a source: the place where Segment events come in and workflow runs go out.
 *
 * @throws `CONFIG_INVALID`, `CONFIG_TRIGGER_INVALID`, `CONFIG_TRIGGER_DUPLICATE`, `CONFIG_PATH_INVALID`
 */
export function createSegmentSource(options: SegmentSourceOptions): SegmentSource {
  const { context, work } = createContext(resolveOptions(options));
  for (const trigger of options.triggers ?? []) registerTrigger(context, trigger);
  const { key, maxPayloads } = context.options;
  const owner = randomUUID();
  const background = createBackgroundDispatch(context, { owner, track: work.track });

  const handle = async (
    payload: unknown,
    options: HandleSegmentPayloadOptions,
    triggers?: ReplayOptions["triggers"],
  ): Promise<PayloadResult> => {
    const environment = resolveEnvironment(context.options, options.environment);
    if (work.isClosing) throw closed(key);
    if (work.size >= maxPayloads) throw overloaded(key, maxPayloads);
    const { track } = work;
    const scope = { environment, source: key };
    work.enter();
    try {
      const call = { scope, payload, options, owner, track };
      const result = await handlePayload(withTriggers(context, triggers), call);
      logFailures(context.options.logger, scope, result);
      if (context.options.dispatch === "background") background.wake();
      return result;
    } finally {
      work.leave();
    }
  };

  const release: ReleaseHeld = async (environment, userIds) => {
    await releaseHeld(context, { environment, source: key, owner, userIds, track: work.track });
    background.wake();
  };

  const events = createSourceEventLog(context);
  const handleSegmentPayload = (payload: unknown, call: HandleSegmentPayloadOptions = {}) => handle(payload, call);
  const preview = (payload: unknown, call: PreviewOptions = {}) => previewPayload(context, payload, call);
  return {
    key,
    logger: context.options.logger,
    handleSegmentPayload,
    preview,
    explain: async (messageId, call) => {
      const found = await events.get(messageId, call);
      return found === null ? null : formatExplanation(found.outcome);
    },
    replay: createSourceReplay(context, { events, handle }),
    triggers: createSourceTriggers(context),
    users: createSourceUsers(context, release),
    groups: createSourceGroups(context),
    events,
    runs: createSourceRuns(context, { owner, track: work.track, wake: background.wake }),
    audit: createSourceAudit(context),
    environments: createSourceEnvironments(context),
    on: createOn(context.emitter),
    off: context.emitter.off,
    start: (given = {}) => {
      checkOptions(given, { pollInterval: anything }, { at: "start: " });
      background.start(durationToMs(given.pollInterval ?? "1s", "pollInterval"));
    },
    recover: async (call = {}) => {
      checkCall("recover", { call });
      const environment = resolveEnvironment(context.options, call.environment);
      return recoverRuns(context, { environment, owner, signal: call.signal, track: work.track });
    },
    maintain: (call) => maintain(context, call),
    close: async (given = {}) => {
      checkOptions(given, { timeoutMs: number }, { at: "close: " });
      const { timeoutMs = 10_000 } = given;
      work.track(background.stop());
      await work.drain(timeoutMs);
    },
  };
}

function createOn(emitter: SourceContext["emitter"]): SegmentSource["on"] {
  return (name, listener) => {
    checkListener(name, listener);
    emitter.on(name, listener);
  };
}

function createContext(options: ResolvedOptions): { readonly context: SourceContext; readonly work: WorkTracker } {
  const { clock, logger, storage, key } = options;
  const emitter = createSafeEmitter<SegmentSourceEvents>((name, error) =>
    logger.error({ err: error, source: key, listener: name }, "a listener failed; event handling went on"),
  );
  const storageCall = createStorageCall(clock, options.storageTimeoutMs);
  const onAttempt = (run: RunRecord, result: RunResult) => {
    logFailedAttempt(logger, run, result);
    if (emitter.hasListeners("run")) emitter.emit("run", toRunEvent(run, result));
  };
  const work = createWorkTracker(clock);
  const registry = createTriggerRegistry(options.workflows);
  const stored = createStoredTriggers({
    source: key,
    registry,
    register: (definition) => registerTrigger({ registry, options }, definition),
    logger,
  });
  const context: SourceContext = {
    options,
    registry,
    stored,
    overrides: createOverrides({
      source: key,
      store: storage.triggers,
      storageCall,
      clock,
      ttlMs: options.overridesTtlMs,
      logger,
      onStored: stored.sync,
    }),
    assumptions: options.checksKnown ? createAssumptions() : noAssumptions,
    storageCall,
    runnerCall: createRunnerCall(clock, options.runTimeoutMs),
    keysOf: createIdempotencyKeys(),
    dispatcher: createDispatcher({
      ...options,
      random: Math.random,
      onAttempt,
      findUsers: (environment, ids) =>
        storageCall("users.find", (signal) => storage.users.find({ environment, ids, signal })),
    }),
    deadlines: createTimeLimit(clock, options.deadlineMs),
    leases: createTimeLimit(clock, options.leaseMs),
    emitter,
    isClosing: () => work.isClosing,
  };
  return { context, work };
}

function toRunEvent(run: RunRecord, result: RunResult): SegmentSourceEvents["run"] {
  const { environment, source, idempotencyKey, messageId, trigger, workflow } = run;
  const { status, workflowRunId, error } = result;
  const succeeded = status === "triggered" || status === "canceled" || status === "pending";
  return {
    source,
    environment,
    idempotencyKey,
    messageId,
    trigger,
    workflow,
    status: succeeded ? status : "failed",
    attempt: run.attempts + 1,
    durationMs: result.durationMs ?? 0,
    workflowRunId,
    error,
  };
}

function closed(key: string): BellwireError {
  const message = `The source "${key}" is closed, or closing; hand the payload to another process.`;
  return new BellwireError({ code: "SOURCE_CLOSED", message, retryable: true });
}

function overloaded(key: string, maxPayloads: number): BellwireError {
  const message = `The source "${key}" has ${maxPayloads} payloads in hand, its maxPayloads; hand this one in again a little later.`;
  return new BellwireError({ code: "OVERLOADED", message, details: { maxPayloads }, retryable: true });
}
