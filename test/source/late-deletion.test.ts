import { createSegmentSource, defineTrigger, functionRunner, memoryStorage, runnerError, type Storage } from "bellwire";
import { failOn, identify, recordingRunner, track } from "bellwire/testing";
import { describe, expect, it } from "vitest";

const ago = (minutes: number) => ({ timestamp: new Date(Date.now() - minutes * 60_000).toISOString() });
const mention = defineTrigger({
  key: "mention",
  event: "Mentioned",
  workflow: "mention",
  recipients: "properties.who",
  actor: "properties.by",
});
const setUp = (storage: Storage = memoryStorage()) => {
  const forgotten: string[] = [];
  const runner = {
    ...functionRunner(() => undefined),
    identify: async () => undefined,
    forget: async ({ userIds }: { readonly userIds: readonly string[] }) => {
      forgotten.push(...userIds);
    },
  };
  const make = (on: Storage) => createSegmentSource({ storage: on, runner, triggers: [mention] });
  return { storage, forgotten, make, source: make(storage) };
};
const deletion = (userId: string, minutes: number) => ({
  type: "delete",
  userId,
  messageId: `delete-${userId}`,
  ...ago(minutes),
});

describe("a deletion that comes late, or a second time", () => {
  it("erases what was said until it was asked for, and nothing that was said later", async () => {
    const { source, forgotten } = setUp();
    await source.handleSegmentPayload([
      identify("ada", { email: "old@example.com" }, ago(60)),
      { type: "group", groupId: "old", userId: "ada", ...ago(60) },
      track("Mentioned", { who: "ada" }, { userId: "ada", messageId: "old", ...ago(50) }),
    ]);
    const later = [
      identify("ada", { name: "Ada" }, ago(10)),
      { type: "group", groupId: "acme", userId: "ada", ...ago(10) },
      track("Mentioned", { who: ["ada", "bob"] }, { userId: "grace", messageId: "new", ...ago(5) }),
    ];
    await source.handleSegmentPayload(later);
    for (const status of ["processed", "duplicate"]) {
      const { events } = await source.handleSegmentPayload({ ...deletion("ada", 30) });
      expect(events[0]?.status).toBe(status);
      expect(await source.users.get("ada")).toMatchObject({ email: null, name: "Ada" });
      expect((await source.groups.members("old")).items).toEqual([]);
      expect((await source.groups.members("acme")).items).toEqual(["ada"]);
    }
    expect((await source.events.get("old"))?.record.payload).toBe(null);
    expect(forgotten).toEqual([]);
    expect(await source.users.delete("ada")).toBe(true);
    expect(forgotten).toEqual(["ada"]);
  });

  it("by the host itself erases all that is known by then, also what a fast clock says is of later", async () => {
    const { source } = setUp();
    await source.handleSegmentPayload([
      identify("ada", { email: "a@example.com" }, ago(-3)),
      track("Opened", {}, { userId: "ada", messageId: "fast", ...ago(-3) }),
    ]);
    expect(await source.users.delete("ada")).toBe(true);
    expect(await source.users.get("ada")).toBe(null);
    expect((await source.events.get("fast"))?.record.userId).toBe(null);
  });
});

it("an alias of before the deletion of either changes nobody, and says so", async () => {
  const { source } = setUp();
  await source.users.identify({ id: "x", at: new Date(Date.now() - 3_600_000), email: "x@example.com" });
  await source.handleSegmentPayload(deletion("ada", 30));
  for (const [previousId, userId] of [
    ["x", "ada"],
    ["ada", "x"],
    ["ada", "nobody"],
  ]) {
    const { events } = await source.handleSegmentPayload({ type: "alias", userId, previousId, ...ago(40) });
    expect(events[0]).toMatchObject({ status: "ignored", reason: "user_deleted" });
    expect(events[0]?.user).toBeUndefined();
    expect(await source.users.get("ada")).toBe(null);
    expect(await source.users.get("nobody")).toBe(null);
    expect((await source.users.get("x"))?.email).toBe("x@example.com");
  }
});

describe("an erasure that is interrupted", () => {
  const calls = [
    "events.erase",
    "users.markDeleted",
    "groups.eraseMember",
    "events.eraseMentions",
    "users.delete",
  ] as const;
  it.each(calls.flatMap((call) => [1, 2, 3].map((number) => [call, number] as const)))(
    "at call %s, %s, is completed by the next delivery, under all ids",
    async (call, number) => {
      const { storage, source, make, forgotten } = setUp();
      await source.handleSegmentPayload([
        identify("old-id", { email: "a@example.com" }, ago(60)),
        track("Mentioned", { who: "old-id" }, { userId: "old-id", messageId: "theirs", ...ago(50) }),
        track("Opened", {}, { anonymousId: "phone", messageId: "visit", ...ago(50) }),
        { type: "group", groupId: "acme", userId: "old-id", ...ago(50) },
        identify("ada", {}, { anonymousId: "phone", ...ago(40) }),
        { type: "alias", userId: "ada", previousId: "old-id", messageId: "alias", ...ago(40) },
      ]);
      const broken = make(failOn(storage, call, { calls: [number] }));
      await broken.handleSegmentPayload(deletion("ada", 10)).catch(() => undefined);
      await source.handleSegmentPayload(deletion("ada", 10));
      const kept = await storage.events.list({ environment: "default", limit: 100 });
      expect(kept.items.filter(({ userId, anonymousId }) => userId !== null || anonymousId !== null)).toEqual([]);
      expect(await source.users.get("old-id")).toBe(null);
      expect((await source.groups.members("acme")).items).toEqual([]);
      expect([...new Set(forgotten)].sort()).toEqual(["ada", "old-id", "phone"]);
    },
  );
});

it("an id that the sender writes as a number is taken out of other people's requests", async () => {
  const runner = recordingRunner();
  const storage = memoryStorage();
  const source = createSegmentSource({ storage, runner, triggers: [mention], unidentified: "create" });
  runner.failNext(runnerError("retryable", "busy"));
  const by = { id: 42, email: "a@example.com" };
  await source.handleSegmentPayload(
    track("Mentioned", { who: ["bob"], by, seats: 421 }, { userId: "grace", messageId: "m", ...ago(50) }),
  );
  await source.handleSegmentPayload({ type: "delete", userId: 42, ...ago(10) });
  const { items } = await storage.runs.list({ environment: "default", limit: 10 });
  expect(items.map(({ request }) => JSON.parse(request).data)).toEqual([{ who: ["bob"], by: null, seats: 421 }]);
});
