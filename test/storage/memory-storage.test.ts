import { describe, expect, it } from "vitest";
import { memoryStorage } from "../../src/storage/memory-storage.js";
import { manualClock } from "../../src/testing/manual-clock.js";
import { storageConformance } from "../../src/testing/storage-conformance.js";
import { eventWithRun, newEvent, recordParams, scope } from "../../src/testing/storage-fixtures.js";

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

  it("forgets the oldest users", async () => {
    const { users } = memoryStorage({ maxUsers: 2 });
    const at = new Date();
    await users.update({ environment: "e", changes: ["a", "b", "c"].map((id) => ({ id, at, attributes: {} })) });
    expect([...(await users.known({ environment: "e", ids: ["a", "b", "c"] })).keys()]).toEqual(["b", "c"]);
  });
});
