import type { Clock } from "../core/clock.js";
import type { Duration } from "../core/duration.js";
import type { Logger } from "../core/logger.js";
import type { WorkflowRunner } from "../runner/runner.js";
import type { SegmentLimits } from "../segment/limits.js";
import type { Storage } from "../storage/storage.js";
import type { WorkflowDefinition } from "../triggers/define-workflow.js";
import type { TriggerDefinition } from "../triggers/trigger-definition.js";
import type { Unidentified } from "../triggers/unidentified.js";
import type { IdentityOptions } from "../users/identity.js";

/**
 * How requests of an environment prove where they come from. Every one that is configured must be met; `writeKeys` are for
 * Segment's SDKs, and a request with one of them needs nothing else.
 */
export interface EnvironmentCredentials {
  /** The last segment of the webhook URL; compared in constant time. */
  readonly webhookToken?: string | undefined;
  /** Shared secrets of the Webhooks (Actions) destination, which signs with them; several while one is being rotated. */
  readonly sharedSecrets?: readonly (string | undefined)[] | undefined;
  /** A header that the destination is configured to send. */
  readonly header?: { readonly name: string; readonly value: string | undefined } | undefined;
  /** Write keys of Segment's SDKs that post straight to the webhook. Never one that is public, such as a website's. */
  readonly writeKeys?: readonly (string | undefined)[] | undefined;
  /** Written out where anyone may post: a laptop, or a network that already checks. */
  readonly authentication?: "none" | undefined;
}

export interface EnvironmentOptions extends EnvironmentCredentials {
  /** Whether identify events create and update users; can be changed at run time. @default true */
  readonly identify?: boolean | undefined;
}

export interface SegmentSourceOptions extends IdentityOptions {
  /** Names the source, such as "web" or "ios". @default "segment" */
  readonly key?: string | undefined;
  /** @default one, named "default" */
  readonly environments?: Readonly<Record<string, EnvironmentOptions>> | undefined;
  /** Keeps events, runs and users: `postgresStorage`, `sqliteStorage`, or `memoryStorage` for tests. */
  readonly storage: Storage;
  /** Starts the workflows: `knockRunner`, `novuRunner` and others, `functionRunner`, or several by `combineRunners`. */
  readonly runner: WorkflowRunner;
  /** Which events start which workflows; more can be registered and saved later (`source.triggers`). @default none */
  readonly triggers?: readonly TriggerDefinition[] | undefined;
  /** Of `defineWorkflow`: the data of triggers that only name one of them, such as stored ones, is checked when an event comes. */
  readonly workflows?: readonly WorkflowDefinition[] | undefined;
  /**
   * What becomes of a recipient id that storage does not know: left out with the reason, created, or held until the user is
   * identified: `{ hold: "15m", then: "skip" }`. With holds, call `start()` (or `recover()` now and then), which ends them.
   * @default "skip"
   */
  readonly unidentified?: Unidentified | undefined;
  /**
   * `inline` runs before answering, so that whoever handed the payload in can hand it in again after a transient failure;
   * `background` answers once all is recorded and leaves the runs to `start()`, in this or any other process.
   * @default "inline"
   */
  readonly dispatch?: "inline" | "background" | undefined;
  /**
   * Paths that are taken out of an event before it is stored, such as `properties.card`. What a trigger maps is sent all the same
   * and stands in the stored request of its run.
   */
  readonly redact?: readonly string[] | undefined;
  /**
   * Whether events are stored with their payload. With `"none"` they can not be replayed, and neither `events.get` nor explanations show
   * values of them.
   * @default "full"
   */
  readonly recordPayload?: "full" | "none" | undefined;
  /** How long things are kept; applied by `maintain()`. */
  readonly retention?:
    | {
        /** Payloads and decisions. @default "30d" */
        readonly payloads?: Duration | undefined;
        /** That an event was received; a redelivery after that is a new event. @default "90d" */
        readonly events?: Duration | undefined;
      }
    | undefined;
  /** How long after its start inline dispatch may keep the answer waiting; what is left goes on. @default "4.5s" */
  readonly deadline?: Duration | undefined;
  /** Time limit of one attempt. @default "10s" */
  readonly runTimeout?: Duration | undefined;
  /** Time limit of one storage call. @default "10s" */
  readonly storageTimeout?: Duration | undefined;
  /** How long a process owns a run it dispatches; longer than `runTimeout`. @default "60s" */
  readonly lease?: Duration | undefined;
  /** Runs that this process dispatches at the same time. @default 50 */
  readonly concurrency?: number | undefined;
  /** Payloads that this process handles at the same time; more are refused with `OVERLOADED`, and a webhook answers 503. @default 500 */
  readonly maxPayloads?: number | undefined;
  /** Attempts until a run is given up. @default 20 */
  readonly maxAttempts?: number | undefined;
  /** How long it may take until a switch made in another process is seen in this one. @default "5s" */
  readonly overridesTtl?: Duration | undefined;
  /** How much a payload and an event may hold. */
  readonly limits?: Partial<SegmentLimits> | undefined;
  /** Told of failures, and by webhooks and consoles of the source of what they refuse; pino fits as it is. @default silent */
  readonly logger?: Logger | undefined;
  /** @default the machine's clock */
  readonly clock?: Clock | undefined;
}
