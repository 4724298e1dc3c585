import { createSegmentSource, defineTrigger, type JsonObject, type SegmentSourceOptions, type Storage } from "bellwire";
import { type SqliteStorage, sqliteStorage } from "bellwire/sqlite";
import { alias, group, identify, manualClock, recordingRunner, track } from "bellwire/testing";
import fc from "fast-check";
import Database from "libsql";
import { describe, expect, it } from "vitest";

const base = { event: "Mentioned", recipients: "properties.who" } as const;
const triggers = [
  defineTrigger({ ...base, key: "mention", workflow: "mention", actor: "properties.by" }),
  defineTrigger({ ...base, key: "patient", workflow: "patient", unidentified: { hold: "10m", then: "skip" } }),
  defineTrigger({ ...base, key: "eager", workflow: "eager", event: "Invited", unidentified: "create" }),
  defineTrigger({
    key: "members",
    event: "Announced",
    workflow: "members",
    recipients: [{ collection: { "@literal": "groups" }, id: "properties.group" }, { "@path": "properties.who" }],
    actor: "properties.by",
    expand: true,
  }),
  defineTrigger({
    ...base,
    key: "stop",
    workflow: "mention",
    event: "Withdrawn",
    action: "cancel",
    cancellationKey: "userId",
  }),
];

/** Writes down the calls that matter here; the events still check the very users that stand beside them. */
function watched(storage: Storage, checksKnown: boolean) {
  const calls: string[] = [];
  const users: Storage["users"] = {
    ...storage.users,
    known: async (params) => {
      calls.push("known");
      return (await storage.users.known?.(params)) ?? new Map();
    },
  };
  const { checksKnownIn: _, ...events } = storage.events;
  const record: Storage["events"]["record"] = async (params) => {
    calls.push(`record ${params.events.length}`);
    return events.record(params);
  };
  return {
    calls,
    storage: { ...storage, users, events: { ...events, record, ...(checksKnown && { checksKnownIn: users }) } },
  };
}

async function setUp(checksKnown = true, options: Partial<SegmentSourceOptions> = {}) {
  const clock = manualClock();
  const sqlite: SqliteStorage = sqliteStorage({ database: new Database(":memory:"), synchronous: "NORMAL", clock });
  await sqlite.migrate();
  const { calls, storage } = watched(sqlite, checksKnown);
  const runner = recordingRunner();
  const source = createSegmentSource({ storage, runner, triggers, clock, ...options });
  for (const id of ["ada", "grace", "phone"]) await source.users.identify({ id });
  await source.users.merge({ from: "phone", into: "ada" });
  // Overrides are read once in a while.
  await source.handleSegmentPayload(
    track("Nothing", {}, { messageId: "nothing", timestamp: "2025-12-31T23:59:00.000Z" }),
  );
  calls.length = 0;
  const send = (...events: readonly JsonObject[]) => source.handleSegmentPayload(events);
  const kept = async () => {
    const events = await sqlite.events.list({ environment: "default", limit: 500 });
    const runs = await sqlite.runs.list({ environment: "default", limit: 500 });
    return {
      events: events.items.toSorted((one, other) => (one.messageId < other.messageId ? -1 : 1)),
      runs: runs.items.toSorted((one, other) => (one.idempotencyKey < other.idempotencyKey ? -1 : 1)),
      sent: [...runner.runs, ...runner.cancels]
        .map(({ request, context }) => ({ key: context.idempotencyKey, request }))
        .toSorted((one, other) => (one.key < other.key ? -1 : 1)),
      users: await sqlite.users.find({ environment: "default", ids: people }),
    };
  };
  return { source, runner, clock, calls, send, kept };
}

const people = ["ada", "grace", "phone", "bob", "eve"];
const mention = (messageId: string, ...who: readonly string[]) =>
  track("Mentioned", { who, by: "grace" }, { userId: "grace", messageId, timestamp: "2025-12-31T23:59:00.000Z" });

describe("recipients who are known need not be looked up", () => {
  it("by the ids that they go by: recording tells", async () => {
    const { calls, send, runner } = await setUp();
    const { events } = await send(mention("a", "ada", "grace"), mention("b", "ada"));
    expect(calls).toEqual(["record 2"]);
    expect(events.map(({ status }) => status)).toEqual(["processed", "processed"]);
    expect(runner.runs).toHaveLength(4);
  });

  it.each([
    ["nobody knows", "bob"],
    ["have become others", "phone"],
  ])("those that %s are looked up then, and only their events are recorded once more", async (_, id) => {
    const { calls, send, runner } = await setUp();
    const { events } = await send(mention("a", "ada"), mention("b", "grace", id), mention("c", "grace"));
    expect(calls.slice(0, 3)).toEqual(["record 3", "known", "record 1"]);
    expect(events.map(({ status }) => status)).toEqual([
      "processed",
      id === "bob" ? "in_progress" : "processed",
      "processed",
    ]);
    const told = id === "bob" ? ["grace"] : ["grace", "ada"];
    const mentions = runner.runs.filter(({ request }) => request.workflow === "mention");
    expect(mentions.map(({ request }) => request.recipients)).toEqual([["ada"], told, ["grace"]]);
  });

  it("a cancel costs no call more; whoever is not known is canceled as mapped, and whoever has become another under both", async () => {
    const { calls, send, runner } = await setUp();
    const withdrawn = (messageId: string, ...who: readonly string[]) =>
      track("Withdrawn", { who }, { userId: "grace", messageId, timestamp: "2025-12-31T23:59:00.000Z" });
    await send(withdrawn("a", "ada", "grace"));
    expect(calls.splice(0)).toEqual(["record 1"]);
    await send(withdrawn("b", "phone", "bob"));
    expect(calls).toEqual(["record 1", "known", "record 1"]);
    const canceled = runner.cancels.map(({ request }) => request.recipients);
    expect(canceled).toEqual([
      ["ada", "grace"],
      ["phone", "bob", "ada"],
    ]);
  });

  it("an event that was recorded before is a duplicate, whatever became of whom it names", async () => {
    const { calls, send, source } = await setUp();
    await send(mention("a", "ada", "grace"));
    await source.users.merge({ from: "grace", into: "ada" });
    calls.length = 0;
    expect((await send(mention("a", "ada", "grace"))).events[0]).toMatchObject({ status: "duplicate" });
    expect(calls).toEqual(["record 1"]);
  });

  it("storage is asked first where the host keeps the users, for memberships and deletions, and in previews", async () => {
    const own = await setUp(false);
    await own.send(mention("a", "ada"));
    expect(own.calls).toEqual(["known", "record 1"]);
    const { calls, send, source } = await setUp();
    await send(mention("a", "ada"), group("acme", {}, { userId: "phone" }));
    expect(await source.groups.members("acme")).toMatchObject({ items: ["ada"] });
    await send(mention("b", "ada"), { type: "delete", userId: "grace", messageId: "c" });
    const { events } = await source.preview([mention("d", "bob")], { triggers: triggers.slice(0, 1) });
    expect(events[0]?.triggers[0]).toMatchObject({ status: "skipped", reason: "not_identified" });
    expect(calls.filter((call) => !call.startsWith("record"))).toEqual(["known", "known", "known"]);
  });

  it("nothing is assumed for a storage that reads members by name", async () => {
    const { calls, storage } = watched(sqliteStorage({ database: new Database(":memory:") }), true);
    await (storage as unknown as SqliteStorage).migrate();
    const source = createSegmentSource({
      storage: { ...storage, events: { ...storage.events, readsByName: true } },
      runner: recordingRunner(),
      triggers,
    });
    await source.handleSegmentPayload(mention("a", "ada"));
    expect(calls.slice(0, 2)).toEqual(["known", "record 1"]);
  });
});

describe("after an assumption that was wrong", () => {
  const known = (index: number | string) => mention(`known-${index}`, "ada");
  const unknown = (index: number | string) => mention(`unknown-${index}`, "bob");
  const options = { triggers: triggers.slice(0, 1) };

  it("the next 49 payloads are looked up first; where that one is right, none is any more", async () => {
    const { calls, send } = await setUp(true, options);
    await send(unknown(0));
    expect(calls.splice(0)).toEqual(["record 1", "known", "record 1"]);
    for (let index = 0; index < 49; index += 1) await send(known(index));
    expect(calls.splice(0)).toEqual(Array.from({ length: 49 }, () => ["known", "record 1"]).flat());
    await send(known("trial"));
    await send(known("next"));
    expect(calls).toEqual(["record 1", "record 1"]);
  });

  it("of hundreds that are handled at the same time one in fifty is refused at most", async () => {
    const { calls, send } = await setUp(true, options);
    await send(unknown("first"));
    calls.length = 0;
    const sent = await Promise.all(Array.from({ length: 200 }, (_, index) => send(unknown(index))));
    expect(sent.map(({ events }) => events[0]?.reason ?? events[0]?.triggers[0]?.reason)).toEqual(
      sent.map(() => "not_identified"),
    );
    const recorded = calls
      .filter((call) => call.startsWith("record"))
      .map((call) => Number(call.slice("record ".length)));
    expect(recorded.reduce((sum, each) => sum + each, 0)).toBe(204);
  });
});

describe("what comes of payloads does not depend on who looks up", () => {
  const id = fc.constantFrom(...people);
  const event = fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({ kind: fc.constant("Mentioned"), who: fc.array(id, { maxLength: 3 }), by: id }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        kind: fc.constantFrom("Invited", "Announced", "Withdrawn"),
        who: fc.array(id, { maxLength: 3 }),
        by: id,
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        kind: fc.constantFrom("identify", "alias", "group", "delete"),
        who: fc.tuple(id),
        by: id,
      }),
    },
  );
  const payloads = fc.array(fc.array(event, { minLength: 1, maxLength: 5 }), { minLength: 1, maxLength: 4 });

  const build = ({ kind, who, by }: { kind: string; who: readonly string[]; by: string }, messageId: string) => {
    const members = { messageId, timestamp: "2026-01-01T00:00:00.000Z", userId: by };
    const [first = "eve"] = who;
    if (kind === "identify") return identify(by, { plan: first }, members);
    if (kind === "alias") return alias(by, first, members);
    if (kind === "group") return group("acme", {}, members);
    if (kind === "delete") return { ...members, type: "delete" };
    return track(kind, { who, by, group: "acme" }, members);
  };

  it.each(["skip", "create", { hold: "5m", then: "create" }] as const)(
    "unidentified: %j",
    async (unidentified) => {
      await fc.assert(
        fc.asyncProperty(payloads, fc.boolean(), async (all, again) => {
          const ends = await Promise.all(
            [true, false].map(async (checksKnown) => {
              const { send, source, clock, kept } = await setUp(checksKnown, { unidentified });
              const results: unknown[] = [];
              for (const [number, payload] of all.entries()) {
                const events = payload.map((each, index) => build(each, `m-${number}-${index}`));
                results.push(await send(...events));
                if (again) results.push(await send(...events));
              }
              await clock.advance("6m");
              await source.recover();
              return { results, ...(await kept()) };
            }),
          );
          // What is due at the same time is sent as it was recorded, and what is recorded a second time comes last.
          const [one, other] = ends.map((end) => JSON.stringify(end).replaceAll(/"run-\d+"/g, '"run"'));
          expect(JSON.parse(one!)).toEqual(JSON.parse(other!));
        }),
        { numRuns: 60 },
      );
    },
    60_000,
  );
});
