import type { BellwireError } from "../../core/errors.js";
import type { JsonValue } from "../../core/json.js";
import { callback, checkOptions, handle, type OptionChecks } from "../../mapping/option-checks.js";
import type { RunContext, WorkflowRunner, WorkflowRunRequest } from "../../runner/runner.js";
import { engineFailure, failureOfStatus } from "./engine-failure.js";

export interface InngestEvent {
  name: string;
  data: { [member: string]: JsonValue };
  id: string;
}

/** The part of `new Inngest()` of `inngest` (4.x) that is used. */
export interface InngestClient {
  send(payload: InngestEvent | InngestEvent[]): Promise<{ readonly ids: readonly string[] }>;
}

export interface InngestRunnerOptions {
  readonly client: InngestClient;
  /** The name of the event that starts a workflow. @default the workflow's name */
  readonly eventName?: ((workflow: string) => string) | undefined;
  /** The name of the event that cancels, for `cancelOn` of the function. @default `${eventName(workflow)}.canceled` */
  readonly cancelEventName?: ((workflow: string) => string) | undefined;
}

const inngestChecks: OptionChecks<InngestRunnerOptions> = {
  client: handle(["send"], 'the client of inngest: new Inngest({ id: "my-app" })'),
  eventName: callback,
  cancelEventName: callback,
};

/** Inngest drops a second event of the same id for 24 hours. */
const idempotencyWindowMs = 24 * 60 * 60 * 1_000;

/**
 * Starts Inngest functions: a run is one event, with `{ recipients, actor, tenant, data, cancellationKey }` for its data and the
 * idempotency key for its id. A cancel is an event too, with the `cancellationKey` that `cancelOn: [{ event, match:
 * "data.cancellationKey" }]` compares.
 * @throws `CONFIG_INVALID`
 */
export function inngestRunner(options: InngestRunnerOptions): WorkflowRunner {
  checkOptions(options, inngestChecks, { at: "inngestRunner: ", required: ["client"] });
  const { client, eventName = (workflow) => workflow } = options;
  const { cancelEventName = (workflow) => `${eventName(workflow)}.canceled` } = options;
  const toEvent = (request: WorkflowRunRequest, { idempotencyKey }: RunContext): InngestEvent => {
    const { recipients, actor, tenant, data, cancellationKey } = request;
    return {
      name: eventName(request.workflow),
      id: idempotencyKey,
      data: { recipients, actor, tenant, data, cancellationKey },
    };
  };
  const send = async (payload: InngestEvent | InngestEvent[]): Promise<readonly string[]> => {
    try {
      return (await client.send(payload)).ids;
    } catch (error) {
      throw toFailure(error);
    }
  };
  return {
    capabilities: { maxRecipients: 1_000, idempotencyWindowMs },
    async trigger(request, context) {
      const [id = null] = await send(toEvent(request, context));
      return { workflowRunId: id };
    },
    async cancel({ workflow, cancellationKey, recipients }, { idempotencyKey }) {
      await send({ name: cancelEventName(workflow), id: idempotencyKey, data: { cancellationKey, recipients } });
    },
  };
}

/** The client tells the status only in its message. */
function toFailure(error: unknown): BellwireError {
  const message = error instanceof Error ? error.message : "";
  const [, status, words] = /^Inngest API Error: (\d{3})\b(.*)/s.exec(message) ?? [];
  if (status === undefined) return engineFailure("Inngest", error);
  return failureOfStatus({ engine: "Inngest", status: Number(status), message: words, cause: error });
}
