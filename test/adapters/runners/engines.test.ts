import { createSegmentSource, defineTrigger, memoryStorage } from "bellwire";
import { type EngineFault, identify, runnerConformance, track } from "bellwire/testing";
import { describe, expect, it } from "vitest";
import { classifyRunnerFailure } from "../../../src/runner/runner-error.js";
import { runContext, runRequest } from "../../../src/testing/runner-fixtures.js";
import { type EngineReply, startEngine } from "../../support/engine-server.js";
import { engines } from "../../support/engines.js";
import { freePort } from "../../support/free-port.js";

/** A server that quotes what it was sent, as vendors do. */
const quoting = "the user grace@example.com (+1 555 010 0100) was not taken";
const faults: Readonly<Record<EngineFault, EngineReply>> = {
  permanent: { status: 422, body: { message: quoting, error: quoting, status: 422 } },
  retryable: { status: 429, headers: { "retry-after": "7" }, body: { message: quoting, error: quoting, status: 429 } },
  ambiguous: "reset",
  silence: "silence",
};
const defined = <Value>(value: Value | null): value is Value => value !== null;

describe.concurrent.each(engines)("$name, by its real client", (engine) => {
  const { connect, reply, toRun, toCancel, toUsers, powers, hiddenAttempts } = engine;
  const cases = runnerConformance(async () => {
    const server = await startEngine(reply);
    return {
      runner: connect(server.url),
      workflow: "new-comment",
      received: () => server.requests.map(toRun).filter(defined),
      canceled: () => server.requests.map(toCancel).filter(defined),
      identified: () => server.requests.flatMap(toUsers),
      failNext: (fault) => server.replyNext(...Array.from({ length: hiddenAttempts }, () => faults[fault])),
      dispose: server.close,
    };
  }, powers);
  for (const { name, run } of cases) it(name, run);

  it.each<readonly [string, EngineReply, ReturnType<typeof classifyRunnerFailure>["kind"], number | null]>([
    ["400", { status: 400 }, "permanent", null],
    ["401", { status: 401 }, "retryable", null],
    ["403", { status: 403 }, "retryable", null],
    ["404", { status: 404 }, "permanent", null],
    ["408", { status: 408 }, "ambiguous", null],
    ["409", { status: 409 }, "ambiguous", null],
    ["410", { status: 410 }, "permanent", null],
    ["413", { status: 413 }, "permanent", null],
    ["422", { status: 422 }, "permanent", null],
    ["429", { status: 429 }, "retryable", null],
    ["429 with Retry-After", { status: 429, headers: { "retry-after": "7" } }, "retryable", 7_000],
    ["500", { status: 500 }, engine.name === "Courier" ? "permanent" : "ambiguous", null],
    ["502", { status: 502 }, "ambiguous", null],
    ["503", { status: 503 }, "retryable", null],
    ["503 with Retry-After", { status: 503, headers: { "retry-after": "3" } }, "retryable", 3_000],
    ["reset after sending", "reset", "ambiguous", null],
  ])("%s", async (_, given, kind, retryAfterMs) => {
    const server = await startEngine(reply);
    const body = { message: quoting, error: quoting, status: typeof given === "object" ? given.status : 0 };
    const answer = typeof given === "object" ? { ...given, body } : given;
    server.replyNext(...Array.from({ length: hiddenAttempts }, () => answer));
    const error = await connect(server.url)
      .trigger(runRequest("new-comment"), runContext("bw_a"))
      .catch((thrown) => thrown);
    // Inngest's client tells neither headers nor, of a failure on the way, more than its words.
    const expected = engine.name === "Inngest" ? null : retryAfterMs;
    expect(classifyRunnerFailure(error)).toMatchObject({ kind, retryAfterMs: expected });
    expect(error.message).not.toMatch(/grace@|555/);
    expect(server.requests).toHaveLength(hiddenAttempts);
    await server.close();
  });

  it("a refused connection", async () => {
    const url = `http://127.0.0.1:${await freePort()}`;
    const error = await connect(url)
      .trigger(runRequest("new-comment"), runContext("bw_a"))
      .catch((thrown) => thrown);
    expect(classifyRunnerFailure(error).kind).toBe("retryable");
  });

  it("no answer: given up at the source's time limit, and repeated under the same key with the same bytes", async () => {
    const server = await startEngine(reply);
    server.replyNext("silence");
    const source = createSegmentSource({
      storage: memoryStorage(),
      runner: connect(server.url),
      triggers: [defineTrigger({ key: "comment", event: "Commented", workflow: "new-comment", recipients: "userId" })],
      runTimeout: "150ms",
    });
    await source.users.identify({ id: "ada" });
    const event = track("Commented", { title: "Hi" }, { userId: "ada" });
    const runsOf = () => server.requests.map(toRun).filter(defined);
    // Telling the engine of the user took the silent answer where it keeps users.
    if (powers.identifies) server.replyNext("silence");
    const first = await source.handleSegmentPayload(event);
    expect(first.retryable).toBe(true);
    expect(first.events[0]?.triggers[0]).toMatchObject({ status: "pending", reason: "runner_retryable" });
    const second = await source.handleSegmentPayload(event);
    expect(second.events[0]?.triggers[0]).toMatchObject({ status: "triggered" });
    const [one, two] = runsOf();
    expect({ ...two, text: "" }).toEqual({ ...one, text: "" });
    if (engine.name !== "Inngest") expect(two?.text).toBe(one?.text);
    await source.close();
    await server.close();
  });

  it("more recipients than one call takes: chunks with keys of their own, each the same again on a retry", async () => {
    const server = await startEngine(reply);
    const runner = connect(server.url);
    const limit = runner.capabilities.maxRecipients ?? 1_000;
    const count = limit + 1;
    const source = createSegmentSource({
      storage: memoryStorage(),
      runner,
      unidentified: "create",
      triggers: [defineTrigger({ key: "all", event: "Told", workflow: "news", recipients: "properties.ids" })],
    });
    const event = track("Told", { ids: Array.from({ length: count }, (_, index) => `user-${index}`) });
    const chunks = runner.capabilities.maxRecipients === null ? 1 : 2;
    const fail = { status: 503, body: { message: "busy", status: 503, error: "busy" } };
    // The first requests tell the engine of the users; then every chunk fails once.
    const told = powers.identifies ? Math.ceil(count / (engine.name === "Courier" ? 1 : 100)) : 0;
    for (let index = 0; index < told; index += 1)
      server.replyNext(reply({ method: "POST", path: usersPath(engine.name), headers: {}, text: "{}" }));
    server.replyNext(...Array.from({ length: chunks * hiddenAttempts }, () => fail));
    expect((await source.handleSegmentPayload(event)).retryable).toBe(true);
    const { events } = await source.handleSegmentPayload(event);
    expect(events[0]?.triggers[0]?.status).toBe("triggered");
    const runs = server.requests.map(toRun).filter(defined);
    const byKey = groupBy(runs);
    expect([...byKey.values()].map(([run]) => run?.recipients.length)).toEqual(chunks === 2 ? [limit, 1] : [count]);
    for (const attempts of byKey.values()) {
      expect(attempts.length).toBe(hiddenAttempts + 1);
      if (engine.name !== "Inngest") expect(new Set(attempts.map((run) => run.text)).size).toBe(1);
    }
    await server.close();
  });

  it("an identify event tells the engine of the user before the run, where it keeps users", async () => {
    const server = await startEngine(reply);
    const source = createSegmentSource({
      storage: memoryStorage(),
      runner: connect(server.url),
      triggers: [defineTrigger({ key: "hi", event: "Signed Up", workflow: "welcome", recipients: "userId" })],
    });
    const { events } = await source.handleSegmentPayload([
      track("Signed Up", {}, { userId: "ada" }),
      identify("ada", { email: "ada@example.com", plan: "pro" }),
    ]);
    expect(events.map(({ status }) => status)).toEqual(["processed", "processed"]);
    expect(server.requests.flatMap(toUsers)).toEqual(powers.identifies ? ["ada"] : []);
    expect(events[1]?.user?.sync?.status).toBe(powers.identifies ? "triggered" : undefined);
    expect(toRun(server.requests.at(-1) ?? { method: "", path: "", headers: {}, text: "[{}]" })?.recipients).toEqual([
      "ada",
    ]);
    await server.close();
  });
});

function groupBy<Run extends { readonly idempotencyKey: string | null }>(
  runs: readonly Run[],
): ReadonlyMap<string | null, readonly Run[]> {
  const groups = new Map<string | null, Run[]>();
  for (const run of runs) groups.set(run.idempotencyKey, [...(groups.get(run.idempotencyKey) ?? []), run]);
  return groups;
}

function usersPath(engine: string): string {
  return engine === "Novu" ? "/v1/subscribers/bulk" : engine === "Knock" ? "/v1/users/bulk/identify" : "/profiles/x";
}
