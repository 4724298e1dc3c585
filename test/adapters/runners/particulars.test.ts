import Knock from "@knocklabs/node";
import { Novu } from "@novu/api";
import Courier from "@trycourier/courier";
import {
  combineRunners,
  createSegmentSource,
  defineTrigger,
  functionRunner,
  memoryStorage,
  runnerError,
} from "bellwire";
import { courierRunner } from "bellwire/courier";
import { httpRunner } from "bellwire/http-runner";
import { knockRunner } from "bellwire/knock";
import { novuRunner } from "bellwire/novu";
import { identify, recordingRunner, track } from "bellwire/testing";
import { Webhook } from "standardwebhooks";
import { describe, expect, it } from "vitest";
import { failureOfStatus, parseRetryAfter, safeText } from "../../../src/adapters/runners/engine-failure.js";
import type { WorkflowRunner } from "../../../src/runner/runner.js";
import { classifyRunnerFailure } from "../../../src/runner/runner-error.js";
import { rejection, runContext, runRequest, userNamed } from "../../../src/testing/runner-fixtures.js";
import { type EngineReply, startEngine } from "../../support/engine-server.js";
import { engines, httpSecret } from "../../support/engines.js";

const engineNamed = (name: string) => {
  const engine = engines.find((each) => each.name === name);
  if (engine === undefined) throw new Error(`no engine ${name}`);
  return engine;
};
const on = async (name: string, connect?: (url: string) => WorkflowRunner) => {
  const engine = engineNamed(name);
  const server = await startEngine(engine.reply);
  return { runner: (connect ?? engine.connect)(server.url), server };
};

describe("what Novu acknowledges and refuses all the same", () => {
  it.each([
    ["trigger_not_active", true, "permanent"],
    ["no_workflow_steps_defined", true, "permanent"],
    ["no_tenant_found", true, "permanent"],
    ["invalid_recipients", true, "permanent"],
    ["error", true, "permanent"],
    ["processed", false, "permanent"],
  ])("%s, acknowledged: %s", async (status, acknowledged, kind) => {
    const { runner, server } = await on("Novu");
    server.replyNext({
      status: 201,
      body: { data: { acknowledged, status, error: ["for ada@example.com"], transactionId: "t" } },
    });
    const error = await rejection(runner.trigger(runRequest("new-comment"), runContext("bw_a")));
    expect(classifyRunnerFailure(error).kind).toBe(kind);
    expect(String(error)).toContain(status);
    expect(String(error)).not.toContain("ada@");
    await server.close();
  });
});

describe("what an engine has no place for", () => {
  it.each([
    ["Novu", { recipients: [{ collection: "projects", id: "p-1" }] }, "projects"],
    ["Novu", { recipients: [{ id: "ada", $trigger_data: { a: 1 } }] }, "$trigger_data"],
    ["Novu", { actor: { collection: "projects", id: "p-1" } }, "actor"],
    ["Courier", { recipients: [{ collection: "projects", id: "p-1" }] }, "projects"],
  ])("%s: %j", async (name, members, what) => {
    const { runner, server } = await on(name);
    const error = await rejection(runner.trigger(runRequest("new-comment", members), runContext("bw_a")));
    expect(error).toMatchObject({ code: "RUNNER_PERMANENT", message: expect.stringContaining(what) });
    expect(server.requests).toEqual([]);
    await server.close();
  });

  it.each([
    ["Courier", { actor: "userId" }, "actor"],
    ["Courier", { cancellationKey: "properties.invite" }, "cancellationKey"],
    ["Novu without cancellation", { cancellationKey: "properties.invite" }, "cancellationKey"],
  ])("%s refuses %j when the trigger is registered", (name, members, field) => {
    const runner = name.startsWith("Novu")
      ? novuRunner({ client: new Novu({ secretKey: "sk" }) })
      : courierRunner({ client: new Courier({ apiKey: "sk" }) });
    const triggers = [defineTrigger({ key: "t", event: "E", workflow: "w", recipients: "userId", ...members })];
    expect(() => createSegmentSource({ storage: memoryStorage(), runner, triggers })).toThrow(
      expect.objectContaining({ code: "CONFIG_TRIGGER_INVALID", message: expect.stringContaining(field) }),
    );
  });
});

describe("where each engine expects things", () => {
  const whole = runRequest("new-comment", {
    recipients: [
      "ada",
      { id: "grace", name: "Grace", email: "grace@example.com", phone: "+15550100", $trigger_data: { n: 1 } },
    ],
    tenant: { id: "acme", name: "Acme" },
    actor: { id: "linus", email: "linus@example.com" },
  });
  const { $trigger_data: _own, ...grace } = {
    id: "grace",
    name: "Grace",
    email: "grace@example.com",
    phone: "+15550100",
    $trigger_data: 1,
  };
  it.each([
    [
      "Knock",
      whole,
      {
        recipients: [
          "ada",
          {
            id: "grace",
            name: "Grace",
            email: "grace@example.com",
            phone_number: "+15550100",
            $trigger_data: { n: 1 },
          },
        ],
        actor: { id: "linus", email: "linus@example.com" },
        tenant: { id: "acme", name: "Acme" },
        data: { title: "Hello" },
      },
    ],
    [
      "Novu",
      { ...whole, recipients: ["ada", grace, { collection: "topics", id: "news" }] },
      {
        name: "new-comment",
        to: [
          "ada",
          { subscriberId: "grace", firstName: "Grace", email: "grace@example.com", phone: "+15550100" },
          { type: "Topic", topicKey: "news" },
        ],
        payload: { title: "Hello" },
        actor: { subscriberId: "linus", email: "linus@example.com" },
        tenant: { identifier: "acme", name: "Acme", data: {} },
        transactionId: "bw_a",
      },
    ],
    [
      "Courier",
      {
        ...whole,
        actor: null,
        recipients: [...whole.recipients, { collection: "lists", id: "l" }, { collection: "audiences", id: "a" }],
      },
      {
        message: {
          to: [
            { user_id: "ada" },
            { user_id: "grace", email: "grace@example.com", phone_number: "+15550100", data: { n: 1 } },
            { list_id: "l" },
            { audience_id: "a" },
          ],
          template: "new-comment",
          data: { title: "Hello" },
          context: { tenant_id: "acme" },
        },
      },
    ],
  ])("%s", async (name, request, expected) => {
    const { runner, server } = await on(name);
    await runner.trigger(request, runContext("bw_a"));
    expect(JSON.parse(server.requests[0]?.text ?? "")).toEqual(expected);
    await server.close();
  });

  it.each([
    [
      "Knock",
      {
        users: [
          {
            plan: "pro",
            firstName: "Ada",
            lastName: "Lovelace",
            email: "ada@example.com",
            phone_number: "+1",
            created_at: "2026-01-01T00:00:00.000Z",
            id: "ada",
          },
        ],
      },
    ],
    [
      "Novu",
      {
        subscribers: [
          {
            subscriberId: "ada",
            firstName: "Ada",
            lastName: "Lovelace",
            email: "ada@example.com",
            phone: "+1",
            data: { plan: "pro", createdAt: "2026-01-01T00:00:00.000Z" },
          },
        ],
      },
    ],
    [
      "Courier",
      {
        profile: {
          plan: "pro",
          firstName: "Ada",
          lastName: "Lovelace",
          email: "ada@example.com",
          phone_number: "+1",
          created_at: "2026-01-01T00:00:00.000Z",
        },
      },
    ],
  ])("a user at %s, without what is not known", async (name, expected) => {
    const { runner, server } = await on(name);
    const names = { plan: "pro", firstName: "Ada", lastName: "Lovelace" };
    const user = { ...userNamed("ada", names), phoneNumber: "+1", createdAt: new Date("2026-01-01") };
    await runner.identify?.({ environment: "test", users: [user], signal: new AbortController().signal });
    expect(JSON.parse(server.requests[0]?.text ?? "")).toEqual(expected);
    await server.close();
  });
});

it("Novu refuses users with a 201", async () => {
  const { runner, server } = await on("Novu");
  const failed = [{ message: "ada@example.com is no email", subscriberId: "ada" }];
  server.replyNext({ status: 201, body: { data: { updated: [], created: [], failed } } });
  const { signal } = new AbortController();
  const told = Promise.resolve(runner.identify?.({ environment: "test", users: [userNamed("ada")], signal }));
  expect(await rejection(told)).toMatchObject({
    code: "RUNNER_PERMANENT",
    message: "Novu did not take 1 of the users: …@… is no email",
  });
  await server.close();
});

describe.each<[string, (url: string) => WorkflowRunner]>([
  ["Knock", (url) => knockRunner({ client: new Knock({ apiKey: "sk", baseURL: url }), timeoutMs: 500 })],
  ["Novu", (url) => novuRunner({ client: new Novu({ secretKey: "sk", serverURL: url }), timeoutMs: 500 })],
  ["Courier", (url) => courierRunner({ client: new Courier({ apiKey: "sk", baseURL: url }), timeoutMs: 500 })],
])("%s", (name, connect) => {
  it.each(["silence", "endless"] as const)(
    "is waited for no longer than timeoutMs, and what came of it is unknown: %s",
    async (reply) => {
      const { runner, server } = await on(name, connect);
      server.replyNext(reply);
      const error = await rejection(runner.trigger(runRequest("new-comment"), runContext("bw_a")));
      expect(classifyRunnerFailure(error).kind).toBe("ambiguous");
      expect(server.requests).toHaveLength(1);
      await server.close();
    },
  );
});

it.each(["Knock", "Novu", "Courier"])(
  "an answer without the id of a run is not that of %s, and what came of it is unknown",
  async (name) => {
    const { runner, server } = await on(name);
    const html = { "content-type": "text/html" };
    for (const reply of [
      { status: 200, headers: html, body: "<html>Sign in</html>" },
      { status: 201, headers: html, body: "<html>Sign in</html>" },
      { status: 200, body: { error: "no" } },
      { status: 204 },
    ]) {
      server.replyNext(reply);
      const error = await rejection(runner.trigger(runRequest("new-comment"), runContext("bw_a")));
      expect(classifyRunnerFailure(error).kind).toBe("ambiguous");
    }
    await server.close();
  },
);

it("Courier is told of every user, also where it refuses one; what is worth another try is said first", async () => {
  const { runner, server } = await on("Courier");
  const told = async (...replies: readonly number[]) => {
    server.replyNext(...replies.map((status) => ({ status, body: { message: "no" } })));
    const users = Array.from({ length: 7 }, (_, index) => userNamed(`user-${index}`));
    const { signal } = new AbortController();
    return rejection(Promise.resolve(runner.identify?.({ environment: "test", users, signal })));
  };
  expect(await told(422)).toMatchObject({ code: "RUNNER_PERMANENT" });
  expect(server.requests).toHaveLength(7);
  expect(await told(422, 429)).toMatchObject({ code: "RUNNER_RETRYABLE" });
  expect(server.requests).toHaveLength(14);
  await server.close();
});

describe("Courier remembers a 500 for the same key", () => {
  it("so the run is given up, with what to do", async () => {
    const { runner, server } = await on("Courier");
    server.replyNext({ status: 500, body: { message: "oops" } });
    const error = await rejection(runner.trigger(runRequest("t"), runContext("bw_a")));
    expect(error).toMatchObject({ code: "RUNNER_PERMANENT", message: expect.stringContaining("new key") });
    await server.close();
  });

  const oops = { status: 500, body: { message: "oops" } };
  it.each<[string, readonly (readonly EngineReply[])[], readonly string[]]>([
    ["under a new key", [[oops], [oops]], ["bw_a", "bw_a", "bw_a-2"]],
    ["under the same key where nothing is known", [["reset"], []], ["bw_a", "bw_a"]],
    [
      "under the last key of which nothing is known",
      [[oops], [oops, "reset"], [oops]],
      ["bw_a", "bw_a", "bw_a-2", "bw_a", "bw_a-2"],
    ],
  ])("or sent again, %s", async (_, attempts, keys) => {
    const { runner, server } = await on("Courier", (url) =>
      courierRunner({ client: new Courier({ apiKey: "sk", baseURL: url }), onServerError: "newKey" }),
    );
    for (const [index, replies] of attempts.entries()) {
      server.replyNext(...replies);
      const sent = runner.trigger(runRequest("t"), runContext("bw_a", { attempt: index + 1 }));
      if (index === attempts.length - 1) await sent;
      else expect(classifyRunnerFailure(await rejection(sent)).kind).toBe("ambiguous");
    }
    expect(server.requests.map(({ headers }) => headers["idempotency-key"])).toEqual(keys);
    await server.close();
  });
});

describe("HTTP by Standard Webhooks", () => {
  it("the receiver verifies what it gets, with its own copy of the package", async () => {
    const { runner, server } = await on("The receiver");
    await runner.trigger(runRequest("new-comment"), runContext("bw_a"));
    const [request] = server.requests;
    const headers = request?.headers as Record<string, string>;
    const body = new Webhook(httpSecret).verify(request?.text ?? "", headers);
    expect(body).toMatchObject({ type: "workflow.trigger", data: { workflow: "new-comment" } });
    expect(() => new Webhook(httpSecret).verify(`${request?.text} `, headers)).toThrow();
    await server.close();
  });

  it.each([301, 302, 303, 307, 308])("a redirect (%i) is a failure, and is not followed", async (status) => {
    const { runner, server } = await on("The receiver");
    server.replyNext({ status, headers: { location: "/elsewhere" } });
    const error = await rejection(runner.trigger(runRequest("w"), runContext("bw_a")));
    expect(classifyRunnerFailure(error).kind).toBe("permanent");
    expect(server.requests).toHaveLength(1);
    await server.close();
  });

  it("one URL for each workflow", async () => {
    const { runner, server } = await on("The receiver", (url) =>
      httpRunner({ url: (workflow) => `${url}/runs/${workflow}`, secret: httpSecret, headers: { "x-team": "growth" } }),
    );
    await runner.trigger(runRequest("digest"), runContext("bw_a"));
    expect(server.requests.map(({ path, headers }) => [path, headers["x-team"]])).toEqual([["/runs/digest", "growth"]]);
    await server.close();
  });

  it("an answer without an id, or that is no JSON, is a success", async () => {
    const { runner, server } = await on("The receiver");
    server.replyNext({ status: 204 }, { status: 200, headers: { "content-type": "text/plain" }, body: "thanks" });
    await expect(runner.trigger(runRequest("w"), runContext("bw_a"))).resolves.toEqual({ workflowRunId: null });
    await expect(runner.trigger(runRequest("w"), runContext("bw_b"))).resolves.toEqual({ workflowRunId: null });
    await server.close();
  });

  it("an answer that does not end, or is far too long to be one, is a success too", async () => {
    const { runner, server } = await on("The receiver");
    const long = { status: 200, body: { workflowRunId: "run-1", more: "x".repeat(100_000) } };
    server.replyNext(long, "endless");
    await expect(runner.trigger(runRequest("w"), runContext("bw_a"))).resolves.toEqual({ workflowRunId: null });
    await expect(runner.trigger(runRequest("w"), runContext("bw_b"))).resolves.toEqual({ workflowRunId: null });
    await server.close();
  });

  it.each([
    ["a URL that is none", { url: "not a url", secret: httpSecret }],
    ["an empty secret", { url: "http://127.0.0.1", secret: "" }],
  ])("%s is refused at once", (_, options) => {
    expect(() => httpRunner(options)).toThrow(expect.objectContaining({ code: "CONFIG_INVALID" }));
  });
});

describe("combineRunners", () => {
  const told = track("Told", { ids: ["a", "b", "c"] });
  const trigger = (workflow: string) =>
    defineTrigger({ key: workflow, event: "Told", workflow, recipients: "properties.ids" });

  it("hands each run to the runner of its workflow, by that runner's limits", async () => {
    const [first, second] = [recordingRunner({ maxRecipients: 2 }), recordingRunner()];
    const runner = combineRunners({ workflows: { digest: first }, fallback: second });
    const source = createSegmentSource({
      storage: memoryStorage(),
      runner,
      unidentified: "create",
      triggers: [trigger("digest"), trigger("alert")],
    });
    const { events } = await source.handleSegmentPayload(told);
    expect(events[0]?.triggers.map(({ status }) => status)).toEqual(["triggered", "triggered"]);
    expect(first.runs.map(({ request }) => request.recipients)).toEqual([["a", "b"], ["c"]]);
    expect(second.runs.map(({ request }) => request.recipients)).toEqual([["a", "b", "c"]]);
  });

  it("refuses a trigger of a workflow that nobody takes, and an empty combination", () => {
    const runner = combineRunners({ workflows: { digest: recordingRunner() } });
    const create = () => createSegmentSource({ storage: memoryStorage(), runner, triggers: [trigger("alert")] });
    expect(create).toThrow(
      expect.objectContaining({ code: "CONFIG_TRIGGER_INVALID", message: expect.stringContaining("digest") }),
    );
    expect(() => combineRunners({ workflows: {} })).toThrow(expect.objectContaining({ code: "CONFIG_INVALID" }));
  });

  it("together: runners that take several at once get theirs at once, and one that fails fails only its own", async () => {
    const batched: number[] = [];
    const batching: WorkflowRunner = {
      ...recordingRunner(),
      triggerBatch: async (runs) => {
        batched.push(runs.length);
        return runs.map((_, index) => (index === 0 ? { workflowRunId: "b" } : runnerError("permanent", "no")));
      },
    };
    const rejecting: WorkflowRunner = { ...recordingRunner(), triggerBatch: () => Promise.reject("gone") };
    const plain = functionRunner(() => ({ workflowRunId: "p" }));
    const runner = combineRunners({ workflows: { a: batching, b: rejecting, c: plain } });
    const runs = ["a", "b", "a", "c", "d"].map((workflow, index) => ({
      request: runRequest(workflow),
      context: runContext(`bw_${index}`),
    }));
    const answers = await runner.triggerBatch?.(runs);
    expect(batched).toEqual([2]);
    expect(
      answers?.map((answer) => (answer instanceof Error ? Reflect.get(answer, "code") : answer.workflowRunId)),
    ).toEqual(["b", "RUNNER_AMBIGUOUS", "RUNNER_PERMANENT", "p", "RUNNER_PERMANENT"]);
  });

  it("cancels at the runner of the workflow, and tells every runner that keeps users of a user", async () => {
    const [keeping, canceling] = [recordingRunner(), recordingRunner()];
    const users: string[] = [];
    const runner = combineRunners({
      workflows: {
        invite: { ...keeping, identify: async (request) => void users.push(...request.users.map(({ id }) => id)) },
        none: functionRunner(() => undefined),
      },
      fallback: canceling,
    });
    await runner.cancel?.(
      { action: "cancel", workflow: "invite", cancellationKey: "k", recipients: null },
      runContext("bw_a"),
    );
    expect([keeping.cancels.length, canceling.cancels.length]).toEqual([1, 0]);
    await expect(
      runner.cancel?.(
        { action: "cancel", workflow: "none", cancellationKey: "k", recipients: null },
        runContext("bw_a"),
      ),
    ).rejects.toMatchObject({ code: "RUNNER_PERMANENT" });
    await createSegmentSource({ storage: memoryStorage(), runner }).handleSegmentPayload(identify("ada", {}));
    expect(users).toEqual(["ada"]);
  });
});

describe("telling the engine of users", () => {
  const keeping = () => {
    const users: string[] = [];
    const failures: unknown[] = [];
    const runner: WorkflowRunner = {
      ...recordingRunner(),
      identify: async (request) => {
        if (failures.length > 0) throw failures.shift();
        users.push(...request.users.map(({ id, email }) => `${id} ${email}`));
      },
    };
    return { runner, users, failures };
  };

  it("a batch of identify events is one call, with each user as known by then", async () => {
    const { runner, users } = keeping();
    const source = createSegmentSource({ storage: memoryStorage(), runner });
    await source.handleSegmentPayload([
      identify("ada", { email: "old@example.com" }, { timestamp: "2026-01-01T00:00:00Z" }),
      identify("ada", { email: "new@example.com" }, { timestamp: "2026-01-02T00:00:00Z" }),
      identify("grace", { email: "grace@example.com" }),
    ]);
    expect(users).toEqual(["ada new@example.com", "grace grace@example.com"]);
  });

  it("a user whom the engine refuses keeps it from no other one", async () => {
    const { runner, users } = keeping();
    const calls: number[] = [];
    const source = createSegmentSource({
      storage: memoryStorage(),
      runner: {
        ...runner,
        identify: async (request) => {
          calls.push(request.users.length);
          if (request.users.some(({ id }) => id === "bad")) throw runnerError("permanent", "422: bad timezone");
          await runner.identify?.(request);
        },
      },
    });
    const { events, retryable } = await source.handleSegmentPayload(["ada", "bad", "grace"].map((id) => identify(id)));
    expect(events.map(({ user }) => user?.sync?.status)).toEqual(["triggered", "failed", "triggered"]);
    expect(retryable).toBe(false);
    expect(users).toEqual(["ada null", "grace null"]);
    expect(calls).toEqual([3, 1, 1, 1]);
  });

  it("an engine that is busy: the event stays in progress, is worth sending again, and is then done", async () => {
    const { runner, users, failures } = keeping();
    failures.push(runnerError("retryable", "busy"));
    const source = createSegmentSource({ storage: memoryStorage(), runner });
    const event = identify("ada", { email: "ada@example.com" });
    const first = await source.handleSegmentPayload(event);
    expect([first.retryable, first.events[0]?.status, first.events[0]?.user?.sync]).toMatchObject([
      true,
      "in_progress",
      { status: "pending", error: "busy" },
    ]);
    expect((await source.handleSegmentPayload(event)).events[0]).toMatchObject({
      status: "processed",
      user: { sync: { status: "triggered" } },
    });
    expect(users).toEqual(["ada ada@example.com"]);
  });

  it("a user deleted meanwhile is not told", async () => {
    const { runner, users, failures } = keeping();
    failures.push(runnerError("retryable", "busy"));
    const source = createSegmentSource({ storage: memoryStorage(), runner });
    await source.handleSegmentPayload(identify("ada", { email: "ada@example.com" }));
    await source.users.delete("ada");
    await source.recover();
    expect(users).toEqual([]);
  });

  it("users.identify tells it too, and is not failed by an engine that is away", async () => {
    const { runner, users, failures } = keeping();
    const source = createSegmentSource({ storage: memoryStorage(), runner });
    const errors: string[] = [];
    source.on("error", ({ error }) => errors.push(error.code));
    failures.push(new Error("socket hang up"));
    expect((await source.users.identify({ id: "ada", email: "ada@example.com" })).status).toBe("created");
    expect([users, errors]).toEqual([[], ["RUNNER_AMBIGUOUS"]]);
    await source.users.identify({ id: "ada", name: "Ada" });
    expect(users).toEqual(["ada ada@example.com"]);
  });

  it("users whom a trigger creates are told before its run", async () => {
    const { runner, users } = keeping();
    const triggers = [
      defineTrigger({ key: "t", event: "E", workflow: "w", recipients: "userId", unidentified: "create" }),
    ];
    const source = createSegmentSource({ storage: memoryStorage(), runner, triggers });
    await source.handleSegmentPayload(track("E", {}, { userId: "new" }));
    expect(users).toEqual(["new null"]);
  });
});

describe("reading answers", () => {
  it.each([
    ["7", 7_000],
    [" 0 ", 0],
    ["", null],
    [null, null],
    ["soon", null],
    ["-5", null],
    [new Date(0).toUTCString(), 0],
  ])("Retry-After %j is %j ms", (value, expected) => {
    expect(parseRetryAfter(value)).toBe(expected);
  });

  it.each([
    ["user ada.l+x@mail.example.com is unknown", "user …@… is unknown"],
    ["call +1 (555) 010-0100 now", "call … now"],
    ["line\nbreak\u0000\u001b[31m", "line break [31m"],
    ["x".repeat(5_000), "x".repeat(200)],
  ])("%j is told as %j", (text, expected) => {
    expect(safeText(text)).toBe(expected);
  });

  it.each([
    [200, "ambiguous"],
    [304, "permanent"],
    [402, "retryable"],
    [423, "retryable"],
    [425, "retryable"],
    [501, "permanent"],
    [505, "permanent"],
    [599, "ambiguous"],
  ])("%i is %s", (status, kind) => {
    expect(classifyRunnerFailure(failureOfStatus({ engine: "E", status })).kind).toBe(kind);
  });
});
