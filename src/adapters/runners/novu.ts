import type { BellwireError } from "../../core/errors.js";
import type { JsonObject, JsonValue } from "../../core/json.js";
import {
  checkOptions,
  flag,
  handle,
  milliseconds,
  number,
  type OptionChecks,
  oneOf,
} from "../../mapping/option-checks.js";
import type { Recipient } from "../../recipients/recipient.js";
import { isObjectReference } from "../../recipients/recipient-key.js";
import type { RunContext, WorkflowRunner, WorkflowRunRequest } from "../../runner/runner.js";
import { runnerError } from "../../runner/runner-error.js";
import type { User } from "../../users/user.js";
import { askEngine, forgetEach, safeText, withinTime } from "./engine-failure.js";

export interface NovuRequestOptions {
  readonly retries: { readonly strategy: "none" };
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

export interface NovuSubscriber {
  subscriberId: string;
  firstName?: string;
  email?: string;
  phone?: string;
  avatar?: string;
  locale?: string;
  timezone?: string;
  data?: { [member: string]: JsonValue };
}

export type NovuRecipient = string | NovuSubscriber | { type: "Topic"; topicKey: string };

/** The part of `new Novu()` of `@novu/api` (3.x) that is used. */
export interface NovuClient {
  trigger(
    event: {
      workflowId: string;
      to: NovuRecipient[];
      payload: { [member: string]: JsonValue };
      transactionId: string;
      actor?: string | NovuSubscriber;
      tenant?: string | { identifier: string; name?: string; data?: { [member: string]: JsonValue } };
    },
    idempotencyKey: string,
    options: NovuRequestOptions,
  ): Promise<{ readonly result: NovuAnswer }>;
  cancel(transactionId: string, idempotencyKey: string, options: NovuRequestOptions): Promise<unknown>;
  readonly subscribers: {
    delete(subscriberId: string, idempotencyKey: string | undefined, options: NovuRequestOptions): Promise<unknown>;
    createBulk(
      body: { subscribers: NovuSubscriber[] },
      idempotencyKey: string | undefined,
      options: NovuRequestOptions,
    ): Promise<{ readonly result: { readonly failed: readonly { readonly message?: string | undefined }[] } }>;
  };
}

export interface NovuAnswer {
  readonly acknowledged: boolean;
  readonly status: string;
  readonly error?: readonly string[] | undefined;
  readonly transactionId?: string | undefined;
}

export interface NovuRunnerOptions {
  readonly client: NovuClient;
  /** Time limit of one request, in milliseconds. The source's `runTimeout` holds as well. @default 10,000 */
  readonly timeoutMs?: number | undefined;
  /** How long Novu remembers a transaction id: by its plan. Milliseconds. @default 24 hours */
  readonly idempotencyWindowMs?: number | undefined;
  /**
   * Novu cancels by transaction id only. With `"transactionId"` a run's cancellation key is its transaction id: runs can be
   * canceled, and Novu takes a second run with the same cancellation key, or a second chunk of recipients, for a repetition.
   * @default triggers with a cancellation key are refused
   */
  readonly cancellation?: "transactionId" | undefined;
  /** Whether identify events are passed on to Novu as subscribers. @default true */
  readonly identify?: boolean | undefined;
}

const novuChecks: OptionChecks<NovuRunnerOptions> = {
  client: handle(["trigger"], "the client of @novu/api: new Novu({ secretKey })"),
  timeoutMs: milliseconds,
  idempotencyWindowMs: number,
  cancellation: oneOf("transactionId"),
  identify: flag,
};

/**
 * Starts workflow runs at Novu. Objects of the collection `topics` are Novu's topics; it has no place for other objects.
 * @throws `CONFIG_INVALID`
 */
export function novuRunner(options: NovuRunnerOptions): WorkflowRunner {
  checkOptions(options, novuChecks, { at: "novuRunner: ", required: ["client"] });
  const { client, timeoutMs = 10_000, idempotencyWindowMs = 24 * 60 * 60 * 1_000, identify = true } = options;
  const cancels = options.cancellation === "transactionId";
  const call = (signal: AbortSignal) => ({
    retries: { strategy: "none" as const },
    timeoutMs,
    // With a signal the client forgets its own time limit.
    signal: withinTime(signal, timeoutMs),
  });
  const ask = <Answer>(request: () => PromiseLike<Answer>) => askEngine("Novu", request);
  const transactionId = ({ cancellationKey }: WorkflowRunRequest, { idempotencyKey }: RunContext) =>
    cancels && cancellationKey !== null ? cancellationKey : idempotencyKey;
  return {
    capabilities: {
      maxRecipients: 100,
      idempotencyWindowMs,
      tenantTraits: true,
      ...(!cancels && {
        refuses: {
          cancellationKey: 'Novu cancels by transaction id; see novuRunner({ cancellation: "transactionId" }).',
        },
      }),
    },
    async trigger(request, context) {
      return ask(async () => {
        const event = { ...toEvent(request), transactionId: transactionId(request, context) };
        const { result } = await client.trigger(event, context.idempotencyKey, call(context.signal));
        return { workflowRunId: accepted(result) };
      });
    },
    ...(cancels && {
      cancel: async ({ cancellationKey, recipients }, { idempotencyKey, signal }) => {
        if (recipients !== null) throw runnerError("permanent", "Novu cancels for all recipients; map none.");
        await ask(() => client.cancel(cancellationKey, idempotencyKey, call(signal)));
      },
    }),
    ...(identify && {
      identify: async ({ users, signal }) => {
        const body = { subscribers: users.map(toSubscriber) };
        const { result } = await ask(() => client.subscribers.createBulk(body, undefined, call(signal)));
        failForAny(result.failed);
      },
      forget: ({ userIds, signal }) =>
        forgetEach("Novu", userIds, (userId) => client.subscribers.delete(userId, undefined, call(signal))),
    }),
  };
}

/** Novu answers 201 also to what it refuses. */
function accepted(result: NovuAnswer): string | null {
  if (result.acknowledged && result.status === "processed") return result.transactionId ?? null;
  const why = result.error === undefined ? "" : `: ${safeText(result.error.join("; "))}`;
  throw runnerError("permanent", `Novu did not take the run (${safeText(result.status)})${why}`);
}

/** Novu answers 201 also where it took none of the users. */
function failForAny(failed: readonly { readonly message?: string | undefined }[]): void {
  const [first] = failed;
  if (first === undefined) return;
  const why = first.message === undefined ? "" : `: ${safeText(first.message)}`;
  throw runnerError("permanent", `Novu did not take ${failed.length} of the users${why}`);
}

function toEvent({ workflow, recipients, actor, tenant, data }: WorkflowRunRequest) {
  return {
    workflowId: workflow,
    to: recipients.map(toRecipient),
    payload: data,
    ...(actor !== null && { actor: toActor(actor) }),
    ...(tenant !== null && { tenant: typeof tenant === "string" ? tenant : toTenant(tenant) }),
  };
}

function toRecipient(recipient: Recipient): NovuRecipient {
  if (typeof recipient === "string") return recipient;
  if (!isObjectReference(recipient)) return inlineSubscriber(recipient);
  if (recipient.collection === "topics") return { type: "Topic", topicKey: recipient.id };
  throw noPlace(`objects of the collection "${safeText(recipient.collection)}"; it has topics`);
}

function toActor(actor: Recipient): string | NovuSubscriber {
  if (typeof actor === "string") return actor;
  if (isObjectReference(actor)) throw noPlace("an actor that is an object");
  return inlineSubscriber(actor);
}

function toTenant({ id, name, ...data }: JsonObject) {
  return { identifier: String(id), ...(typeof name === "string" && { name }), data };
}

const texts = ["firstName", "lastName", "email", "avatar", "locale", "timezone"] as const;

function inlineSubscriber(inline: Exclude<Recipient, string>): NovuSubscriber {
  const { id, name, phone, phoneNumber, phone_number, ...rest } = inline;
  if (Object.hasOwn(rest, "$trigger_data")) throw noPlace("$trigger_data of a recipient; map it into data");
  const number = phoneNumber ?? phone_number ?? phone;
  const known = texts.filter((field) => typeof rest[field] === "string");
  const others = Object.entries(rest).filter(([member]) => !known.some((field) => field === member));
  return {
    ...(typeof name === "string" && { firstName: name }),
    ...Object.fromEntries(known.map((field) => [field, rest[field]])),
    ...(typeof number === "string" && { phone: number }),
    ...(others.length > 0 && { data: Object.fromEntries(others) }),
    subscriberId: id,
  };
}

function toSubscriber(user: User): NovuSubscriber {
  const { firstName = user.name, lastName, ...others } = user.properties;
  const data = { ...others, ...(user.createdAt !== null && { createdAt: user.createdAt.toISOString() }) };
  return {
    ...(typeof firstName === "string" && { firstName }),
    ...(typeof lastName === "string" && { lastName }),
    ...(user.email !== null && { email: user.email }),
    ...(user.phoneNumber !== null && { phone: user.phoneNumber }),
    ...(user.avatar !== null && { avatar: user.avatar }),
    ...(user.locale !== null && { locale: user.locale }),
    ...(user.timezone !== null && { timezone: user.timezone }),
    ...(Object.keys(data).length > 0 && { data }),
    subscriberId: user.id,
  };
}

function noPlace(what: string): BellwireError {
  return runnerError("permanent", `Novu has no place for ${what}.`);
}
