import type { JsonObject, JsonValue } from "../core/json.js";
import type { WorkflowRunner, WorkflowRunRequest } from "../runner/runner.js";
import type { ReceivedEvent } from "../segment/event.js";
import type { SourceScope } from "../storage/scope.js";
import type { TriggerRegistry } from "../triggers/trigger-registry.js";
import type { UnidentifiedPolicy } from "../triggers/unidentified.js";
import type { KeyOfRun } from "./idempotency-key.js";
import type { IdentifiedUsers } from "./identify-users.js";

export interface FreezeOptions {
  readonly scope: SourceScope;
  readonly keyOf: KeyOfRun;
  readonly receivedAt: Date;
  readonly runner: WorkflowRunner;
  readonly registry: TriggerRegistry;
  readonly toPayload: (event: JsonObject) => JsonValue;
  readonly identifyEnabled: boolean;
  /** As this payload's own events left them. */
  readonly users: IdentifiedUsers;
  /** What a runner is told of a tenant: where it takes more than the id, what is known of the group. */
  readonly toTenant: (tenant: WorkflowRunRequest["tenant"], workflow: string) => WorkflowRunRequest["tenant"];
  /** The source's word on unknown recipients; a trigger's own goes first. */
  readonly unidentified: UnidentifiedPolicy;
  /** Those of the payload's users who were deleted after the event happened, so that nothing may name them. */
  readonly gone: ReadonlySet<string>;
  /** Whether text and names may be left to be made when storage reads them. */
  readonly isLazy: boolean;
  /** What is kept of an event as it came, where that is one text instead of dozens of objects. */
  readonly textOf: (received: Pick<ReceivedEvent, "event" | "text">) => string | null;
}
