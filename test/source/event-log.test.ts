import { createSegmentSource, defineTrigger, memoryStorage, runnerError } from "bellwire";
import { identify, manualClock, recordingRunner, track } from "bellwire/testing";
import { describe, expect, it } from "vitest";

const welcome = defineTrigger({ key: "welcome", event: "Signed Up", workflow: "welcome", recipients: "userId" });

async function setUp() {
  const clock = manualClock(new Date("2026-03-01T12:00:00Z"));
  const runner = recordingRunner();
  const storage = memoryStorage({ clock });
  const source = createSegmentSource({ clock, storage, runner, triggers: [welcome], unidentified: "create" });
  const send = async (event: object) => {
    await source.handleSegmentPayload(event);
    await clock.advance("1m");
  };
  runner.failNext(runnerError("permanent", "no"));
  await send(track("Signed Up", {}, { userId: "ada", messageId: "ajs-1" }));
  await send(track("Signed Up", {}, { userId: "grace", messageId: "ajs-2" }));
  await send(track("Plan Signed", {}, { userId: "ada", messageId: "node-1" }));
  await source.environments.update({ identify: false });
  await send(identify("alan", {}, { messageId: "node-2" }));
  const found = async (options: Parameters<typeof source.events.list>[0]) =>
    (await source.events.list(options)).items.map(({ record }) => record.messageId);
  return { source, clock, found };
}

describe("events.list", () => {
  it.each([
    ["the start of a messageId", "ajs", ["ajs-2", "ajs-1"]],
    ["a whole messageId", "node-1", ["node-1"]],
    ["a user id", "ada", ["node-1", "ajs-1"]],
    ["a part of a name, whatever its case", "signed", ["node-1", "ajs-2", "ajs-1"]],
    ["a name with space around it", " Plan Signed ", ["node-1"]],
    ["what is nowhere", "linus", []],
    ["nothing", "  ", ["node-2", "node-1", "ajs-2", "ajs-1"]],
  ])("finds by %s", async (_, search, expected) => {
    const { found } = await setUp();
    expect(await found({ search })).toEqual(expected);
  });

  it.each([
    [{ reason: "no_matching_trigger" }, ["node-1"]],
    [{ reason: "identify_disabled" }, ["node-2"]],
    [{ reason: "trigger_failed" }, ["ajs-1"]],
    [{ reason: "trigger_failed", status: "processed" }, []],
    [{ reason: "no_matching_trigger", status: "ignored" }, ["node-1"]],
    [{ reason: "already_processed" }, []],
    [{ reason: "trigger_failed", search: "grace" }, []],
    [{ search: "signed", status: "processed" }, ["ajs-2"]],
  ] as const)("filters by the reason that is shown: %j", async (filter, expected) => {
    const { source, found } = await setUp();
    expect(await found(filter)).toEqual(expected);
    for (const { outcome } of (await source.events.list(filter)).items) {
      if ("reason" in filter) expect(outcome.reason).toBe(filter.reason);
    }
  });

  it.each<[object, string]>([
    [{ receivedFrom: "2026-01-01" }, "receivedFrom: is not a date."],
    [{ event: "Signed Up" }, "event: is not an option."],
    [{ statuss: "failed" }, "statuss: is not an option. Did you mean status?"],
    [{ reason: "because" }, "reason: is none of"],
  ])("refuses %j", async (wrong, message) => {
    const { source } = await setUp();
    await expect(source.events.list(wrong)).rejects.toMatchObject({
      code: "CONFIG_INVALID",
      message: expect.stringContaining(message),
    });
  });
});

describe("events.timeline", () => {
  it("counts what was received and what failed, part by part", async () => {
    const { source, clock } = await setUp();
    const [from, to] = [new Date("2026-03-01T12:00:00Z"), new Date(clock.now())];
    expect(await source.events.timeline({ from, to, buckets: 2 })).toEqual([
      { startsAt: from, count: 2, failed: 1 },
      { startsAt: new Date("2026-03-01T12:02:00Z"), count: 2, failed: 0 },
    ]);
  });

  it.each([
    [{ buckets: 0 }, "buckets: 0"],
    [{ buckets: 501 }, "buckets: 501"],
    [{ buckets: 1.5 }, "buckets: 1.5"],
    [{ to: new Date(0) }, "to:"],
    [{ from: new Date(Number.NaN) }, "from: is not a date"],
  ])("refuses %j", async (wrong, message) => {
    const { source } = await setUp();
    const span = { from: new Date(0), to: new Date(1), buckets: 1, ...wrong };
    await expect(source.events.timeline(span)).rejects.toMatchObject({
      code: "CONFIG_INVALID",
      message: expect.stringContaining(message),
    });
  });
});
