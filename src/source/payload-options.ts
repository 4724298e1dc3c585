import type { WorkflowCancelRequest, WorkflowRunRequest } from "../runner/runner.js";
import type { SegmentEventType } from "../segment/event.js";
import type { TriggerDefinition } from "../triggers/trigger-definition.js";
import type { InEnvironment } from "./in-environment.js";

export interface HandleSegmentPayloadOptions extends InEnvironment {
  /** The type of events that carry none: only where the sender's path says it, as in `/v1/track`. */
  readonly defaultType?: SegmentEventType | undefined;
  /** When the payload arrived. @default now */
  readonly receivedAt?: Date | undefined;
}

export interface PreviewOptions extends HandleSegmentPayloadOptions {
  /** Instead of the source's own. */
  readonly triggers?: readonly TriggerDefinition[] | undefined;
  /** Ids of users who are to count as known, beside those of storage. */
  readonly users?: readonly string[] | undefined;
  /** Told of each run that would be started or canceled, event by event, before the promise resolves. */
  readonly onRequest?: ((previewed: PreviewedRequest) => void) | undefined;
}

/** What the runner would be asked to do for a trigger. */
export interface PreviewedRequest {
  readonly messageId: string;
  readonly trigger: string;
  /** With `expand: true` the groups stand among the recipients: who their members are is found out when it is sent. */
  readonly request: WorkflowRunRequest | WorkflowCancelRequest;
}
