import type { BellwireError } from "../../core/errors.js";
import { isJsonObject, type JsonValue } from "../../core/json.js";
import { checkOptions, flag, handle, milliseconds, type OptionChecks, oneOf } from "../../mapping/option-checks.js";
import type { Recipient } from "../../recipients/recipient.js";
import { isObjectReference } from "../../recipients/recipient-key.js";
import type { RunContext, WorkflowRunner, WorkflowRunRequest } from "../../runner/runner.js";
import { classifyRunnerFailure, runnerError } from "../../runner/runner-error.js";
import type { User } from "../../users/user.js";
import { askEngine, engineFailure, forgetEach, safeText, startedRun, withinTime } from "./engine-failure.js";

export interface CourierRequestOptions {
  readonly headers?: { readonly "Idempotency-Key": string };
  readonly maxRetries: number;
  readonly timeout: number;
  readonly signal: AbortSignal;
}

export interface CourierUser {
  user_id: string;
  email?: string;
  phone_number?: string;
  locale?: string;
  data?: { [member: string]: JsonValue };
}

export type CourierRecipient = CourierUser | { list_id: string } | { audience_id: string };

/** The part of `new Courier()` of `@trycourier/courier` (7.x) that is used. */
export interface CourierClient {
  readonly send: {
    message(
      body: {
        message: {
          to: CourierRecipient[];
          template: string;
          data: { [member: string]: unknown };
          context?: { tenant_id: string };
        };
      },
      options: CourierRequestOptions,
    ): PromiseLike<{ readonly requestId: string }>;
  };
  readonly profiles: {
    delete(userId: string, options: CourierRequestOptions): PromiseLike<unknown>;
    create(
      userId: string,
      body: { profile: { [member: string]: unknown } },
      options: CourierRequestOptions,
    ): PromiseLike<unknown>;
  };
}

export interface CourierRunnerOptions {
  readonly client: CourierClient;
  /** Time limit of one request, in milliseconds. The source's `runTimeout` holds as well. @default 10,000 */
  readonly timeoutMs?: number | undefined;
  /**
   * Courier remembers a 500 and repeats it for the same key, for 24 hours. `"fail"` gives the run up, for a person to look at;
   * `"newKey"` sends a further attempt under a new key once Courier has answered 500 to those before it, at the risk of a message sent
   * twice where such an answer was wrong. An attempt whose end is unknown is repeated under the same key.
   * @default "fail"
   */
  readonly onServerError?: "fail" | "newKey" | undefined;
  /** Whether identify events are passed on to Courier as profiles, one request for each user. @default true */
  readonly identify?: boolean | undefined;
}

const courierChecks: OptionChecks<CourierRunnerOptions> = {
  client: handle(["send"], "the client of @trycourier/courier: new Courier({ apiKey })"),
  timeoutMs: milliseconds,
  onServerError: oneOf("fail", "newKey"),
  identify: flag,
};

const idempotencyWindowMs = 24 * 60 * 60 * 1_000;
const atOnce = 5;

/**
 * Sends messages through Courier; a workflow is the id of a template. Objects of the collections `lists` and `audiences` are
 * Courier's; it has no place for others. `$trigger_data` of an inline user is that recipient's own data.
 * @throws `CONFIG_INVALID`
 */
export function courierRunner(options: CourierRunnerOptions): WorkflowRunner {
  checkOptions(options, courierChecks, { at: "courierRunner: ", required: ["client"] });
  const { client, timeoutMs = 10_000, onServerError = "fail", identify = true } = options;
  const call = (signal: AbortSignal) => ({ maxRetries: 0, timeout: timeoutMs, signal: withinTime(signal, timeoutMs) });
  const send = (request: WorkflowRunRequest, { signal }: RunContext, key: string) =>
    // The client's idempotencyKey option is never sent.
    client.send.message({ message: toMessage(request) }, { ...call(signal), headers: { "Idempotency-Key": key } });
  const sendUnderNewKeys = async (request: WorkflowRunRequest, context: RunContext, nth = 1) => {
    const { idempotencyKey, attempt } = context;
    try {
      return await send(request, context, nth === 1 ? idempotencyKey : `${idempotencyKey}-${nth}`);
    } catch (error) {
      if (!isServerError(error) || nth >= attempt) throw error;
    }
    // What an earlier attempt was answered is what Courier answers for its key; only the last key is new.
    return sendUnderNewKeys(request, context, nth + 1);
  };
  return {
    capabilities: {
      maxRecipients: 100,
      idempotencyWindowMs,
      refuses: {
        actor: "Courier has none; map it into data.",
        cancellationKey: "Courier cancels single messages only.",
      },
    },
    async trigger(request, context) {
      try {
        const sent = await (onServerError === "newKey"
          ? sendUnderNewKeys(request, context)
          : send(request, context, context.idempotencyKey));
        return startedRun("Courier", sent, "requestId");
      } catch (error) {
        throw onServerError === "fail" ? withoutStoredAnswers(error) : engineFailure("Courier", error);
      }
    },
    ...(identify && {
      identify: async ({ users, signal }) => {
        const tell = (user: User) =>
          askEngine("Courier", () => client.profiles.create(user.id, { profile: toProfile(user) }, call(signal)));
        const told: PromiseSettledResult<unknown>[] = [];
        for (let from = 0; from < users.length; from += atOnce) {
          told.push(...(await Promise.allSettled(users.slice(from, from + atOnce).map(tell))));
        }
        failFor(told);
      },
      forget: ({ userIds, signal }) =>
        forgetEach("Courier", userIds, (userId) => client.profiles.delete(userId, call(signal))),
    }),
  };
}

/** @throws of what failed one that is worth another try, where there is one: those that are refused are so again then */
function failFor(told: readonly PromiseSettledResult<unknown>[]): void {
  const failures = told.flatMap((one) => (one.status === "rejected" ? [engineFailure("Courier", one.reason)] : []));
  const failure = failures.find(({ retryable }) => retryable) ?? failures[0];
  if (failure !== undefined) throw failure;
}

function withoutStoredAnswers(error: unknown): BellwireError {
  const failure = engineFailure("Courier", error);
  if (!isServerError(error) || classifyRunnerFailure(failure).kind === "permanent") return failure;
  const message = `${failure.message}. Courier repeats this answer for the same key: look at its log, and replay the event under a new key.`;
  return runnerError("permanent", message, { cause: error });
}

function isServerError(error: unknown): boolean {
  return typeof error === "object" && error !== null && Reflect.get(error, "status") === 500;
}

function toMessage({ workflow, recipients, tenant, data }: WorkflowRunRequest) {
  const tenantId = typeof tenant === "string" ? tenant : tenant?.["id"];
  return {
    to: recipients.map(toRecipient),
    template: workflow,
    data,
    ...(typeof tenantId === "string" && { context: { tenant_id: tenantId } }),
  };
}

function toRecipient(recipient: Recipient): CourierRecipient {
  if (typeof recipient === "string") return { user_id: recipient };
  if (isObjectReference(recipient)) return toGroup(recipient.collection, recipient.id);
  const { id, email, phone, phoneNumber, phone_number, locale, $trigger_data: data } = recipient;
  const number = phoneNumber ?? phone_number ?? phone;
  return {
    user_id: id,
    ...(typeof email === "string" && { email }),
    ...(typeof number === "string" && { phone_number: number }),
    ...(typeof locale === "string" && { locale }),
    ...(data !== undefined && isJsonObject(data) && { data }),
  };
}

function toGroup(collection: string, id: string): CourierRecipient {
  if (collection === "lists") return { list_id: id };
  if (collection === "audiences") return { audience_id: id };
  throw runnerError(
    "permanent",
    `Courier has no place for objects of the collection "${safeText(collection)}"; it has lists and audiences.`,
  );
}

function toProfile(user: User): { [member: string]: unknown } {
  return {
    ...user.properties,
    ...(user.email !== null && { email: user.email }),
    ...(user.phoneNumber !== null && { phone_number: user.phoneNumber }),
    ...(user.name !== null && { name: user.name }),
    ...(user.locale !== null && { locale: user.locale }),
    ...(user.timezone !== null && { zoneinfo: user.timezone }),
    ...(user.avatar !== null && { picture: user.avatar }),
    ...(user.createdAt !== null && { created_at: user.createdAt.toISOString() }),
  };
}
