import { createSegmentSource, defineTrigger, memoryStorage } from "bellwire";
import { recordingRunner, track } from "bellwire/testing";
import { expect, it } from "vitest";

const trigger = defineTrigger({ key: "t", event: "Shared", workflow: "w", recipients: "properties.with" });

it.each([1, 99, 100, 1_000])("of %i recipients each is told of, whoever reads it and how", async (count) => {
  const people = Array.from({ length: count }, (_, index) => `user-${index}`);
  const storage = memoryStorage();
  const source = createSegmentSource({
    storage,
    runner: recordingRunner(),
    triggers: [trigger],
    unidentified: "create",
  });
  const { events } = await source.handleSegmentPayload(track("Shared", { with: people }, { messageId: "m" }));
  const [outcome] = events[0]!.triggers;
  const told = people.map((recipient) => ({ recipient, status: "triggered" }));
  expect(outcome).toEqual(expect.objectContaining({ recipients: told }));
  expect({ ...outcome }.recipients).toEqual(told);
  expect(Object.keys(outcome!)).toContain("recipients");
  expect(JSON.parse(JSON.stringify(outcome)).recipients).toEqual(told);
  expect(structuredClone(outcome!.recipients)).toEqual(told);
  expect(outcome!.recipients).toBe(outcome!.recipients);

  const stored = await storage.events.get({ environment: "default", source: "segment", messageId: "m" });
  const decided = people.map((recipient) => ({ recipient, run: 0 }));
  expect(stored?.decision.triggers[0]?.recipients).toEqual(decided);
  expect(JSON.parse(JSON.stringify(stored?.decision)).triggers[0].recipients).toEqual(decided);
});

it("memory keeps less of events with many recipients, as many as it may in all", async () => {
  const storage = memoryStorage({ maxEvents: 10 });
  const source = createSegmentSource({
    storage,
    runner: recordingRunner(),
    triggers: [trigger],
    unidentified: "create",
  });
  const people = Array.from({ length: 150 }, (_, index) => `user-${index}`);
  for (let index = 0; index < 5; index += 1)
    await source.handleSegmentPayload(track("Shared", { with: people }, { messageId: `m-${index}` }));
  // Twenty parts for each of ten events; one of these has a run and 150 recipients.
  const { items } = await source.events.list();
  expect(items.map(({ record }) => record.messageId)).toEqual(["m-4"]);
});
