import type { JsonObject, JsonValue } from "../core/json.js";
import type { OutcomeDetail } from "../outcome/outcome.js";
import type { WorkflowRunRequest } from "../runner/runner.js";
import type { SourceScope } from "../storage/scope.js";
import type { UnidentifiedPolicy } from "../triggers/unidentified.js";
import type { KeyOfRun } from "./idempotency-key.js";
import type { IdentifiedEvent } from "./identified-event.js";
import type { EventPlan } from "./plan-event.js";
import type { RunRequest } from "./run-request.js";

export interface FreezeOptions {
  readonly scope: SourceScope;
  readonly keyOf: KeyOfRun;
  readonly receivedAt: Date;
  readonly maxRecipientsOf: (workflow: string) => number | null;
  readonly toPayload: (event: JsonObject) => JsonValue;
  readonly identifyEnabled: boolean;
  /** The id that a user has now, after this payload's own identify events; `null` for a user nobody knows. */
  readonly currentId: (userId: string) => string | null;
  /** Whether that id is only assumed, and to be checked by whoever records the event. */
  readonly isAssumed: (userId: string) => boolean;
  /** What a runner is told of a tenant: where it takes more than the id, what is known of the group. */
  readonly toTenant: (tenant: WorkflowRunRequest["tenant"], workflow: string) => WorkflowRunRequest["tenant"];
  /** The source's word on unknown recipients; a trigger's own goes first. */
  readonly unidentified: UnidentifiedPolicy;
  /** Whether the engine keeps users of its own, which it has to be told of. */
  readonly syncsUsers: boolean;
  /** Whether this payload created the user, without an identify event, because a trigger said so. */
  readonly isCreated: (userId: string) => boolean;
  /** What became of the event's identify. */
  readonly identifiedOf: (plan: EventPlan) => IdentifiedEvent;
  /** Those of the payload's users who were deleted after the event happened, so that nothing may name them. */
  readonly gone: ReadonlySet<string>;
  /** Whether text and names may be left to be made when storage reads them. */
  readonly isLazy: boolean;
  /** Receives each request, so that the first attempt need not parse it again. */
  readonly onRequest: (idempotencyKey: string, request: RunRequest) => void;
  /** Explains an event that no trigger listens to. */
  readonly explainNoMatch: (plan: EventPlan) => OutcomeDetail;
}
