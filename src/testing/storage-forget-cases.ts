import assert from "node:assert/strict";
import {
  eventWithRun,
  newEvent,
  newRun,
  receivedAt,
  recordParams,
  resultOf,
  type StorageCase,
  scope,
} from "./storage-fixtures.js";

const year = 365 * 24 * 60 * 60_000;
const longAgo = new Date(Date.UTC(2020, 0, 1));

export const forgetCases: readonly StorageCase[] = [
  [
    "purge: payloads go first, and the event is still known as a duplicate",
    async ({ storage: { events } }) => {
      await events.record(
        recordParams([newEvent("old", { receivedAt: longAgo }), newEvent("new", { receivedAt: new Date() })]),
      );
      const purged = await events.purge({ payloadsOlderThanMs: year, eventsOlderThanMs: 100 * year, limit: 100 });
      assert.deepEqual(purged, { payloads: 1, events: 0 });
      const old = await events.get({ ...scope, messageId: "old" });
      assert.equal(old?.payload, null);
      assert.deepEqual(old?.decision, { triggers: [] });
      assert.notEqual((await events.get({ ...scope, messageId: "new" }))?.payload, null);
      assert.deepEqual(
        (await events.record(recordParams([newEvent("old")]))).map((result) => result.status),
        ["finished"],
      );
      assert.deepEqual(await events.purge({ payloadsOlderThanMs: year, eventsOlderThanMs: 100 * year, limit: 100 }), {
        payloads: 0,
        events: 0,
      });
    },
  ],
  [
    "purge: then whole events, no more than the limit at once",
    async ({ storage: { events } }) => {
      await events.record(recordParams(["a", "b", "c"].map((id) => newEvent(id, { receivedAt: longAgo }))));
      const purge = () => events.purge({ payloadsOlderThanMs: year, eventsOlderThanMs: year, limit: 2 });
      assert.equal((await purge()).events, 2);
      assert.equal((await purge()).events, 1);
      assert.deepEqual(
        (await events.record(recordParams([newEvent("a")]))).map((result) => result.status),
        ["new"],
      );
    },
  ],
  [
    "purge: takes user id and runs also of an event that somebody was taken out of before",
    async ({ storage: { events, runs } }) => {
      const request = JSON.stringify({ action: "trigger", recipients: ["grace", "bob"] });
      const hold = { userId: "carol", forMs: 1, onExpiry: "skip" } as const;
      const planned = [newRun("mentions", { request }), newRun("waits", { hold })];
      const [recorded] = await events.record(
        recordParams([newEvent("a", { receivedAt: longAgo, occurredAt: longAgo, runs: planned })]),
      );
      await runs.settle({ results: [resultOf(recorded?.claimed[0])] });
      await events.erase({ environment: scope.environment, userId: "carol", at: longAgo });
      await events.eraseMentions({ environment: scope.environment, userIds: ["grace"], at: longAgo, limit: 10 });
      const purge = () => events.purge({ payloadsOlderThanMs: year, eventsOlderThanMs: 100 * year, limit: 10 });
      assert.deepEqual(await purge(), { payloads: 1, events: 0 });
      const left = await events.get({ ...scope, messageId: "a" });
      assert.deepEqual([left?.userId, left?.runs, left?.decision], [null, [], { triggers: [] }]);
      assert.deepEqual(await purge(), { payloads: 0, events: 0 });
    },
  ],
  [
    "purge: an event with a pending run stays whole, however old",
    async ({ storage: { events } }) => {
      await events.record(recordParams([{ ...eventWithRun("a"), receivedAt: longAgo }]));
      assert.deepEqual(await events.purge({ payloadsOlderThanMs: 1, eventsOlderThanMs: 1, limit: 10 }), {
        payloads: 0,
        events: 0,
      });
      assert.notEqual((await events.get({ ...scope, messageId: "a" }))?.payload, null);
    },
  ],
  [
    "erase: takes payload, user id and runs of a user's events, and keeps them known as duplicates",
    async ({ storage: { events, runs } }) => {
      await events.record(recordParams([eventWithRun("a"), newEvent("b"), newEvent("c", { userId: "grace" })]));
      await events.record(recordParams([newEvent("d")], { environment: "development" }));
      assert.equal(await events.erase({ environment: scope.environment, userId: "ada", at: receivedAt }), 2);
      const erased = await events.get({ ...scope, messageId: "a" });
      assert.deepEqual([erased?.payload, erased?.userId, erased?.runs, erased?.status], [null, null, [], "processed"]);
      assert.deepEqual((await runs.list({ environment: scope.environment, limit: 10 })).items, []);
      assert.deepEqual(
        (await events.record(recordParams([eventWithRun("a")]))).map((result) => result.status),
        ["finished"],
      );
      assert.equal((await events.get({ ...scope, messageId: "c" }))?.userId, "grace");
      assert.equal((await events.get({ ...scope, environment: "development", messageId: "d" }))?.userId, "ada");
    },
  ],
  ...(["failed", "triggered"] as const).map(
    (status): StorageCase => [
      `erase: an event that waited for the user ends as its other run did, ${status}`,
      async ({ storage: { events, runs } }) => {
        const hold = { userId: "grace", forMs: 60_000, onExpiry: "skip" } as const;
        const event = newEvent("a", { runs: [newRun("made"), newRun("waits", { hold })] });
        const [recorded] = await events.record(recordParams([event]));
        await runs.settle({ results: [resultOf(recorded?.claimed[0], { status })] });
        assert.equal(await events.erase({ environment: scope.environment, userId: "grace", at: receivedAt }), 1);
        const left = await events.get({ ...scope, messageId: "a" });
        assert.deepEqual(
          [left?.status, left?.runs.map((run) => run.idempotencyKey)],
          [status === "failed" ? "failed" : "processed", ["made"]],
        );
      },
    ],
  ),
  [
    "erase: the late settle of an erased run is refused",
    async ({ storage: { events, runs } }) => {
      const [recorded] = await events.record(recordParams([eventWithRun("a")]));
      await events.erase({ environment: scope.environment, userId: "ada", at: receivedAt });
      assert.deepEqual(await runs.settle({ results: [resultOf(recorded?.claimed[0])] }), [false]);
    },
  ],
];
