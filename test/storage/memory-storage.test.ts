import { describe, expect, it } from "vitest";
import { memoryStorage } from "../../src/storage/memory-storage.js";
import { manualClock } from "../../src/testing/manual-clock.js";
import { storageConformance } from "../../src/testing/storage-conformance.js";
import { eventWithRun, newEvent, newRun, recordParams, resultOf, scope } from "../../src/testing/storage-fixtures.js";

describe("memoryStorage conforms", () => {
  const cases = storageConformance(() => {
    const clock = manualClock(new Date());
    return { storage: memoryStorage({ clock }), advance: (ms) => clock.advance(ms), dispose: () => undefined };
  });
  for (const { name, run } of cases) it(name, run);
});

describe("memoryStorage is bounded", () => {
  it("forgets the oldest finished events, and never an unfinished one", async () => {
    const { events } = memoryStorage({ maxEvents: 3 });
    await events.record(
      recordParams([eventWithRun("pending"), newEvent("a"), newEvent("b"), newEvent("c"), newEvent("d")]),
    );
    const kept = await events.list({ environment: scope.environment, limit: 10 });
    expect(kept.items.map((event) => event.messageId).sort()).toEqual(["c", "d", "pending"]);
  });

  it("keeps going when nothing is finished", async () => {
    const { events } = memoryStorage({ maxEvents: 2 });
    await events.record(recordParams(["a", "b", "c", "d"].map(eventWithRun)));
    expect((await events.list({ environment: scope.environment, limit: 10 })).items).toHaveLength(4);
  });

  it("holds its bound over many events", async () => {
    const { events } = memoryStorage({ maxEvents: 100 });
    for (let round = 0; round < 50; round += 1) {
      await events.record(recordParams(Array.from({ length: 20 }, (_, index) => newEvent(`m${round}-${index}`))));
    }
    const kept = await events.list({ environment: scope.environment, limit: 500 });
    expect(kept.items).toHaveLength(100);
    expect(await events.get({ ...scope, messageId: "m49-19" })).not.toBeNull();
  });

  it("keeps fewer events where they have many recipients or runs", async () => {
    const { events, runs } = memoryStorage({ maxEvents: 2 });
    const recipients = Array.from({ length: 30 }, (_, index) => ({ recipient: `user-${index}`, run: 0 }));
    const trigger = {
      trigger: "t",
      workflow: "w",
      action: "trigger",
      status: "planned",
      recipients,
      runs: [],
    } as const;
    const withRecipients = (messageId: string) => newEvent(messageId, { decision: { triggers: [trigger] } });
    const ids = async () =>
      (await events.list({ environment: scope.environment, limit: 10 })).items.map(({ messageId }) => messageId).sort();
    for (const messageId of ["a", "b", "c"]) await events.record(recordParams([withRecipients(messageId)]));
    expect(await ids()).toEqual(["c"]);
    const many = Array.from({ length: 30 }, (_, index) => newRun(`run-${index}`));
    const [recorded] = await events.record(recordParams([newEvent("d", { runs: many })]));
    await runs.settle({ results: (recorded?.claimed ?? []).map((claimed) => resultOf(claimed)) });
    await events.record(recordParams([newEvent("e")]));
    expect(await ids()).toEqual(["d", "e"]);
  });

  it("forgets the oldest users", async () => {
    const { users } = memoryStorage({ maxUsers: 2 });
    const at = new Date();
    await users.update({ environment: "e", changes: ["a", "b", "c"].map((id) => ({ id, at, attributes: {} })) });
    expect([...(await users.known({ environment: "e", ids: ["a", "b", "c"] })).keys()]).toEqual(["b", "c"]);
  });

  it("answers who is known as a map of those who were asked about", async () => {
    const { users } = memoryStorage();
    const at = new Date();
    await users.update({ environment: "e", changes: ["a", "b", "phone"].map((id) => ({ id, at, attributes: {} })) });
    await users.merge?.({ environment: "e", from: "phone", into: "a" });
    const known = await users.known({ environment: "e", ids: ["a", "phone", "nobody", "a"] });
    const listed: string[][] = [];
    known.forEach((current, id) => void listed.push([id, current]));
    expect(listed).toEqual([...known]);
    expect([listed, [...known.values()], known.size, known.has("nobody")]).toEqual([
      [
        ["a", "a"],
        ["phone", "a"],
      ],
      ["a", "a"],
      2,
      false,
    ]);
  });
});
