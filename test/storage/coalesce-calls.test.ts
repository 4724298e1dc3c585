import { createSegmentSource, defineTrigger, memoryStorage } from "bellwire";
import { manualClock, recordingRunner, track } from "bellwire/testing";
import { describe, expect, it } from "vitest";
import { systemClock } from "../../src/core/clock.js";
import { coalesceCalls } from "../../src/storage/coalesce-calls.js";
import type { FullStorage, RecordParams, Storage } from "../../src/storage/storage.js";
import { eventWithRun, newEvent, recordParams, resultOf, scope } from "../../src/testing/storage-fixtures.js";

type Around = (method: string, call: () => Promise<unknown>, params: unknown) => Promise<unknown>;

/** A storage whose calls have a price; every one that reaches it is written down. */
function priced(around: Around = (_method, call) => call(), inner: FullStorage = memoryStorage()) {
  const calls: string[] = [];
  const watch = <Store extends object>(name: string, store: Store): Store =>
    Object.fromEntries(
      Object.entries(store).map(([method, call]) => [
        method,
        (params: unknown) => {
          calls.push(`${name}.${method}`);
          return around(`${name}.${method}`, () => call(params), params);
        },
      ]),
    ) as Store;
  const storage: FullStorage = {
    events: watch("events", inner.events),
    runs: watch("runs", inner.runs),
    users: watch("users", inner.users),
    groups: inner.groups,
    triggers: inner.triggers,
    audit: inner.audit,
    coalesce: true,
  };
  return { storage, calls, inner };
}

const welcome = defineTrigger({ key: "welcome", event: "Signed Up", workflow: "welcome", recipients: "userId" });
const signUp = (id: string, userId = "ada") => track("Signed Up", {}, { userId, messageId: id });
const sourceOn = async (storage: Storage) => {
  const runner = recordingRunner();
  const source = createSegmentSource({ storage, runner, triggers: [welcome] });
  await source.users.identify({ id: "ada", email: "ada@example.com" });
  return { source, runner };
};
const sizes = (calls: readonly string[]): Record<string, number> => {
  const counted: Record<string, number> = {};
  for (const call of calls) counted[call] = (counted[call] ?? 0) + 1;
  return counted;
};

describe("calls of payloads that are handled at the same time", () => {
  it.each([1, 2, 64])("%i payloads cost one look-up, one record and one settle", async (payloads) => {
    const { storage, calls } = priced();
    const { source, runner } = await sourceOn(storage);
    calls.length = 0;
    const results = await Promise.all(
      Array.from({ length: payloads }, (_, index) => source.handleSegmentPayload(signUp(`m${index}`))),
    );
    expect(sizes(calls)).toEqual({ "users.known": 1, "events.record": 1, "runs.settle": 1 });
    expect(runner.runs).toHaveLength(payloads);
    expect(results.map(({ events }) => [events[0]?.messageId, events[0]?.status])).toEqual(
      results.map((_, index) => [`m${index}`, "processed"]),
    );
  });

  it.each([
    [16, 1],
    [17, 2],
    [64, 4],
  ])("of %i payloads a storage that takes 16 calls at once gets %i of each", async (payloads, expected) => {
    const { storage, calls } = priced();
    const { source, runner } = await sourceOn({ ...storage, coalesce: { maxCalls: 16 } });
    calls.length = 0;
    const events = Array.from({ length: payloads }, (_, index) => signUp(`m${index}`));
    await Promise.all(events.map((event) => source.handleSegmentPayload(event)));
    expect(sizes(calls)).toEqual({ "users.known": expected, "events.record": expected, "runs.settle": expected });
    expect(runner.runs).toHaveLength(payloads);
  });

  it("updates of users share one, in the order they came", async () => {
    const { storage, calls } = priced();
    const users = coalesceCalls(storage, systemClock).users;
    const change = (id: string, name: string, at: number) => ({ id, at: new Date(at), attributes: { name } });
    const updates = await Promise.all([
      users.update({ environment: "e", changes: [change("ada", "A", 1), change("bob", "B", 1)] }),
      users.update({ environment: "e", changes: [change("ada", "A2", 2)] }),
    ]);
    expect(updates.map((update) => update.map(({ id, status }) => `${id} ${status}`))).toEqual([
      ["ada created", "bob created"],
      ["ada updated"],
    ]);
    expect(calls).toEqual(["users.update"]);
  });

  it("a look-up is told of the ids that it asked for, and of no others", async () => {
    const { storage, calls } = priced();
    const { users } = coalesceCalls(storage, systemClock);
    const named = (id: string) => ({ id, at: new Date(), attributes: {} });
    await users.update({ environment: "e", changes: [named("ada"), named("bob")] });
    const known = await Promise.all([["ada"], ["bob", "eve"]].map((ids) => users.known({ environment: "e", ids })));
    expect(known.map((found) => [...found.keys()])).toEqual([["ada"], ["bob"]]);
    expect(calls).toEqual(["users.update", "users.known"]);
  });

  it.each<readonly [string, Partial<RecordParams>]>([
    ["environment", { environment: "staging" }],
    ["source", { source: "ios" }],
    ["owner", { owner: "process-2" }],
    ["lease", { leaseMs: null }],
  ])("of another %s are not theirs to share", async (_, other) => {
    const { storage, calls } = priced();
    const { events } = coalesceCalls(storage, systemClock);
    await Promise.all([
      events.record(recordParams([newEvent("a")])),
      events.record(recordParams([newEvent("b")], other)),
    ]);
    expect(calls).toEqual(["events.record", "events.record"]);
    expect(await events.get({ ...scope, ...other, messageId: "b" })).not.toBeNull();
  });

  it("at most a thousand events share one", async () => {
    const { storage, calls } = priced();
    const { events } = coalesceCalls(storage, systemClock);
    const batch = (name: string) => Array.from({ length: 600 }, (_, index) => newEvent(`${name}${index}`));
    await Promise.all(["a", "b", "c"].map((name) => events.record(recordParams(batch(name)))));
    expect(calls).toHaveLength(3);
  });

  it("storage that lives in memory is left alone, and so is one that says nothing", () => {
    const memory = memoryStorage();
    expect(coalesceCalls(memory, systemClock)).toBe(memory);
  });

  it("a preview shares nothing, and writes nothing", async () => {
    const { storage, calls } = priced();
    const { source } = await sourceOn(storage);
    calls.length = 0;
    await Promise.all(["a", "b"].map((id) => source.preview(signUp(id))));
    expect(calls).toEqual(["users.known", "users.known"]);
  });
});

describe("the same messageId in payloads that are handled at the same time", () => {
  it("is new to one of them, and sent once", async () => {
    const { storage, calls } = priced();
    const { source, runner } = await sourceOn(storage);
    calls.length = 0;
    const results = await Promise.all(
      [signUp("a"), signUp("a"), signUp("b")].map((event) => source.handleSegmentPayload(event)),
    );
    const [first, second, third] = results.map(({ events }) => events[0]?.status);
    expect([first, third]).toEqual(["processed", "processed"]);
    expect(["duplicate", "in_progress"]).toContain(second);
    expect(runner.runs.map(({ context }) => context.messageId).sort()).toEqual(["a", "b"]);
    expect(sizes(calls)["events.record"]).toBe(2);
  });
});

describe("a merged call that fails", () => {
  it("because of what one payload carries fails that one alone", async () => {
    const { storage, calls } = priced((method, call, params) => {
      const isPoisoned =
        method === "events.record" && (params as RecordParams).events.some(({ messageId }) => messageId === "m7");
      return isPoisoned ? Promise.reject(new Error("can not store this")) : call();
    });
    const { source, runner } = await sourceOn(storage);
    calls.length = 0;
    const settled = await Promise.allSettled(
      Array.from({ length: 16 }, (_, index) => source.handleSegmentPayload(signUp(`m${index}`))),
    );
    expect(settled.flatMap(({ status }, index) => (status === "rejected" ? [index] : []))).toEqual([7]);
    expect(settled[7]).toMatchObject({ reason: { code: "STORAGE_FAILED", retryable: true } });
    expect(runner.runs).toHaveLength(15);
    expect(sizes(calls)["events.record"]).toBe(17);
  });

  it.each(["users.known", "events.record", "runs.settle"])(
    "before it had an effect is repeated alone: %s",
    async (failing) => {
      let failures = 0;
      const { storage } = priced((method, call) => {
        if (method !== failing || failures > 0) return call();
        failures += 1;
        return Promise.reject(new Error("connection lost"));
      });
      const { source, runner } = await sourceOn(storage);
      const results = await Promise.all(["a", "b", "c"].map((id) => source.handleSegmentPayload(signUp(id))));
      expect(failures).toBe(1);
      expect(results.map(({ events }) => events[0]?.status)).toEqual(["processed", "processed", "processed"]);
      expect(runner.runs).toHaveLength(3);
    },
  );

  it("after it had its effect: nothing is sent twice, nothing is lost", async () => {
    let failures = 0;
    const clock = manualClock(new Date());
    const { storage } = priced(async (method, call) => {
      const answer = await call();
      if (method !== "events.record" || failures > 0) return answer;
      failures += 1;
      throw new Error("connection lost after the commit");
    }, memoryStorage({ clock }));
    const runner = recordingRunner();
    const source = createSegmentSource({ storage, runner, triggers: [welcome], clock });
    await source.users.identify({ id: "ada" });
    const deliver = () => Promise.all(["a", "b"].map((id) => source.handleSegmentPayload(signUp(id))));
    // Whoever recorded them can not know that it was this very call, so the lease has to run out first.
    expect((await deliver()).map(({ retryable, events }) => [retryable, events[0]?.status])).toEqual([
      [true, "in_progress"],
      [true, "in_progress"],
    ]);
    await clock.advance(61_000);
    expect((await deliver()).map(({ events }) => events[0]?.status)).toEqual(["processed", "processed"]);
    expect((await deliver()).map(({ events }) => events[0]?.status)).toEqual(["duplicate", "duplicate"]);
    expect(runner.runs).toHaveLength(2);
  });

  it("that answers for too few is repeated alone", async () => {
    const { storage } = priced(async (method, call, params) => {
      const answer = (await call()) as unknown[];
      return method === "events.record" && (params as RecordParams).events.length > 1 ? answer.slice(1) : answer;
    });
    const { events } = coalesceCalls(storage, systemClock);
    const results = await Promise.all(["a", "b"].map((id) => events.record(recordParams([newEvent(id)]))));
    expect(results.map((answers) => answers.map(({ status }) => status))).toEqual([["finished"], ["finished"]]);
  });
});

describe("waiting", () => {
  it("a call on its own waits for no timer", async () => {
    const { storage } = priced();
    const { events } = coalesceCalls(storage, manualClock(new Date()));
    expect(await events.record(recordParams([newEvent("a")]))).toMatchObject([{ status: "new" }]);
  });

  it("a call behind one that hangs starts after five milliseconds", async () => {
    const hanging: (() => void)[] = [];
    const clock = manualClock(new Date());
    const { storage, calls } = priced(async (_method, call) => {
      if (calls.length === 1) await new Promise<void>((resolve) => hanging.push(resolve));
      return call();
    });
    const { events } = coalesceCalls(storage, clock);
    const first = events.record(recordParams([newEvent("a")]));
    await expect.poll(() => calls.length).toBe(1);
    const others = Promise.all(["b", "c"].map((id) => events.record(recordParams([newEvent(id)]))));
    await clock.advance(4);
    expect(calls).toHaveLength(1);
    await clock.advance(2);
    expect((await others).flat().map(({ status }) => status)).toEqual(["new", "new"]);
    expect(calls).toHaveLength(2);
    hanging[0]?.();
    expect(await first).toMatchObject([{ status: "new" }]);
  });

  it("what came while a call was under way goes together with the next", async () => {
    const { storage, calls } = priced(async (_method, call) => {
      await new Promise((resolve) => setTimeout(resolve, 2));
      return call();
    });
    const { runs, events } = coalesceCalls(storage, manualClock(new Date()));
    const recorded = await events.record(recordParams(["a", "b", "c"].map(eventWithRun)));
    calls.length = 0;
    const settle = (index: number) => runs.settle({ results: [resultOf(recorded[index]?.claimed[0])] });
    const first = settle(0);
    await expect.poll(() => calls.length).toBe(1);
    expect(await Promise.all([first, settle(1), settle(2)])).toEqual([[true], [true], [true]]);
    expect(calls).toEqual(["runs.settle", "runs.settle"]);
  });

  it("who gives up before the call starts is not part of it; the others are", async () => {
    const { storage, inner } = priced();
    const { events } = coalesceCalls(storage, systemClock);
    const controller = new AbortController();
    const aborted = events.record(recordParams([newEvent("a")], { signal: controller.signal }));
    const other = events.record(recordParams([newEvent("b")]));
    controller.abort(new Error("gone"));
    await expect(aborted).rejects.toThrow("gone");
    expect(await other).toMatchObject([{ status: "new" }]);
    expect(await inner.events.get({ ...scope, messageId: "a" })).toBeNull();
  });

  it("a call is called off once all who wait for it have given up", async () => {
    const signals: (AbortSignal | undefined)[] = [];
    let answer = () => {};
    const answering = new Promise<void>((resolve) => {
      answer = resolve;
    });
    const { storage } = priced((_method, call, params) => {
      signals.push((params as RecordParams).signal);
      return answering.then(call);
    });
    const { events } = coalesceCalls(storage, systemClock);
    const controllers = [new AbortController(), new AbortController()];
    const calls = controllers.map(({ signal }, index) =>
      events.record(recordParams([newEvent(`m${index}`)], { signal })),
    );
    await expect.poll(() => signals.length).toBe(1);
    controllers[0]?.abort();
    expect(signals[0]?.aborted).toBe(false);
    controllers[1]?.abort();
    expect(signals[0]?.aborted).toBe(true);
    answer();
    await Promise.all(calls);
  });
});
