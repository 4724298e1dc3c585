import { createSegmentSource, defineTrigger, memoryStorage, type SegmentSourceOptions } from "bellwire";
import { identify, recordingRunner, track } from "bellwire/testing";
import { describe, expect, it } from "vitest";

const welcome = defineTrigger({ key: "welcome", event: "Signed Up", workflow: "welcome", recipients: "userId" });
const setUp = (options: Partial<SegmentSourceOptions> = {}) => {
  const runner = recordingRunner();
  const source = createSegmentSource({ storage: memoryStorage(), runner, triggers: [welcome], ...options });
  return { runner, source };
};
const signUp = (userId: string, members = {}) => track("Signed Up", {}, { userId, ...members });
const at = (second: number) => ({ timestamp: new Date(Date.UTC(2026, 0, 1, 0, 0, second)).toISOString() });

describe("identifyFrom", () => {
  it("makes the user of any event known before its triggers run", async () => {
    const { source, runner } = setUp({ identifyFrom: "context.traits" });
    const event = signUp("ada", { context: { traits: { email: "ada@example.com" } } });
    const { events } = await source.handleSegmentPayload(event);
    expect(events[0]).toMatchObject({ user: { id: "ada", status: "created" }, triggers: [{ status: "triggered" }] });
    expect(runner.runs).toHaveLength(1);
    expect((await source.users.get("ada"))?.email).toBe("ada@example.com");
  });

  it("does nothing where identify is switched off", async () => {
    const { source } = setUp({ identifyFrom: "context.traits", environments: { production: { identify: false } } });
    const { events } = await source.handleSegmentPayload(signUp("ada", { context: { traits: {} } }));
    expect(events[0]?.triggers[0]?.reason).toBe("not_identified");
  });
});

describe("alias", () => {
  const alias = { type: "alias", previousId: "anon", userId: "ada", ...at(2) };
  const events = [
    identify("anon", { email: "old@example.com", plan: "free" }, at(1)),
    alias,
    identify("ada", { plan: "pro" }, at(3)),
    identify("anon", { city: "London" }, at(4)),
  ];

  it("makes one user of two, in whatever order it all arrives", async () => {
    for (const order of permutations(events)) {
      const { source } = setUp();
      for (const event of order) await source.handleSegmentPayload(event);
      const expected = { id: "ada", email: "old@example.com", properties: { plan: "pro", city: "London" } };
      expect(await source.users.get("anon")).toMatchObject(expected);
      expect(await source.users.get("ada")).toMatchObject(expected);
    }
  });

  it("an event of the old id notifies the user under the new one, once", async () => {
    const { source, runner } = setUp({
      triggers: [welcome, defineTrigger({ key: "all", event: "Told", workflow: "told", recipients: "properties.ids" })],
    });
    await source.handleSegmentPayload(events);
    await source.handleSegmentPayload([signUp("anon"), track("Told", { ids: ["anon", "ada"] })]);
    expect(runner.runs.map(({ request }) => request.recipients)).toEqual([["ada"], ["ada"]]);
  });

  it.each<[string[], string[], string[]]>([
    [["anon", "ada", "x"], ["x"], ["anon", "ada"]],
    [["ada", "x"], ["x"], ["ada"]],
    [["ada"], [], ["ada"]],
  ])("the actor is not told by another id either: of %j %j is told", async (ids, told, left) => {
    const trigger = { key: "all", event: "Told", workflow: "told", recipients: "properties.ids" } as const;
    const { source, runner } = setUp({
      triggers: [defineTrigger({ ...trigger, actor: "userId", excludeActor: true })],
    });
    await source.handleSegmentPayload([...events, identify("x", {})]);
    const result = await source.handleSegmentPayload(track("Told", { ids }, { userId: "anon" }));
    const [outcome] = result.events[0]?.triggers ?? [];
    expect(runner.runs.flatMap(({ request }) => request.recipients)).toEqual(told);
    expect(runner.runs.every(({ request }) => request.actor === "ada")).toBe(true);
    expect(outcome?.reason).toBe(told.length === 0 ? "no_recipients" : undefined);
    const excluded = outcome?.recipients.filter(({ reason }) => reason === "is_actor");
    expect(excluded?.map(({ recipient }) => recipient).sort()).toEqual(left.sort());
  });

  it("says what became of it, and of one that says nothing", async () => {
    const { source } = setUp();
    const { events: outcomes } = await source.handleSegmentPayload([
      alias,
      { type: "alias", userId: "ada", previousId: "ada" },
      { type: "alias", userId: "ada" },
    ]);
    expect(outcomes.map(({ status, reason, user }) => [status, reason, user?.status])).toEqual([
      ["processed", undefined, "merged"],
      ["ignored", "no_user_id", undefined],
      ["ignored", "no_user_id", undefined],
    ]);
    expect(outcomes.map(({ detail }) => detail?.message)).toEqual([
      undefined,
      expect.stringContaining("nothing to merge"),
      expect.stringContaining("names nobody"),
    ]);
  });

  it("releases what is held for either id", async () => {
    const { source, runner } = setUp({ unidentified: { hold: "1h", then: "skip" } });
    await source.handleSegmentPayload(signUp("anon"));
    await source.handleSegmentPayload(identify("ada"));
    expect(runner.runs).toEqual([]);
    await source.handleSegmentPayload(alias);
    expect(runner.runs).toHaveLength(1);
  });
});

describe("delete", () => {
  it.each<[string, object]>([
    ["the short form", { type: "delete", userId: "ada", timestamp: "2026-02-01T00:00:00Z" }],
    [
      "the long form",
      { type: "delete", userId: "ada", context: [], messageId: "ada::delete::1", timestamp: "2026-02-01T00:00:00Z" },
    ],
    ["with null for a context", { type: "delete", userId: "ada", context: null, timestamp: "2026-02-01T00:00:00Z" }],
  ])("%s: user, events, held and planned runs go, and nothing kept names them", async (_, deletion) => {
    const forgotten: string[][] = [];
    const storage = memoryStorage();
    const runner = {
      ...recordingRunner(),
      forget: async ({ userIds }: { userIds: readonly string[] }) => void forgotten.push([...userIds]),
    };
    const options = { runner, triggers: [welcome], unidentified: { hold: "1h", then: "skip" } } as const;
    const source = createSegmentSource({ ...options, storage, dispatch: "background" });
    await source.handleSegmentPayload([identify("ada", { email: "ada@example.com" }, at(1)), signUp("ada", at(2))]);
    await source.handleSegmentPayload(track("Signed Up", {}, { userId: "grace", ...at(3) }));

    const { events } = await source.handleSegmentPayload(deletion);
    expect(events[0]).toMatchObject({ status: "processed", user: { id: "ada", status: "deleted" } });
    expect(forgotten).toEqual([["ada"]]);
    expect(await source.users.get("ada")).toBeNull();
    expect(await source.recover()).toMatchObject({ claimed: 0 });
    const { items } = await source.events.list();
    // A hash may hold any three letters by chance.
    expect(JSON.stringify(items)).not.toMatch(/"ada|ada@|ada::/);
    expect((await source.handleSegmentPayload(deletion)).events[0]?.status).toBe("duplicate");

    // A late retry from before does not bring them back; a new life does.
    await source.handleSegmentPayload(identify("ada", { email: "late@example.com" }, { ...at(4), messageId: "late" }));
    expect(await source.users.get("ada")).toBeNull();
    await source.handleSegmentPayload(
      identify("ada", { email: "new@example.com" }, { timestamp: "2026-03-01T00:00:00Z" }),
    );
    expect((await source.users.get("ada"))?.email).toBe("new@example.com");
  });

  it("a merged user goes with every id", async () => {
    const { source } = setUp();
    await source.handleSegmentPayload([
      identify("anon", {}, at(1)),
      { type: "alias", previousId: "anon", userId: "ada", ...at(2) },
    ]);
    await source.handleSegmentPayload({ type: "delete", userId: "anon", ...at(3) });
    expect(await source.users.get("ada")).toBeNull();
    expect(JSON.stringify((await source.events.list()).items)).not.toMatch(/anon"|"ada"/);
  });

  it("is done also where identify is switched off, and says when it names nobody", async () => {
    const { source } = setUp({ environments: { production: { identify: false } } });
    await source.users.identify({ id: "ada" });
    const { events } = await source.handleSegmentPayload([{ type: "delete", userId: "ada" }, { type: "delete" }]);
    expect(events.map(({ status, reason }) => [status, reason])).toEqual([
      ["processed", undefined],
      ["ignored", "no_user_id"],
    ]);
    expect(await source.users.get("ada")).toBeNull();
  });

  it("an engine that can not delete fails nothing, and is reported", async () => {
    const runner = { ...recordingRunner(), forget: () => Promise.reject(new Error("down")) };
    const source = createSegmentSource({ storage: memoryStorage(), runner });
    const errors: string[] = [];
    source.on("error", ({ error }) => errors.push(error.message));
    await source.users.identify({ id: "ada" });
    expect(await source.users.delete("ada")).toBe(true);
    expect(errors[0]).toContain("by hand");
  });
});

function permutations<Item>(items: readonly Item[]): readonly (readonly Item[])[] {
  if (items.length <= 1) return [items];
  return items.flatMap((item, index) =>
    permutations(items.filter((_, other) => other !== index)).map((rest) => [item, ...rest]),
  );
}
