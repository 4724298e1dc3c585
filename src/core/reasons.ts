/** Why an event ended as it did. */
export const eventReasons = [
  "not_an_object",
  "type_missing",
  "type_unknown",
  "event_name_missing",
  "field_invalid",
  "event_too_large",
  "event_too_deep",
  "event_too_many_keys",
  "no_matching_trigger",
  "identify_disabled",
  "no_user_id",
  "no_group_id",
  "said_after_sign_in",
  "alias_unsupported",
  "user_deleted",
  "already_processed",
  "repeated_in_batch",
  "leased_elsewhere",
  "trigger_failed",
] as const;
export type EventReason = (typeof eventReasons)[number];

/** Why a trigger did not run, or why its run did not succeed. */
export const triggerReasons = [
  "trigger_inactive",
  "event_too_old",
  "schema_mismatch",
  "schema_failed",
  "condition_false",
  "condition_failed",
  "path_unresolved",
  "mapping_failed",
  "mapping_invalid",
  "data_mismatch",
  "no_recipients",
  "not_identified",
  "no_cancellation_key",
  "runner_permanent",
  "runner_retryable",
  "attempts_exhausted",
  "idempotency_window_over",
  "dropped",
] as const;
export type TriggerReason = (typeof triggerReasons)[number];

/** Why one recipient of a trigger was not notified. */
export const recipientReasons = ["not_identified", "recipient_invalid", "is_actor"] as const;
export type RecipientReason = (typeof recipientReasons)[number];
