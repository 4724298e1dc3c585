import { createSegmentSource, defineTrigger, memoryStorage, type SegmentSourceOptions } from "bellwire";
import { identify, recordingRunner, track } from "bellwire/testing";
import { describe, expect, it } from "vitest";

const at = (second: number) => ({ timestamp: new Date(Date.UTC(2026, 0, 1, 0, 0, second)).toISOString() });
const welcome = defineTrigger({ key: "welcome", event: "Signed Up", workflow: "welcome", recipients: "userId" });
const setUp = (options: Partial<SegmentSourceOptions> = {}) => {
  const runner = recordingRunner();
  return {
    runner,
    source: createSegmentSource({ storage: memoryStorage(), runner, triggers: [welcome], ...options }),
  };
};
const visit = (second: number, traits: object, anonymousId = "phone") => ({
  type: "identify",
  anonymousId,
  traits,
  ...at(second),
});
const signIn = (second: number, userId: string, anonymousId = "phone") =>
  identify(userId, {}, { anonymousId, ...at(second) });

describe("what visitors say", () => {
  it("is kept, and told as such, until an identify with both ids makes it the user's", async () => {
    const { source } = setUp();
    const { events } = await source.handleSegmentPayload(visit(1, { plan: "pro", email: "ada@example.com" }));
    expect(events[0]).toMatchObject({ status: "processed", user: { id: "phone", status: "anonymous" } });
    expect(await source.users.get("phone")).toBeNull();
    const signedIn = await source.handleSegmentPayload(signIn(2, "ada"));
    expect(signedIn.events[0]?.user).toEqual({ id: "ada", status: "created" });
    expect(await source.users.get("ada")).toMatchObject({ email: "ada@example.com", properties: { plan: "pro" } });
  });

  it.each([
    ["an identify with both ids", signIn(3, "ada")],
    ["an alias", { type: "alias", previousId: "phone", userId: "ada", ...at(3) }],
  ])("%s: in whatever order it all arrives, one user", async (_, tie) => {
    const all = [
      visit(1, { plan: "free", seen: "pricing" }),
      visit(2, { plan: "trial" }),
      tie,
      identify("ada", { plan: "pro" }, at(4)),
    ];
    for (const order of permutations(all)) {
      const { source } = setUp();
      for (const event of order) await source.handleSegmentPayload(event);
      expect((await source.users.get("ada"))?.properties).toEqual({ plan: "pro", seen: "pricing" });
    }
    const { source } = setUp();
    await source.handleSegmentPayload(all);
    expect((await source.users.get("ada"))?.properties).toEqual({ plan: "pro", seen: "pricing" });
  });

  it("a second user of the same device gets nothing, in whatever order; what is said after a sign-in is nobody's", async () => {
    const all = [visit(1, { secret: "ada's" }), signIn(2, "ada"), visit(3, { whose: "?" }), signIn(4, "bob")];
    for (const order of permutations(all)) {
      const { source } = setUp();
      for (const event of order) await source.handleSegmentPayload(event);
      expect((await source.users.get("ada"))?.properties).toEqual({ secret: "ada's" });
      expect((await source.users.get("bob"))?.properties).toEqual({});
    }
    const { source } = setUp();
    await source.handleSegmentPayload(all.slice(0, 2));
    const { events } = await source.handleSegmentPayload(all.slice(2, 3));
    expect(events[0]).toMatchObject({ status: "ignored", reason: "said_after_sign_in" });
    expect(events[0]?.detail?.message).toContain("reset()");
  });

  it("said late, but of before: the engine is told of the user again", async () => {
    const told: string[][] = [];
    const runner = {
      ...recordingRunner(),
      identify: async ({ users }: { users: readonly { id: string; email: string | null }[] }) =>
        void told.push(users.map(({ id, email }) => `${id} ${email}`)),
    };
    const { source } = setUp({ runner });
    await source.handleSegmentPayload(signIn(2, "ada"));
    const { events } = await source.handleSegmentPayload(visit(1, { email: "ada@example.com" }));
    expect(events[0]?.user).toMatchObject({ id: "ada", status: "updated" });
    expect(told).toEqual([["ada null"], ["ada ada@example.com"]]);
  });

  it("with identifyFrom, of any event of theirs", async () => {
    const { source } = setUp({ identifyFrom: "context.traits" });
    const event = { anonymousId: "phone", context: { traits: { seen: "docs" } }, ...at(1) };
    await source.handleSegmentPayload([{ ...track("Viewed", {}), userId: null, ...event }, signIn(2, "ada")]);
    expect((await source.users.get("ada"))?.properties).toEqual({ seen: "docs" });
  });

  it("goes with time when nobody signs in, and stays with whoever did", async () => {
    const { manualClock } = await import("bellwire/testing");
    const clock = manualClock(new Date(Date.UTC(2026, 0, 1)));
    const { source } = setUp({ clock, storage: memoryStorage({ clock }) });
    await source.handleSegmentPayload([visit(1, { a: 1 }), visit(1, { b: 1 }, "laptop"), signIn(2, "ada", "laptop")]);
    await clock.advance("31d");
    await source.maintain();
    await source.handleSegmentPayload(signIn(3, "ada"));
    expect((await source.users.get("ada"))?.properties).toEqual({ b: 1 });
  });

  it("is nothing where identify is switched off, or where the users store keeps none", async () => {
    const off = setUp({ environments: { production: { identify: false } } });
    expect((await off.source.handleSegmentPayload(visit(1, {}))).events[0]?.reason).toBe("identify_disabled");
    const storage = memoryStorage();
    const { update, find, delete: forget } = storage.users;
    const plain = setUp({ storage: { ...storage, users: { update, find, delete: forget } } });
    const alias = { type: "alias", previousId: "phone", userId: "ada" };
    const { events } = await plain.source.handleSegmentPayload([visit(1, {}), alias]);
    expect(events.map(({ status, reason }) => [status, reason])).toEqual([
      ["ignored", "no_user_id"],
      ["ignored", "alias_unsupported"],
    ]);
    await expect(plain.source.users.merge({ from: "phone", into: "ada" })).rejects.toMatchObject({
      code: "STORAGE_UNSUPPORTED",
    });
    await plain.source.handleSegmentPayload([identify("ada"), track("Signed Up", {}, { userId: "ada" })]);
    expect(plain.runner.runs).toHaveLength(1);
  });
});

function permutations<Item>(items: readonly Item[]): readonly (readonly Item[])[] {
  if (items.length <= 1) return [items];
  return items.flatMap((item, index) =>
    permutations(items.filter((_, other) => other !== index)).map((rest) => [item, ...rest]),
  );
}
