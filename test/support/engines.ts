import Knock from "@knocklabs/node";
import { Novu } from "@novu/api";
import Courier from "@trycourier/courier";
import { courierRunner } from "bellwire/courier";
import { httpRunner } from "bellwire/http-runner";
import { inngestRunner } from "bellwire/inngest";
import { knockRunner } from "bellwire/knock";
import { novuRunner } from "bellwire/novu";
import type { ReceivedCancel, ReceivedRun, RunnerPowers } from "bellwire/testing";
import { Inngest } from "inngest";
import type { WorkflowRunner } from "../../src/runner/runner.js";
import type { EngineReply, EngineRequest } from "./engine-server.js";

/** A vendor: its real client against a server that speaks its HTTP. */
export interface Engine {
  readonly name: string;
  readonly connect: (url: string) => WorkflowRunner;
  readonly reply: (request: EngineRequest) => EngineReply;
  readonly toRun: (request: EngineRequest) => ReceivedRun | null;
  readonly toCancel: (request: EngineRequest) => ReceivedCancel | null;
  readonly toUsers: (request: EngineRequest) => readonly string[];
  readonly powers: RunnerPowers;
  /** Requests that one start of a run makes when the engine is away: Inngest's client tries by itself. */
  readonly hiddenAttempts: number;
}

const idOf = (recipient: unknown): string => {
  if (typeof recipient === "string") return recipient;
  const { id, user_id, subscriberId } = recipient as Record<string, string>;
  return id ?? user_id ?? subscriberId ?? "";
};
const json = (request: EngineRequest) => JSON.parse(request.text);
const header = (request: EngineRequest, name: string) => {
  const value = request.headers[name];
  return typeof value === "string" ? value : null;
};

const knock: Engine = {
  name: "Knock",
  connect: (url) => knockRunner({ client: new Knock({ apiKey: "sk_test", baseURL: url }), timeoutMs: 5_000 }),
  reply: ({ path }) => {
    if (path.endsWith("/cancel")) return { status: 204 };
    return path.endsWith("/identify")
      ? { status: 200, body: { id: "bulk-1", name: "users.identify", status: "queued" } }
      : { status: 200, body: { workflow_run_id: "run-1" } };
  },
  toRun: (request) => {
    const workflow = /^\/v1\/workflows\/(.+)\/trigger$/.exec(request.path)?.[1];
    if (workflow === undefined) return null;
    const { recipients, data } = json(request);
    const idempotencyKey = header(request, "idempotency-key");
    return { workflow, recipients: recipients.map(idOf), idempotencyKey, data, text: request.text };
  },
  toCancel: (request) => {
    const workflow = /^\/v1\/workflows\/(.+)\/cancel$/.exec(request.path)?.[1];
    return workflow === undefined ? null : { workflow, cancellationKey: json(request).cancellation_key };
  },
  toUsers: (request) => {
    if (request.path !== "/v1/users/bulk/identify") return [];
    return json(request).users.map((user: Record<string, unknown>) => {
      // Knock takes a user with a collection for an object.
      if ("collection" in user) throw new Error("an object among the users");
      return user["id"];
    });
  },
  powers: { cancels: true, identifies: true, heedsSignal: true, takesActor: true, takesTenant: true },
  hiddenAttempts: 1,
};

const novu: Engine = {
  name: "Novu",
  connect: (url) =>
    novuRunner({
      client: new Novu({ secretKey: "sk", serverURL: url }),
      timeoutMs: 5_000,
      cancellation: "transactionId",
    }),
  reply: (request) => {
    if (request.method === "DELETE") return { status: 200, body: { data: true } };
    if (request.path === "/v1/subscribers/bulk") {
      return { status: 201, body: { data: { updated: [], created: [], failed: [] } } };
    }
    const { transactionId } = json(request);
    return { status: 201, body: { data: { acknowledged: true, status: "processed", transactionId } } };
  },
  toRun: (request) => {
    if (request.method !== "POST" || request.path !== "/v1/events/trigger") return null;
    const { name, to, payload } = json(request);
    const idempotencyKey = header(request, "idempotency-key");
    return { workflow: name, recipients: to.map(idOf), idempotencyKey, data: payload, text: request.text };
  },
  toCancel: (request) => {
    const cancellationKey = /^\/v1\/events\/trigger\/(.+)$/.exec(request.path)?.[1];
    return cancellationKey === undefined ? null : { workflow: null, cancellationKey };
  },
  toUsers: (request) => (request.path === "/v1/subscribers/bulk" ? json(request).subscribers.map(idOf) : []),
  powers: { cancels: true, identifies: true, heedsSignal: true, takesActor: true, takesTenant: true },
  hiddenAttempts: 1,
};

const courier: Engine = {
  name: "Courier",
  connect: (url) => courierRunner({ client: new Courier({ apiKey: "sk", baseURL: url }), timeoutMs: 5_000 }),
  reply: ({ path }) =>
    path === "/send" ? { status: 202, body: { requestId: "request-1" } } : { status: 200, body: { status: "SUCCESS" } },
  toRun: (request) => {
    if (request.path !== "/send") return null;
    const { message } = json(request);
    return {
      workflow: message.template,
      recipients: message.to.map(idOf),
      idempotencyKey: header(request, "idempotency-key"),
      data: message.data,
      text: request.text,
    };
  },
  toCancel: () => null,
  toUsers: ({ path }) => {
    const id = /^\/profiles\/(.+)$/.exec(path)?.[1];
    return id === undefined ? [] : [decodeURIComponent(id)];
  },
  powers: { identifies: true, heedsSignal: true, takesTenant: true },
  hiddenAttempts: 1,
};

const inngest: Engine = {
  name: "Inngest",
  connect: (url) => inngestRunner({ client: new Inngest({ id: "app", eventKey: "key", baseUrl: url, isDev: false }) }),
  reply: () => ({ status: 200, body: { ids: ["event-1"], status: 200 } }),
  toRun: (request) => {
    const [event] = json(request);
    if (event.name.endsWith(".canceled")) return null;
    const { recipients, data } = event.data;
    return {
      workflow: event.name,
      recipients: recipients.map(idOf),
      idempotencyKey: event.id,
      data,
      text: request.text,
    };
  },
  toCancel: (request) => {
    const [event] = json(request);
    const workflow = /^(.+)\.canceled$/.exec(event.name)?.[1];
    return workflow === undefined ? null : { workflow, cancellationKey: event.data.cancellationKey };
  },
  toUsers: () => [],
  powers: { cancels: true, takesActor: true, takesTenant: true },
  hiddenAttempts: 5,
};

export const httpSecret = `whsec_${Buffer.from("a secret of the receiver").toString("base64")}`;
const http: Engine = {
  name: "The receiver",
  connect: (url) => httpRunner({ url: `${url}/runs`, secret: httpSecret, idempotencyWindowMs: 60_000 }),
  reply: () => ({ status: 200, body: { workflowRunId: "run-1" } }),
  toRun: (request) => {
    const { type, data } = json(request);
    if (type !== "workflow.trigger") return null;
    const idempotencyKey = header(request, "webhook-id");
    const recipients = data.recipients.map(idOf);
    return { workflow: data.workflow, recipients, idempotencyKey, data: data.data, text: request.text };
  },
  toCancel: (request) => {
    const { type, data } = json(request);
    return type === "workflow.cancel" ? data : null;
  },
  toUsers: () => [],
  powers: { cancels: true, heedsSignal: true, takesActor: true, takesTenant: true },
  hiddenAttempts: 1,
};

export const engines: readonly Engine[] = [knock, novu, courier, inngest, http];
