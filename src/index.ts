export type { Clock } from "./core/clock.js";
export type { Duration } from "./core/duration.js";
export type { BellwireErrorCode, BellwireErrorOptions } from "./core/errors.js";
export { BellwireError } from "./core/errors.js";
export type { JsonObject, JsonValue } from "./core/json.js";
export type { Logger } from "./core/logger.js";
export type { EventReason, RecipientReason, TriggerReason } from "./core/reasons.js";
export type { WebhookHandler } from "./http/webhook-handler.js";
export { createWebhookHandler } from "./http/webhook-handler.js";
export type { WebhookOptions } from "./http/webhook-options.js";
export type { WebhookBody, WebhookRequest, WebhookResponse } from "./http/webhook-request.js";
export type { LiteralDirective, PathDirective, TemplateDirective } from "./mapping/mapping-value.js";
export type { EventDecision, RecipientDecision, TriggerDecision, UserDecision } from "./outcome/decision.js";
export type { FormatExplanationOptions } from "./outcome/format-explanation.js";
export { formatExplanation } from "./outcome/format-explanation.js";
export { mentionsUser } from "./outcome/mentions.js";
export type {
  EventOutcome,
  EventStatus,
  GroupOutcome,
  OutcomeDetail,
  PayloadResult,
  RecipientOutcome,
  RunOutcome,
  TriggerOutcome,
  TriggerStatus,
  UserOutcome,
} from "./outcome/outcome.js";
export type { ComparisonTrace, ConditionTrace, PathTrace, TriggerTrace } from "./outcome/trace.js";
export { forgetRecipient, namesRecipient } from "./recipients/forget-recipient.js";
export type { InlineUser, ObjectReference, Recipient, RecipientKey } from "./recipients/recipient.js";
export type { CombineRunnersOptions } from "./runner/combine-runners.js";
export { combineRunners } from "./runner/combine-runners.js";
export type { FunctionRunnerOptions, WorkflowFunction } from "./runner/function-runner.js";
export { functionRunner } from "./runner/function-runner.js";
export type {
  ForgetRequest,
  IdentifyRequest,
  RefusableField,
  RunContext,
  RunnerCapabilities,
  StartedRun,
  WorkflowCancelRequest,
  WorkflowRun,
  WorkflowRunner,
  WorkflowRunRequest,
} from "./runner/runner.js";
export type { RunnerFailureKind } from "./runner/runner-error.js";
export { runnerError } from "./runner/runner-error.js";
export type { SegmentEvent, SegmentEventType } from "./segment/event.js";
export type { SegmentLimits } from "./segment/limits.js";
export type {
  CompareTriggersOptions,
  TriggerComparison,
  TriggerDifference,
  TriggerVerdict,
} from "./source/compare-triggers.js";
export { compareTriggers } from "./source/compare-triggers.js";
export { createSegmentSource } from "./source/create-segment-source.js";
export type { FieldDifference } from "./source/differ-in-fields.js";
export type { FormatComparisonOptions } from "./source/format-comparison.js";
export { formatComparison } from "./source/format-comparison.js";
export type { ChangedBy, InEnvironment } from "./source/in-environment.js";
export type { InferEventsOptions } from "./source/infer-events.js";
export { inferEvents } from "./source/infer-events.js";
export type { HandleSegmentPayloadOptions, PreviewedRequest, PreviewOptions } from "./source/payload-options.js";
export type { PreviewSegmentPayloadOptions } from "./source/preview-segment-payload.js";
export { previewSegmentPayload } from "./source/preview-segment-payload.js";
export type {
  EnvironmentSettings,
  ListEventsOptions,
  ListUsersOptions,
  MaintainResult,
  RecordedEvent,
  RecoverResult,
  ReplayOptions,
  ReplayProgress,
  ReplayResult,
  SaveOptions,
  SegmentSource,
  SegmentSourceEnvironments,
  SegmentSourceEventLog,
  SegmentSourceTriggers,
  SegmentSourceUsers,
  StartOptions,
  TimelineOptions,
  TriggerListing,
  TriggerState,
} from "./source/segment-source.js";
export type { ListAuditOptions, SegmentSourceAudit } from "./source/segment-source-audit.js";
export type { ListMembersOptions, SegmentSourceGroups } from "./source/segment-source-groups.js";
export type { ListRunsOptions, SegmentSourceRuns } from "./source/segment-source-runs.js";
export type { InSource, SegmentSourceEvents } from "./source/source-events.js";
export type { EnvironmentCredentials, EnvironmentOptions, SegmentSourceOptions } from "./source/source-options.js";
export type { AuditAction, AuditEntry, AuditStore, ListAuditParams } from "./storage/audit-store.js";
export type { EventNameCount } from "./storage/event-name-count.js";
export type { EventSearch } from "./storage/event-search.js";
export type { GroupStore, GroupUpdate, ListMembersParams, UpdateGroupsParams } from "./storage/group-store.js";
export type { MemoryStorageOptions } from "./storage/memory-storage.js";
export { memoryStorage } from "./storage/memory-storage.js";
export type { Page } from "./storage/page.js";
export type { EraseMentionsParams, PurgeParams } from "./storage/retention.js";
export type { RunChange } from "./storage/run-decision.js";
export { runDecisions } from "./storage/run-decision.js";
export type {
  ClaimedRun,
  DecideParams,
  DecideResult,
  ExpandedMembers,
  ExpandParams,
  ExpandResult,
  ListRunsParams,
  NewRun,
  RunAction,
  RunDecision,
  RunHold,
  RunRecord,
  RunResult,
  RunStatus,
  RunStore,
  WakeParams,
} from "./storage/run-store.js";
export type { Abortable, SourceScope } from "./storage/scope.js";
export type {
  EventRecord,
  EventStore,
  FullStorage,
  ListEventsParams,
  NewEvent,
  RecordedEventStatus,
  RecordParams,
  RecordResult,
  RecordStatus,
  Storage,
} from "./storage/storage.js";
export type { TimelineBucket, TimelineParams } from "./storage/timeline.js";
export type {
  EnvironmentOverride,
  SourceOverrides,
  StoredTrigger,
  TriggerOverride,
  TriggerStore,
} from "./storage/trigger-store.js";
export type {
  DeleteUserParams,
  ListUsersParams,
  MergeUsersParams,
  UserMerge,
  UserStore,
  UserUpdate,
  VisitorUpdate,
} from "./storage/user-store.js";
export type { EventDefinition } from "./triggers/define-event.js";
export { defineEvent } from "./triggers/define-event.js";
export { defineTrigger } from "./triggers/define-trigger.js";
export type { WorkflowDefinition } from "./triggers/define-workflow.js";
export { defineWorkflow } from "./triggers/define-workflow.js";
export type { EventContext, EventPath, TypedSegmentEvent } from "./triggers/event-path.js";
export type { SchemaIssue, SchemaResult, StandardSchema } from "./triggers/standard-schema.js";
export type { FunctionsOfTriggersAreSynchronous, ReturnedByField, Synchronous } from "./triggers/synchronous.js";
export type {
  Comparison,
  Condition,
  EventFunction,
  EventSelector,
  FieldMapping,
  Operator,
  TriggerCancel,
  TriggerDefinition,
  TriggerEvent,
  TriggerOptions,
  TriggerRun,
} from "./triggers/trigger-definition.js";
export type { Unidentified } from "./triggers/unidentified.js";
export type { Group, GroupChange, MembershipChange } from "./users/group.js";
export { applyGroupChange, isLaterMembership, toGroup } from "./users/group.js";
export type { MappedAttribute } from "./users/identity.js";
export type { User, UserAttributes, UserChange, UserHistoryEntry, VisitorChange } from "./users/user.js";
export type { Register, UserRegisters } from "./users/user-registers.js";
export {
  applyUserChange,
  emptyRegisters,
  firstRegisters,
  mergeRegisters,
  registersAfter,
  toUser,
} from "./users/user-registers.js";
