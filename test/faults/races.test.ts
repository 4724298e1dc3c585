import { createSegmentSource, defineTrigger, memoryStorage } from "bellwire";
import { identify, recordingRunner, track } from "bellwire/testing";
import { afterAll, describe, expect, it } from "vitest";
import type { Storage } from "../../src/storage/storage.js";
import { type FaultTarget, openStorage, useSharedDatabases } from "../support/fault-storage.js";

const { stores } = useSharedDatabases();
const closers: (() => Promise<unknown>)[] = [];
afterAll(async () => {
  for (const close of closers) await close();
});

let places = 0;
const migrated = async (locate: (label: string) => FaultTarget): Promise<Storage> => {
  places += 1;
  const { storage, close } = openStorage(locate(`races_${places}`));
  closers.push(close);
  await storage.migrate();
  return storage;
};
const welcome = defineTrigger({ key: "welcome", event: "Signed Up", workflow: "welcome", recipients: "userId" });
const signUp = (id: string) => [
  identify(id, { email: `${id}@example.com` }, { messageId: `i-${id}`, timestamp: "2026-01-01T00:00:00Z" }),
  track("Signed Up", {}, { userId: id, messageId: `m-${id}`, timestamp: "2026-01-01T00:00:01Z" }),
];

describe.each<readonly [string, () => Promise<Storage>]>([
  ["memory", async () => memoryStorage()],
  ...stores.map(([name, locate]) => [name, () => migrated(locate)] as const),
])("changes while runs are pending, on %s", (_, open) => {
  const pending = async () => {
    const runner = recordingRunner();
    const storage = await open();
    const options = { storage, runner, dispatch: "background" as const };
    const source = createSegmentSource({ ...options, triggers: [welcome] });
    await source.handleSegmentPayload(signUp("ada"));
    expect(runner.runs).toEqual([]);
    return { runner, storage, source, options };
  };

  it.each<readonly [string, (context: Awaited<ReturnType<typeof pending>>) => Promise<unknown>]>([
    ["switched off", ({ source }) => source.triggers.disable("welcome")],
    ["unregistered", async ({ source }) => source.triggers.unregister("welcome")],
    [
      "edited",
      async ({ source }) => {
        source.triggers.unregister("welcome");
        source.triggers.register({ ...welcome, workflow: "another", recipients: "properties.nobody" });
      },
    ],
  ])(
    "a trigger that is %s: what was planned is sent as it was planned, what comes later is not",
    async (_name, change) => {
      const context = await pending();
      await change(context);
      expect(await context.source.recover()).toMatchObject({ claimed: 1, succeeded: 1 });
      expect(context.runner.runs.map(({ request }) => [request.workflow, request.recipients])).toEqual([
        ["welcome", ["ada"]],
      ]);
      await context.source.handleSegmentPayload(track("Signed Up", {}, { userId: "ada" }));
      expect(await context.source.recover()).toMatchObject({ claimed: 0 });
    },
  );

  it("a trigger that only the process knew which is gone: another one sends what was planned", async () => {
    const { options, runner } = await pending();
    expect(await createSegmentSource(options).recover()).toMatchObject({ claimed: 1, succeeded: 1 });
    expect(runner.runs).toHaveLength(1);
  });

  it("a user who is deleted: their runs are not sent, and a late redelivery does not bring them back", async () => {
    const { source, runner } = await pending();
    await source.users.delete("ada");
    expect(await source.recover()).toMatchObject({ claimed: 0 });
    const { events } = await source.handleSegmentPayload(signUp("ada"));
    expect(events.map(({ status }) => status)).toEqual(["duplicate", "duplicate"]);
    expect(await source.users.get("ada")).toBeNull();
    expect(runner.runs).toEqual([]);
  });

  it("a user who is deleted while their run is being sent: what came of it is not written down", async () => {
    const storage = await open();
    let called = () => {};
    const calling = new Promise<void>((resolve) => {
      called = resolve;
    });
    let answer = () => {};
    const source = createSegmentSource({
      storage,
      triggers: [welcome],
      runner: {
        capabilities: { maxRecipients: null, idempotencyWindowMs: null },
        trigger: () =>
          new Promise((resolve) => {
            answer = () => resolve({ workflowRunId: "w" });
            called();
          }),
      },
    });
    const handling = source.handleSegmentPayload(signUp("ada"));
    await calling;
    await source.users.delete("ada");
    answer();
    await handling;
    expect(await source.users.get("ada")).toBeNull();
    expect((await storage.runs.list({ environment: "default", limit: 10 })).items).toEqual([]);
    const stored = await source.events.get("m-ada");
    expect(JSON.stringify(stored?.record ?? {})).not.toContain("ada@example.com");
    expect(stored?.record.userId ?? null).toBeNull();
  });

  it("retention leaves an event alone whose run is pending", async () => {
    const { storage, source, runner } = await pending();
    const limits = { payloadsOlderThanMs: -1_000, eventsOlderThanMs: -1_000, limit: 100 };
    await storage.events.purge(limits);
    expect((await source.events.get("m-ada"))?.record.payload).toMatchObject({ event: "Signed Up" });
    expect(await source.recover()).toMatchObject({ succeeded: 1 });
    expect(runner.runs).toHaveLength(1);
    await storage.events.purge(limits);
    expect(await source.events.get("m-ada")).toBeNull();
  });
});
