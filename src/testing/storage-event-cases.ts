import assert from "node:assert/strict";
import type { Storage } from "../storage/storage.js";
import {
  eventWithRun,
  leaseMs,
  newEvent,
  newRun,
  receivedAt,
  recordParams,
  type StorageCase,
  scope,
} from "./storage-fixtures.js";

const statusesOf = async (recording: ReturnType<Storage["events"]["record"]>) =>
  (await recording).map((result) => result.status);
const idsOf = (page: { readonly items: readonly { readonly messageId: string }[] }) =>
  page.items.map((item) => item.messageId);
const at = (minutes: number) => new Date(receivedAt.getTime() + minutes * 60_000);

const recordCases: readonly StorageCase[] = [
  [
    "record: a new event is new, and finished when it comes again",
    async ({ storage: { events } }) => {
      assert.deepEqual(await statusesOf(events.record(recordParams([newEvent("a")]))), ["new"]);
      assert.deepEqual(await statusesOf(events.record(recordParams([newEvent("a")]))), ["finished"]);
    },
  ],
  [
    "record: nothing recorded, nothing answered",
    async ({ storage: { events } }) => {
      assert.deepEqual(await events.record(recordParams([])), []);
    },
  ],
  [
    "record: results stand in the order of the events, whatever order they are stored in",
    async ({ storage: { events } }) => {
      await events.record(recordParams([newEvent("m"), newEvent("c")]));
      const statuses = await statusesOf(
        events.record(recordParams(["z", "m", "a", "c", "b"].map((id) => newEvent(id)))),
      );
      assert.deepEqual(statuses, ["new", "finished", "new", "finished", "new"]);
    },
  ],
  [
    "record: the runs of a new event are leased to the caller, in their order",
    async ({ storage: { events } }) => {
      const runs = ["r2", "r1", "r3"].map((key) => newRun(key));
      const [result] = await events.record(recordParams([newEvent("a", { runs })]));
      assert.deepEqual(
        result?.claimed.map(({ run }) => [run.idempotencyKey, run.status, run.attempts]),
        [
          ["r2", "pending", 0],
          ["r1", "pending", 0],
          ["r3", "pending", 0],
        ],
      );
      assert.ok(result?.claimed.every(({ run }) => run.firstClaimedAt instanceof Date));
    },
  ],
  [
    "record: while a lease lasts, everybody else is told so and gets nothing",
    async ({ storage: { events } }) => {
      await events.record(recordParams([eventWithRun("a")]));
      const [result] = await events.record(recordParams([eventWithRun("a")], { owner: "process-2" }));
      assert.equal(result?.status, "leased");
      assert.deepEqual(result?.claimed, []);
      assert.equal(result?.stored?.status, "in_progress");
    },
  ],
  [
    "record: when a lease is over, the runs are handed out again as first planned",
    async ({ storage: { events }, advance }) => {
      const request = '{"text":"\\u0000 \\ud800 ä","order":[3,1,2],"big":1e21}';
      await events.record(recordParams([newEvent("a", { runs: [newRun("r", { request })] })]));
      await advance(leaseMs + 50);
      const changed = newEvent("a", { name: "Changed", runs: [newRun("r", { request: "{}" }), newRun("other")] });
      const [result] = await events.record(recordParams([changed], { owner: "process-2" }));
      assert.equal(result?.status, "unfinished");
      assert.deepEqual(
        result?.claimed.map(({ run }) => run.idempotencyKey),
        ["r"],
      );
      assert.equal(result?.claimed[0]?.run.request, request);
      assert.equal(result?.stored?.name, "Signed Up");
    },
  ],
  [
    "record: with no lease wanted, the runs are left to claim",
    async ({ storage: { events, runs } }) => {
      const [result] = await events.record(recordParams([eventWithRun("a")], { leaseMs: null }));
      assert.deepEqual([result?.status, result?.claimed], ["new", []]);
      const claimed = await runs.claim({ ...scope, owner: "process-2", leaseMs, limit: 10 });
      assert.deepEqual(
        claimed.map(({ run }) => run.idempotencyKey),
        ["run_a"],
      );
    },
  ],
  [
    "record: the same messageId in another environment or source is another event",
    async ({ storage: { events } }) => {
      await events.record(recordParams([newEvent("a")]));
      const elsewhere = [{ environment: "development" }, { source: "ios" }];
      for (const other of elsewhere) {
        assert.deepEqual(await statusesOf(events.record(recordParams([newEvent("a")], other))), ["new"]);
      }
    },
  ],
  [
    "record: NUL, lone surrogates and prototype keys survive, and harm no neighbour",
    async ({ storage: { events } }) => {
      const payload = JSON.parse(
        '{"nul":"a\\u0000b","lone":"\\ud800","__proto__":{"x":1},"emoji":"🦊","nested":[null,1e21,-0.5]}',
      );
      const hostile = newEvent("a\u0000b", { payload, name: "x\u0000\ud800", userId: "u\u0000" });
      assert.deepEqual(
        await statusesOf(events.record(recordParams([newEvent("before"), hostile, newEvent("zafter")]))),
        ["new", "new", "new"],
      );
      assert.deepEqual(await statusesOf(events.record(recordParams([hostile]))), ["finished"]);
      const stored = await events.get({ ...scope, messageId: "a\u0000b" });
      assert.equal(JSON.stringify(stored?.payload), JSON.stringify(payload));
      assert.ok(await events.get({ ...scope, messageId: "zafter" }));
    },
  ],
  [
    "record: a text that says what the payload says may be stored in its place",
    async ({ storage: { events } }) => {
      const payload = { plan: "pro", seats: [1, 2.5e3], name: "Zoë \u2028" };
      const payloadText = JSON.stringify(payload, null, 2);
      await events.record(recordParams([newEvent("a", { payload, payloadText }), newEvent("b", { payload })]));
      const [told, plain] = [
        await events.get({ ...scope, messageId: "a" }),
        await events.get({ ...scope, messageId: "b" }),
      ];
      assert.deepEqual([told?.payload, plain?.payload], [payload, payload]);
    },
  ],
  [
    "record: a batch of 1,000 with three runs each",
    async ({ storage: { events } }) => {
      const many = Array.from({ length: 1_000 }, (_, index) =>
        newEvent(`m${index}`, { runs: [0, 1, 2].map((chunk) => newRun(`r${index}_${chunk}`)) }),
      );
      const results = await events.record(recordParams(many));
      assert.ok(results.every((result) => result.status === "new" && result.claimed.length === 3));
      assert.equal(results[999]?.claimed[2]?.run.idempotencyKey, "r999_2");
    },
  ],
  [
    "record: of eight concurrent recordings in different order each event is new to exactly one",
    async ({ storage: { events } }) => {
      const ids = Array.from({ length: 50 }, (_, index) => `m${index}`);
      const recordings = Array.from({ length: 8 }, async (_, process) => {
        const order = [...ids.slice(process * 6), ...ids.slice(0, process * 6)];
        if (process % 2 === 1) order.reverse();
        const results = await events.record(
          recordParams(order.map(eventWithRun), { owner: `process-${process}`, leaseMs: 60_000 }),
        );
        return order.filter((_id, index) => results[index]?.status === "new");
      });
      const won = (await Promise.all(recordings)).flat();
      assert.deepEqual([...won].sort(), [...ids].sort());
    },
  ],
];

const readCases: readonly StorageCase[] = [
  [
    "get: gives back all that was recorded",
    async ({ storage: { events } }) => {
      const decision = { detail: { message: "why", facts: { a: [1, null, "x"] } }, triggers: [] };
      const event = newEvent("a", { decision, status: "ignored", reason: "no_matching_trigger", anonymousId: "anon" });
      await events.record(recordParams([event]));
      const { runs: _none, ...expected } = event;
      const { runs, ...stored } = (await events.get({ ...scope, messageId: "a" })) ?? { runs: null };
      assert.deepEqual(stored, { ...expected, ...scope });
      assert.deepEqual(runs, []);
    },
  ],
  [
    "get: null for what is not there",
    async ({ storage: { events } }) => {
      await events.record(recordParams([newEvent("a")]));
      assert.equal(await events.get({ ...scope, messageId: "b" }), null);
      assert.equal(await events.get({ ...scope, environment: "development", messageId: "a" }), null);
      assert.equal(await events.get({ ...scope, source: "ios", messageId: "a" }), null);
    },
  ],
  [
    "list: newest first, in pages that neither repeat nor leave out",
    async ({ storage: { events } }) => {
      for (const minute of [2, 0, 1]) {
        const ids = ["a", "b", "c"].map((id) => newEvent(`${id}${minute}`, { receivedAt: at(minute) }));
        await events.record(recordParams(ids));
      }
      const seen: string[] = [];
      let cursor: string | undefined;
      for (let pages = 0; pages < 10; pages += 1) {
        const page = await events.list({ environment: scope.environment, limit: 2, cursor });
        seen.push(...idsOf(page));
        if (page.nextCursor === null) break;
        cursor = page.nextCursor;
      }
      assert.deepEqual(
        seen.map((id) => id.slice(1)),
        ["2", "2", "2", "1", "1", "1", "0", "0", "0"],
      );
      assert.equal(new Set(seen).size, 9);
    },
  ],
  [
    "list: every filter",
    async ({ storage: { events } }) => {
      await events.record(
        recordParams([
          newEvent("a", { name: "Shared", userId: "grace", receivedAt: at(1) }),
          newEvent("b", { type: "page", name: "Pricing", userId: null, status: "ignored", receivedAt: at(2) }),
          eventWithRun("c"),
        ]),
      );
      await events.record(recordParams([newEvent("d", { receivedAt: at(3) })], { source: "ios" }));
      await events.record(recordParams([newEvent("e")], { environment: "development" }));
      const { environment } = scope;
      const found = async (filter: object) => idsOf(await events.list({ environment, limit: 10, ...filter })).sort();
      assert.deepEqual(await found({}), ["a", "b", "c", "d"]);
      assert.deepEqual(await found({ source: "ios" }), ["d"]);
      assert.deepEqual(await found({ status: "ignored" }), ["b"]);
      assert.deepEqual(await found({ status: "in_progress" }), ["c"]);
      assert.deepEqual(await found({ type: "page" }), ["b"]);
      assert.deepEqual(await found({ name: "Shared" }), ["a"]);
      assert.deepEqual(await found({ userId: "grace" }), ["a"]);
      assert.deepEqual(await found({ receivedFrom: at(2) }), ["b", "d"]);
      assert.deepEqual(await found({ receivedTo: at(2) }), ["a", "c"]);
      assert.deepEqual(await found({ source: "web", userId: "ada", receivedFrom: at(0) }), ["c"]);
    },
  ],
  [
    "names: counts each recorded event once, most recently seen first",
    async ({ storage: { events } }) => {
      const first = newEvent("a", { receivedAt: at(0) });
      await events.record(recordParams([first, newEvent("b", { name: "Shared", receivedAt: at(5) })]));
      await events.record(
        recordParams([
          first,
          newEvent("c", { receivedAt: at(3) }),
          newEvent("p", { type: "identify", name: null, receivedAt: at(1) }),
        ]),
      );
      await events.record(recordParams([newEvent("x")], { environment: "development" }));
      const names = await events.names({ environment: scope.environment });
      assert.deepEqual(names, [
        { type: "track", name: "Shared", count: 1, firstSeenAt: at(5), lastSeenAt: at(5) },
        { type: "track", name: "Signed Up", count: 2, firstSeenAt: at(0), lastSeenAt: at(3) },
        { type: "identify", name: null, count: 1, firstSeenAt: at(1), lastSeenAt: at(1) },
      ]);
      assert.deepEqual(await events.names({ environment: scope.environment, source: "ios" }), []);
    },
  ],
];

export const eventCases: readonly StorageCase[] = [...recordCases, ...readCases];
