import type { JsonObject, JsonValue } from "../../core/json.js";
import { checkOptions, flag, handle, milliseconds, type OptionChecks } from "../../mapping/option-checks.js";
import type { Recipient } from "../../recipients/recipient.js";
import { isInlineUser, recipientKey } from "../../recipients/recipient-key.js";
import type { WorkflowCancelRequest, WorkflowRunner, WorkflowRunRequest } from "../../runner/runner.js";
import type { User } from "../../users/user.js";
import { askEngine, forgetEach, startedRun, withinTime } from "./engine-failure.js";

export interface KnockRequestOptions {
  readonly idempotencyKey?: string;
  readonly maxRetries: number;
  readonly timeout: number;
  readonly signal: AbortSignal;
}

export type KnockRecipient = string | { id: string; [member: string]: JsonValue };
export type KnockReference = string | { collection: string; id: string };

/** The part of `new Knock()` of `@knocklabs/node` (1.x) that is used. */
export interface KnockClient {
  readonly workflows: {
    trigger(
      key: string,
      body: {
        recipients: KnockRecipient[];
        actor?: KnockRecipient;
        cancellation_key?: string;
        data?: { [member: string]: unknown };
        tenant?: KnockRecipient;
      },
      options: KnockRequestOptions,
    ): PromiseLike<{ readonly workflow_run_id: string }>;
    cancel(
      key: string,
      body: { cancellation_key: string; recipients?: KnockReference[] },
      options: KnockRequestOptions,
    ): PromiseLike<unknown>;
  };
  readonly users: {
    delete(userId: string, options: KnockRequestOptions): PromiseLike<unknown>;
    readonly bulk: {
      identify(
        body: { users: { id: string; [member: string]: JsonValue }[] },
        options: KnockRequestOptions,
      ): PromiseLike<unknown>;
    };
  };
}

export interface KnockRunnerOptions {
  readonly client: KnockClient;
  /** Time limit of one request, in milliseconds. The source's `runTimeout` holds as well. @default 10,000 */
  readonly timeoutMs?: number | undefined;
  /** Whether identify events are passed on to Knock. @default true */
  readonly identify?: boolean | undefined;
}

/** Knock answers a key that it knows with the run that it started, for 24 hours. */
const idempotencyWindowMs = 24 * 60 * 60 * 1_000;

const knockChecks: OptionChecks<KnockRunnerOptions> = {
  client: handle(["workflows"], "the client of @knocklabs/node: new Knock({ apiKey })"),
  timeoutMs: milliseconds,
  identify: flag,
};

/**
 * Starts workflow runs at Knock, cancels them, and keeps Knock's users up to date.
 * @throws `CONFIG_INVALID`
 */
export function knockRunner(given: KnockRunnerOptions): WorkflowRunner {
  checkOptions(given, knockChecks, { at: "knockRunner: ", required: ["client"] });
  const { client, timeoutMs = 10_000, identify = true } = given;
  const options = (signal: AbortSignal) => ({
    maxRetries: 0,
    timeout: timeoutMs,
    signal: withinTime(signal, timeoutMs),
  });
  const ask = <Answer>(call: () => PromiseLike<Answer>) => askEngine("Knock", call);
  return {
    capabilities: { maxRecipients: 1_000, idempotencyWindowMs, tenantTraits: true },
    async trigger(request, { idempotencyKey, signal }) {
      const call = { ...options(signal), idempotencyKey };
      return ask(async () => {
        const started = await client.workflows.trigger(request.workflow, toTrigger(request), call);
        return startedRun("Knock", started, "workflow_run_id");
      });
    },
    async cancel(request, { idempotencyKey, signal }) {
      const call = { ...options(signal), idempotencyKey };
      await ask(() => client.workflows.cancel(request.workflow, toCancel(request), call));
    },
    ...(identify && {
      identify: async ({ users, signal }) => {
        await ask(() => client.users.bulk.identify({ users: users.map(toKnockUser) }, options(signal)));
      },
      forget: ({ userIds, signal }) =>
        forgetEach("Knock", userIds, (userId) => client.users.delete(userId, options(signal))),
    }),
  };
}

function toTrigger({ recipients, actor, cancellationKey, data, tenant }: WorkflowRunRequest) {
  return {
    recipients: recipients.map(toRecipient),
    ...(actor !== null && { actor: toRecipient(actor) }),
    ...(cancellationKey !== null && { cancellation_key: cancellationKey }),
    data,
    ...(tenant !== null && { tenant: typeof tenant === "string" ? tenant : withId(tenant) }),
  };
}

function toCancel({ cancellationKey, recipients }: WorkflowCancelRequest) {
  return {
    cancellation_key: cancellationKey,
    ...(recipients !== null && { recipients: recipients.map(recipientKey) }),
  };
}

/** Inline users come in Segment's spelling as well as in Knock's. */
function toRecipient(recipient: Recipient): KnockRecipient {
  if (typeof recipient === "string" || !isInlineUser(recipient)) return recipient;
  const { phone, phoneNumber, createdAt, ...rest } = recipient;
  const number = phoneNumber ?? phone;
  return {
    ...(number !== undefined && { phone_number: number }),
    ...(createdAt !== undefined && { created_at: createdAt }),
    ...rest,
  };
}

function withId(tenant: JsonObject): { id: string; [member: string]: JsonValue } {
  return { ...tenant, id: String(tenant["id"]) };
}

/** What is not known is left out: the host may have told Knock by itself. */
function toKnockUser(user: User): { id: string; [member: string]: JsonValue } {
  // Knock takes a user that has a collection for an object.
  const { collection: _collection, ...properties } = user.properties;
  return {
    ...properties,
    ...(user.email !== null && { email: user.email }),
    ...(user.phoneNumber !== null && { phone_number: user.phoneNumber }),
    ...(user.avatar !== null && { avatar: user.avatar }),
    ...(user.name !== null && { name: user.name }),
    ...(user.locale !== null && { locale: user.locale }),
    ...(user.timezone !== null && { timezone: user.timezone }),
    ...(user.createdAt !== null && { created_at: user.createdAt.toISOString() }),
    id: user.id,
  };
}
