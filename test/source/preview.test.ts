import {
  compareTriggers,
  createSegmentSource,
  defineTrigger,
  formatComparison,
  memoryStorage,
  previewSegmentPayload,
  type Storage,
} from "bellwire";
import { identify, recordingRunner, track } from "bellwire/testing";
import { describe, expect, it } from "vitest";

const welcome = defineTrigger({
  key: "welcome",
  event: "Signed Up",
  workflow: "welcome",
  recipients: "userId",
  data: { plan: "properties.plan" },
});
const signUp = (userId: string, members = {}) =>
  track("Signed Up", { plan: "pro" }, { userId, messageId: `m-${userId}`, ...members });
const setUp = (storage: Storage = memoryStorage()) => {
  const runner = recordingRunner();
  return { runner, storage, source: createSegmentSource({ storage, runner, triggers: [welcome] }) };
};
const triggersOf = ({ events }: Awaited<ReturnType<typeof previewSegmentPayload>>) =>
  events.map(({ triggers }) => triggers.map(({ status, reason }) => [status, reason]));

describe("preview", () => {
  it("says what would come of a payload, and writes and sends nothing", async () => {
    const { source, runner, storage } = setUp();
    await source.users.identify({ id: "ada" });
    const payload = [identify("grace", { email: "g@example.com" }), signUp("grace"), signUp("ada"), signUp("nobody")];
    const preview = await source.preview(payload);
    expect(preview.events[0]?.user).toEqual({ id: "grace", status: "created" });
    expect(triggersOf(preview).slice(1)).toEqual([
      [["pending", undefined]],
      [["pending", undefined]],
      [["skipped", "not_identified"]],
    ]);
    expect(runner.runs).toEqual([]);
    expect((await source.events.list()).items).toEqual([]);
    expect((await storage.runs.list({ environment: "default", limit: 10 })).items).toEqual([]);
    expect(await source.users.get("grace")).toBeNull();
  });

  it("agrees with what then comes of it", async () => {
    const { source } = setUp();
    const payload = [identify("ada"), signUp("ada"), signUp("nobody"), { type: "bogus" }, track("Unheard")];
    const preview = await source.preview(payload);
    const real = await source.handleSegmentPayload(payload);
    const shape = ({ events }: typeof real) =>
      events.map(({ reason, triggers }) => [
        reason,
        triggers.map((trigger) => [trigger.reason, trigger.recipients.map(({ recipient }) => recipient)]),
      ]);
    expect(shape(preview)).toEqual(shape(real));
  });

  it("takes other triggers, and users who are to count as known", async () => {
    const { source } = setUp();
    const other = defineTrigger({
      key: "other",
      event: "Signed Up",
      workflow: "other",
      recipients: "properties.nobody",
    });
    expect(triggersOf(await source.preview(signUp("ada"), { triggers: [other] }))).toEqual([
      [["skipped", "path_unresolved"]],
    ]);
    expect(triggersOf(await source.preview(signUp("ada"), { users: ["ada"] }))).toEqual([[["pending", undefined]]]);
  });

  it("a deletion is shown and not done", async () => {
    const { source } = setUp();
    await source.users.identify({ id: "ada" });
    await source.preview({ type: "delete", userId: "ada" });
    expect(await source.users.get("ada")).not.toBeNull();
  });

  it("needs no source at all", async () => {
    const preview = await previewSegmentPayload(signUp("ada"), { triggers: [welcome], users: ["ada"] });
    expect(triggersOf(preview)).toEqual([[["pending", undefined]]]);
  });
});

describe("explain", () => {
  it("tells why, and of what is not kept nothing", async () => {
    const { source } = setUp();
    await source.handleSegmentPayload(signUp("nobody"));
    expect(await source.explain("m-nobody")).toContain("not_identified");
    expect(await source.explain("never seen")).toBeNull();
  });
});

describe("replay", () => {
  const kept = async () => {
    const made = setUp();
    await made.source.handleSegmentPayload([
      identify("ada", {}, { messageId: "i-ada" }),
      ...[1, 2, 3].map((n) => signUp("ada", { messageId: `m-${n}` })),
    ]);
    return made;
  };

  it("sends again under new keys; the same replay again sends nothing", async () => {
    const { source, runner } = await kept();
    expect(await source.replay({ replayId: "fix-1", name: "Signed Up" })).toEqual({
      replayed: 3,
      duplicates: 0,
      withoutPayload: 0,
    });
    expect(runner.runs).toHaveLength(6);
    expect(new Set(runner.runs.map(({ context }) => context.idempotencyKey)).size).toBe(6);
    expect(await source.replay({ replayId: "fix-1", name: "Signed Up", receivedTo: new Date() })).toMatchObject({
      duplicates: 3,
    });
    expect(runner.runs).toHaveLength(6);
  });

  it("aborted in the middle, it goes on where it was", async () => {
    const { source, runner } = await kept();
    const controller = new AbortController();
    const options = { replayId: "fix-2", messageIds: ["m-1", "m-2", "m-3", "gone"] };
    const first = source.replay({
      ...options,
      signal: controller.signal,
      onProgress: ({ done }) => void (done === 2 && controller.abort()),
    });
    await expect(first).rejects.toMatchObject({ code: "ABORTED" });
    expect(runner.runs).toHaveLength(5);
    expect(await source.replay(options)).toEqual({ replayed: 1, duplicates: 2, withoutPayload: 0 });
    expect(runner.runs).toHaveLength(6);
  });

  it("a dry run tells and sends nothing", async () => {
    const { source, runner } = await kept();
    const told: string[] = [];
    const onProgress = ({ outcome }: { outcome: { triggers: readonly { status: string }[] } }) =>
      void told.push(outcome.triggers[0]?.status ?? "");
    await source.replay({ replayId: "fix-3", name: "Signed Up", dryRun: true, onProgress, eventsPerSecond: 1_000 });
    expect(told).toEqual(["pending", "pending", "pending"]);
    expect(runner.runs).toHaveLength(3);
  });

  it("takes originals only: neither its own copies, however long their ids, nor those of another replay", async () => {
    const { source, runner, storage } = setUp();
    await source.users.identify({ id: "ada" });
    await source.handleSegmentPayload(signUp("ada", { messageId: "m".repeat(95) }));
    for (const replayId of ["one", "one", "two", "two"]) {
      await source.replay({ replayId, receivedTo: new Date(Date.now() + 60_000) });
    }
    expect(runner.runs).toHaveLength(3);
    expect((await storage.events.list({ environment: "default", limit: 10 })).items).toHaveLength(3);
  });

  it("events without a payload are counted, and a replay without a name is refused", async () => {
    const source = createSegmentSource({ storage: memoryStorage(), runner: recordingRunner(), recordPayload: "none" });
    await source.handleSegmentPayload(signUp("ada"));
    expect(await source.replay({ replayId: "fix-4" })).toMatchObject({ replayed: 0, withoutPayload: 1 });
    await expect(source.replay({ replayId: "" })).rejects.toMatchObject({ code: "CONFIG_INVALID" });
  });

  it("what is too old for its trigger stays unsent", async () => {
    const runner = recordingRunner();
    const fresh = defineTrigger({ ...welcome, maxEventAge: "1h" });
    const source = createSegmentSource({ storage: memoryStorage(), runner, triggers: [fresh], unidentified: "create" });
    const timestamp = new Date(Date.now() - 2 * 3_600_000).toISOString();
    await source.handleSegmentPayload(signUp("ada", { timestamp }));
    await source.replay({ replayId: "fix-5" });
    expect(runner.runs).toEqual([]);
  });
});

describe("compareTriggers", () => {
  it("says who would be notified before and after, over what was received", async () => {
    const { source } = setUp();
    await source.handleSegmentPayload([
      identify("ada"),
      identify("boss"),
      signUp("ada"),
      signUp("nobody"),
      track("Unheard"),
    ]);
    const progress: number[] = [];
    const proposed = [defineTrigger({ ...welcome, recipients: () => ["boss", { collection: "teams", id: "t-1" }] })];
    const comparison = await compareTriggers({
      source,
      proposed,
      name: "Signed Up",
      onProgress: (done) => progress.push(done),
    });
    expect(comparison.events).toBe(2);
    expect(progress).toEqual([2]);
    expect(comparison.differences.map(({ messageId, removed }) => [messageId, removed])).toEqual(
      expect.arrayContaining([
        ["m-ada", ["ada"]],
        ["m-nobody", []],
      ]),
    );
    const text = formatComparison(comparison);
    expect(text).toContain("  + boss");
    expect(text).toContain("  - ada");
    expect(text).toContain("2 of 2 events");
    const same = await compareTriggers({ source, current: [welcome], proposed: [welcome] });
    expect(same.differences).toEqual([]);
  });
});
