import {
  compareTriggers,
  createSegmentSource,
  defineTrigger,
  formatComparison,
  memoryStorage,
  type PreviewedRequest,
  previewSegmentPayload,
  type Storage,
} from "bellwire";
import { createTestSource, identify, type RecordedRun, recordingRunner, track } from "bellwire/testing";
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

  it("hands over each request that would be made, as it is then made", async () => {
    const toTeam = { key: "team", event: "Signed Up", workflow: "team-news", expand: true, data: {} };
    const cancel = { key: "stop", event: "Signed Up", workflow: "nudge", action: "cancel" as const };
    const triggers = [
      welcome,
      defineTrigger({ ...toTeam, recipients: () => ({ collection: "groups", id: "acme" }), actor: "userId" }),
      defineTrigger({ ...cancel, cancellationKey: "userId" }),
    ];
    const runner = recordingRunner();
    const source = createSegmentSource({ storage: memoryStorage(), runner, triggers });
    const requests: PreviewedRequest[] = [];
    await source.preview([identify("ada"), signUp("ada")], { onRequest: (each) => requests.push(each) });
    const group = { collection: "groups", id: "acme" };
    expect(requests).toEqual([
      { messageId: "m-ada", trigger: "welcome", request: expect.objectContaining({ data: { plan: "pro" } }) },
      {
        messageId: "m-ada",
        trigger: "team",
        request: expect.objectContaining({ action: "trigger", recipients: [group], actor: "ada" }),
      },
      {
        messageId: "m-ada",
        trigger: "stop",
        request: { action: "cancel", workflow: "nudge", cancellationKey: "ada", recipients: null },
      },
    ]);
    await source.handleSegmentPayload([identify("ada"), signUp("ada")]);
    expect(runner.runs[0]?.request).toEqual(requests[0]?.request);
    const onRequest = () => {
      throw new RangeError("of the host");
    };
    await expect(source.preview(signUp("ada"), { onRequest })).rejects.toThrow(RangeError);
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
      tooOld: 0,
      notFound: 0,
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
    const options = { replayId: "fix-2", messageIds: ["m-1", "m-2", "m-3", "gone"], batchSize: 1 };
    const first = source.replay({
      ...options,
      signal: controller.signal,
      onProgress: ({ done }) => void (done === 2 && controller.abort()),
    });
    await expect(first).rejects.toMatchObject({ code: "ABORTED" });
    expect(runner.runs).toHaveLength(5);
    expect(await source.replay(options)).toEqual({
      replayed: 1,
      duplicates: 2,
      withoutPayload: 0,
      tooOld: 0,
      notFound: 1,
    });
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
    const unknown = source.replay({ replayId: "x", triggers: ["welcom"] });
    await expect(unknown).rejects.toMatchObject({ code: "CONFIG_TRIGGER_UNKNOWN" });
  });

  it.each<[object, string]>([
    [{ replayId: undefined }, "replayId: names this replay"],
    [{ replayId: "" }, "replayId: names this replay"],
    [{ batchSize: 0 }, "batchSize: 0"],
    [{ eventsPerSecond: 0 }, "eventsPerSecond: 0"],
    [{ dryrun: true }, "dryrun: is not an option. Did you mean dryRun?"],
    [{ event: "Signed Up" }, "event: is not an option. There are: replayId, mode, "],
    [{ from: new Date(0) }, "from: is not an option."],
    [{ messageId: "m-1" }, "messageId: is not an option. Did you mean messageIds?"],
    [{ trigger: ["welcome"] }, "trigger: is not an option. Did you mean triggers?"],
    [{ limit: 1 }, "limit: is not an option."],
    [{ mode: "Unfinished" }, 'mode: is none of "again", "unfinished". Did you mean "unfinished"?'],
    [{ mode: 2 }, 'mode: is none of "again", "unfinished".'],
    [{ messageIds: "m-1" }, "messageIds: is not a list."],
    [{ messageIds: ["m-1", undefined] }, "messageIds[1]: is not a string."],
    [{ triggers: "welcome" }, "triggers: is not a list."],
    [{ dryRun: "yes" }, "dryRun: is neither true nor false."],
    [{ name: ["Signed Up"] }, "name: is not a string."],
    [{ status: "duplicate" }, "status: is none of"],
    [{ receivedFrom: "2026-01-01" }, "receivedFrom: is not a date."],
    [{ receivedTo: new Date(Number.NaN) }, "receivedTo: is not a date."],
    [{ onProgress: "tell" }, "onProgress: is not a function."],
  ])("refuses %j, and sends nothing", async (wrong, message) => {
    const { source, runner } = await kept();
    await expect(source.replay({ replayId: "x", ...wrong })).rejects.toMatchObject({
      code: "CONFIG_INVALID",
      message: expect.stringContaining(message),
    });
    expect(runner.runs).toHaveLength(3);
  });

  it("refuses to do without options", async () => {
    const { source } = await kept();
    await expect(Reflect.apply(source.replay, undefined, [])).rejects.toMatchObject({
      code: "CONFIG_INVALID",
      message: expect.stringContaining("replay: takes an object of options, such as { replayId"),
    });
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

  it("what carries no time of its own happened when it was received", async () => {
    const { source, clock, send, runs } = createTestSource({
      triggers: [{ ...welcome, maxEventAge: "1h" }],
      users: ["ada"],
    });
    await send({ type: "track", event: "Signed Up", userId: "ada", messageId: "m-1" });
    await clock.advance("2h");
    await source.replay({ replayId: "late" });
    expect(runs).toHaveLength(1);
  });

  it("takes the triggers that were named, the source's own or others", async () => {
    const { source, runner } = await kept();
    source.triggers.register({ ...welcome, key: "second" });
    const sent = () => (runner.runs as RecordedRun[]).splice(0).map(({ context }) => context.trigger);
    sent();
    await source.replay({ replayId: "one", messageIds: ["m-1"], triggers: ["second"] });
    expect(sent()).toEqual(["second"]);
    const changed = defineTrigger({ ...welcome, key: "changed", recipients: { "@literal": "ada" } });
    await source.replay({ replayId: "two", messageIds: ["m-1"], triggers: [changed] });
    expect(sent()).toEqual(["changed"]);
    await source.replay({ replayId: "three", messageIds: ["m-1"] });
    expect(sent()).toEqual(["welcome", "second"]);
  });

  it("keeps to its rate, in batches, says how far it is, and can be stopped while it waits", async () => {
    const { source } = await kept();
    const progress: unknown[] = [];
    const startedAt = performance.now();
    const controller = new AbortController();
    const replay = source.replay({
      replayId: "slow",
      name: "Signed Up",
      eventsPerSecond: 20,
      signal: controller.signal,
      onProgress: ({ done, total }) => progress.push([done, total]),
    });
    await replay;
    expect(progress).toEqual([
      [1, 3],
      [2, 3],
      [3, 3],
    ]);
    expect(performance.now() - startedAt).toBeGreaterThan(140);
    const waiting = source.replay({
      replayId: "slower",
      name: "Signed Up",
      eventsPerSecond: 0.01,
      signal: controller.signal,
      onProgress: () => setTimeout(() => controller.abort(), 20),
    });
    await expect(waiting).rejects.toMatchObject({ code: "ABORTED" });
    expect(performance.now() - startedAt).toBeLessThan(5_000);
  });

  it("sends what is left, under the keys it always had, and nothing that was sent", async () => {
    const { source, runner, send, clock } = createTestSource({
      triggers: [welcome, { ...welcome, key: "stale", maxEventAge: "1h" }],
      users: ["ada"],
    });
    runner.failNext(new Error("ECONNRESET"));
    await send(signUp("ada", { messageId: "m-1" }));
    const [failed] = runner.runs.map(({ context }) => context.idempotencyKey);
    const dry = await source.replay({ mode: "unfinished", dryRun: true });
    expect([dry.replayed, runner.runs.length]).toEqual([1, 2]);
    expect(await source.replay({ mode: "unfinished", triggers: ["stale"] })).toMatchObject({ replayed: 0 });
    expect(await source.replay({ mode: "unfinished" })).toMatchObject({ replayed: 1, duplicates: 0, tooOld: 0 });
    expect(runner.runs.slice(2).map(({ context }) => context.idempotencyKey)).toEqual([failed]);
    expect(await source.replay({ mode: "unfinished" })).toMatchObject({ replayed: 0 });

    runner.failNext(new Error("ECONNRESET"), new Error("ECONNRESET"));
    await send(signUp("ada", { messageId: "m-2", timestamp: new Date(clock.now()).toISOString() }));
    await clock.advance("2h");
    expect(await source.replay({ mode: "unfinished" })).toMatchObject({ replayed: 0, tooOld: 1 });
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
    expect(text.replace(/Signed Up {2}m-\w+/g, "EVENT").split("\n")).toEqual([
      "welcome  2 events  +4 -1",
      expect.stringMatching(/EVENT( {2}not_identified → notified)?$/),
      ...Array.from({ length: 6 }, () => expect.any(String)),
      "",
      "2 of 2 events would notify somebody else.",
    ]);
    for (const line of ["    + boss", "    + teams/t-1", "    - ada"]) expect(text.split("\n")).toContain(line);
    expect(formatComparison(comparison, { maxEvents: 1, maxRecipients: 1, color: true })).toContain("and 1 more event");
    const same = await compareTriggers({ source, current: [welcome], proposed: [welcome] });
    expect(same.differences).toEqual([]);
    const broken = [defineTrigger({ ...welcome, recipients: "properties.pla" })];
    const why = await compareTriggers({ source, proposed: broken, onProgress: (_, total) => expect(total).toBe(5) });
    expect(why.differences).toMatchObject([
      { removed: ["ada"], before: { status: "pending" }, after: { status: "skipped", reason: "path_unresolved" } },
    ]);
    expect(formatComparison(why)).toMatch(/notified → path_unresolved: .*did you mean "properties.plan"/);
    const gone = await compareTriggers({ source, proposed: [] });
    expect(formatComparison(gone)).toContain("notified → not listening");
  });

  it("says what the same people would be sent differently", async () => {
    const { source } = setUp();
    await source.handleSegmentPayload([identify("ada"), signUp("ada"), identify("grace"), signUp("grace")]);
    const proposed = [
      defineTrigger({
        ...welcome,
        workflow: "welcome-2",
        actor: "userId",
        data: { tier: "properties.plan", note: { "@literal": null } },
      }),
    ];
    const comparison = await compareTriggers({ source, proposed });
    const { differences } = comparison;
    expect(differences.map(({ messageId, added, removed }) => [messageId, added, removed])).toEqual([
      ["m-grace", [], []],
      ["m-ada", [], []],
    ]);
    expect(differences[1]?.changed).toEqual([
      { field: "workflow", before: "welcome", after: "welcome-2" },
      { field: "data.plan", before: "pro" },
      { field: "actor", after: "ada" },
      { field: "data.tier", after: "pro" },
      { field: "data.note", after: null },
    ]);
    const lines = formatComparison(comparison).split("\n");
    expect(lines[0]).toBe("welcome  2 events  +0 -0 ~10");
    expect(lines).toContain('    ~ workflow: "welcome" → "welcome-2"');
    expect(lines).toContain('    ~ data.plan: "pro" → nothing');
    expect(lines).toContain("    ~ data.note: nothing → null");
    expect(lines.at(-1)).toBe("0 of 4 events would notify somebody else. 2 would send the same people something else.");
  });

  it("tells events apart that came without an id and are the same without what is redacted", async () => {
    const { source } = createTestSource({ triggers: [welcome], redact: ["properties.card"], unidentified: "create" });
    const paid = (card: string) => ({ type: "track", event: "Signed Up", userId: "ada", properties: { card } });
    await source.handleSegmentPayload([paid("4111"), paid("5500")]);
    const { differences } = await compareTriggers({ source, proposed: [] });
    const stored = (await source.events.list()).items.map(({ record }) => record.messageId);
    expect(differences.map(({ messageId }) => messageId).sort()).toEqual([...stored].sort());
    expect(differences).toHaveLength(2);
  });
});
