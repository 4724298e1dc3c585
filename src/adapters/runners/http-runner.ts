import { Webhook } from "standardwebhooks";
import { BellwireError, configInvalid } from "../../core/errors.js";
import {
  aboveZeroOrNull,
  callback,
  checkOptions,
  type OptionCheck,
  type OptionChecks,
  object,
  requiredText,
} from "../../mapping/option-checks.js";
import type { RunContext, WorkflowCancelRequest, WorkflowRunner, WorkflowRunRequest } from "../../runner/runner.js";
import { engineFailure, failureOfStatus } from "./engine-failure.js";

export interface HttpRunnerOptions {
  /** Where runs are posted to: one URL, or one for each workflow. */
  readonly url: string | ((workflow: string) => string);
  /** Standard Webhooks secret, `whsec_…` or base64; the receiver verifies with the same one. */
  readonly secret: string;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Recipients in one request; more are split. @default null, no limit */
  readonly maxRecipients?: number | null | undefined;
  /** How long the receiver remembers a `webhook-id`. Milliseconds; `null` when it does not. @default null */
  readonly idempotencyWindowMs?: number | null | undefined;
  /** @default the global fetch */
  readonly fetch?: typeof fetch | undefined;
}

const url: OptionCheck = (value, name) => {
  if (typeof value === "function") return;
  requiredText(value, name);
  if (!URL.canParse(String(value))) throw configInvalid(`${name}: is not a URL.`);
};

const httpChecks: OptionChecks<HttpRunnerOptions> = {
  url,
  secret: requiredText,
  headers: object,
  maxRecipients: aboveZeroOrNull,
  idempotencyWindowMs: aboveZeroOrNull,
  fetch: callback,
};

/**
 * Posts each run as a request signed by Standard Webhooks: `webhook-id` is the idempotency key, `webhook-timestamp` the time of
 * the attempt. The body is `{ "type": "workflow.trigger" | "workflow.cancel", "data": … }`; any 2xx is success, a JSON answer
 * may name the `workflowRunId`.
 *
 * @throws `CONFIG_INVALID` for a URL or secret that is none
 */
export function httpRunner(options: HttpRunnerOptions): WorkflowRunner {
  checkOptions(options, httpChecks, { at: "httpRunner: ", required: ["url", "secret"] });
  const webhook = createWebhook(options.secret);
  const { url, headers = {}, maxRecipients = null, idempotencyWindowMs = null } = options;
  const send = options.fetch ?? fetch;

  const post = async (request: WorkflowRunRequest | WorkflowCancelRequest, context: RunContext): Promise<Response> => {
    const { action, ...data } = request;
    const body = JSON.stringify({ type: `workflow.${action}`, data });
    const now = new Date();
    const response = await send(typeof url === "string" ? url : url(request.workflow), {
      method: "POST",
      body,
      // A redirect would turn the POST into a GET that counts as success.
      redirect: "manual",
      signal: context.signal,
      headers: {
        ...headers,
        "content-type": "application/json",
        "webhook-id": context.idempotencyKey,
        "webhook-timestamp": String(Math.floor(now.getTime() / 1_000)),
        "webhook-signature": webhook.sign(context.idempotencyKey, now, body),
      },
    }).catch((error: unknown) => {
      throw engineFailure("The receiver", error);
    });
    if (response.ok) return response;
    await response.body?.cancel();
    const retryAfter = response.headers.get("retry-after");
    throw failureOfStatus({ engine: "The receiver", status: response.status, retryAfter });
  };

  return {
    capabilities: { maxRecipients, idempotencyWindowMs },
    async trigger(request, context) {
      return { workflowRunId: await runIdOf(await post(request, context)) };
    },
    async cancel(request, context) {
      const response = await post(request, context);
      await response.body?.cancel();
    },
  };
}

const maxAnswerBytes = 64 * 1_024;
const maxAnswerMs = 2_000;

/** The run was taken by now: an answer that cannot be read, or does not end, is no failure. */
async function runIdOf(response: Response): Promise<string | null> {
  try {
    const answer: unknown = JSON.parse(await textOf(response));
    const id: unknown = typeof answer === "object" && answer !== null ? Reflect.get(answer, "workflowRunId") : null;
    return typeof id === "string" ? id : null;
  } catch {
    return null;
  }
}

async function textOf(response: Response): Promise<string> {
  const reader = response.body?.getReader();
  if (reader === undefined) return "";
  const giveUp = () => void reader.cancel().catch(() => undefined);
  const timer = setTimeout(giveUp, maxAnswerMs);
  try {
    const chunks: Uint8Array[] = [];
    for (let bytes = 0; bytes <= maxAnswerBytes; ) {
      const { done, value } = await reader.read();
      if (done) return Buffer.concat(chunks).toString();
      chunks.push(value);
      bytes += value.length;
    }
    giveUp();
    return "";
  } finally {
    clearTimeout(timer);
  }
}

function createWebhook(secret: string): Webhook {
  try {
    return new Webhook(secret);
  } catch (cause) {
    const message = "secret: is no Standard Webhooks secret; it is base64, usually with whsec_ before it.";
    throw new BellwireError({ code: "CONFIG_INVALID", message, cause });
  }
}
