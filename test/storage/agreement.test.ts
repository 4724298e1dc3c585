import fc from "fast-check";
import Database from "libsql";
import { expect, it } from "vitest";
import { sqliteStorage } from "../../src/adapters/storage/sqlite.js";
import { canonicalJson, type JsonValue } from "../../src/core/json.js";
import { memoryStorage } from "../../src/storage/memory-storage.js";
import type { ClaimedRun, RunDecision, RunRecord, RunResult, RunStatus } from "../../src/storage/run-store.js";
import type { NewEvent, RecordResult, Storage } from "../../src/storage/storage.js";
import { type ManualClock, manualClock } from "../../src/testing/manual-clock.js";
import { leaseMs, newEvent, newRun, scope } from "../../src/testing/storage-fixtures.js";

const start = new Date("2026-03-01T12:00:00.000Z");
const users = ["ada", "bob", "grace"] as const;
const messageIds = ["a", "b", "c", "d", "e"] as const;
const { environment } = scope;

/** One storage on its way through the steps; remembers the fences it handed out, which are its own. */
interface Player {
  readonly storage: Storage;
  readonly clock: ManualClock;
  readonly fences: Map<string, number[]>;
}

/** A step, and what is answered, without what each storage is free in: fences, and the order of equals. */
type Step = (player: Player) => Promise<unknown>;

const request = (key: string, recipients: readonly string[]) => JSON.stringify({ action: "trigger", key, recipients });

/** The same under one messageId each time, as a redelivery is. */
function eventOf(messageId: string, at: Date): NewEvent {
  const number = messageIds.indexOf(messageId as (typeof messageIds)[number]);
  const owner = users[number % users.length]!;
  const waitsFor = users[(number + 1) % users.length]!;
  const hold = { userId: waitsFor, forMs: 1_000 * (number + 1), onExpiry: "skip" } as const;
  const runs = [
    newRun(`${messageId}-first`, { request: request(`${messageId}-first`, [owner, waitsFor]) }),
    newRun(`${messageId}-waits`, { request: request(`${messageId}-waits`, [waitsFor]), hold }),
    newRun(`${messageId}-last`, { request: request(`${messageId}-last`, ["carol"]) }),
  ].slice(number % 2, 3 - (number % 3 === 2 ? 1 : 0));
  return newEvent(messageId, {
    userId: number === 3 ? null : owner,
    anonymousId: number === 3 ? "phone" : null,
    occurredAt: new Date(at.getTime() - 60_000),
    receivedAt: at,
    status: number === 4 ? "failed" : "processed",
    names: [owner, ...runs.flatMap(({ hold: held }) => (held === undefined ? [] : [held.userId]))],
    runs,
  });
}

function take(player: Player, claimed: readonly ClaimedRun[]): readonly unknown[] {
  for (const { run, fence } of claimed) {
    const known = player.fences.get(run.idempotencyKey) ?? [];
    expect(fence).toBeGreaterThan(known.at(-1) ?? 0);
    player.fences.set(run.idempotencyKey, [...known, fence]);
  }
  return sorted(claimed.map(({ run }) => shown(run)));
}

const shown = (run: RunRecord): JsonValue => JSON.parse(JSON.stringify(run));
const sorted = (items: readonly unknown[]) =>
  items.map((item) => canonicalJson(JSON.parse(JSON.stringify(item)))).sort();

const told = (player: Player, { status, claimed, stored, deleted }: RecordResult) => ({
  status,
  claimed: take(player, claimed),
  deleted: sorted(deleted ?? []),
  stored:
    stored === null
      ? null
      : [
          stored.status,
          stored.payload,
          sorted(stored.runs.map(({ idempotencyKey, status: is }) => [idempotencyKey, is])),
        ],
});

const some = <Item>(items: readonly Item[]) => fc.uniqueArray(fc.constantFrom(...items), { minLength: 1 });
const keys = some(messageIds.flatMap((id) => [`${id}-first`, `${id}-waits`, `${id}-last`]));
const lease = fc.constantFrom(leaseMs, null);
const statuses = ["triggered", "canceled", "failed", "dead", "uncertain", "pending"] as const;

const steps: readonly fc.Arbitrary<readonly [name: string, step: Step]>[] = [
  fc.tuple(some(messageIds), lease).map(([ids, leased]) => [
    `record ${ids.join()} ${leased}`,
    async (player) => {
      const events = ids.map((id) => eventOf(id, new Date(player.clock.now())));
      const results = await player.storage.events.record({ ...scope, owner: "p", leaseMs: leased, events });
      return results.map((result) => told(player, result));
    },
  ]),
  fc.tuple(keys, fc.constantFrom(...statuses), fc.boolean()).map(([chosen, status, isStale]) => [
    `settle ${chosen.join()} ${status} ${isStale}`,
    async (player) => {
      const results = chosen.map((idempotencyKey): RunResult => {
        const fence = player.fences.get(idempotencyKey)?.at(isStale ? -2 : -1) ?? -1;
        const retryInMs = status === "pending" ? 300 : null;
        const error = status === "triggered" || status === "canceled" ? null : "no";
        return { idempotencyKey, fence, status, workflowRunId: null, error, retryInMs, durationMs: 5 };
      });
      return player.storage.runs.settle({ results });
    },
  ]),
  keys.map((chosen) => [
    `release ${chosen.join()}`,
    async ({ storage, fences }) =>
      storage.runs.release({
        runs: chosen.map((idempotencyKey) => ({ idempotencyKey, fence: fences.get(idempotencyKey)?.at(-1) ?? -1 })),
      }),
  ]),
  fc.constant([
    "claim",
    async (player) => take(player, await player.storage.runs.claim({ ...scope, owner: "p", leaseMs, limit: 100 })),
  ]),
  fc
    .tuple(some(users), lease)
    .map(([ids, leased]) => [
      `wake ${ids.join()} ${leased}`,
      async (player) =>
        take(player, await player.storage.runs.wake({ ...scope, userIds: ids, owner: "p", leaseMs: leased })),
    ]),
  some(users).map((ids) => [
    `skip ${ids.join()}`,
    async ({ storage }) => [
      sorted(await storage.runs.expired({ ...scope, limit: 100 })),
      await storage.runs.skip({ ...scope, userIds: ids }),
    ],
  ]),
  fc.tuple(fc.constantFrom<RunDecision>("retry", "release", "drop"), keys, lease).map(([decision, chosen, leased]) => [
    `decide ${decision} ${chosen.join()} ${leased}`,
    async (player) => {
      const call = { ...scope, decision, idempotencyKeys: chosen, owner: "p", leaseMs: leased };
      const { changed, claimed } = await player.storage.runs.decide(call);
      return [sorted(changed), take(player, claimed)];
    },
  ]),
  fc
    .tuple(fc.constantFrom(...users, "phone"), fc.constantFrom(0, -120_000))
    .map(([userId, ago]) => [
      `erase ${userId} ${ago}`,
      ({ storage, clock }) => storage.events.erase({ environment, userId, at: new Date(clock.now() + ago) }),
    ]),
  fc
    .constantFrom(...users, "carol")
    .map((userId) => [
      `eraseMentions ${userId}`,
      ({ storage }) => storage.events.eraseMentions({ environment, userId, limit: 100 }),
    ]),
  fc
    .tuple(fc.constantFrom(1_000, 3_000), fc.constantFrom(4_000, 8_000))
    .map(([payloads, events]) => [
      `purge ${payloads} ${events}`,
      ({ storage }) => storage.events.purge({ payloadsOlderThanMs: payloads, eventsOlderThanMs: events, limit: 100 }),
    ]),
  fc.constantFrom(100, leaseMs + 1, 2_000).map((ms) => [`wait ${ms}`, ({ clock }) => clock.advance(ms)]),
];

async function stateOf({ storage }: Player): Promise<unknown> {
  const events = await Promise.all(messageIds.map((messageId) => storage.events.get({ ...scope, messageId })));
  const listed = async (status: RunStatus | undefined) =>
    sorted((await storage.runs.list({ environment, status, limit: 100 })).items.map(shown));
  const inStatus = async (status: "in_progress" | "failed" | "processed") =>
    sorted((await storage.events.list({ environment, status, limit: 100 })).items.map(({ messageId }) => messageId));
  return {
    events: events.map(
      (event) => event && { ...event, decision: null, occurredAt: null, runs: sorted(event.runs.map(shown)) },
    ),
    runs: await listed(undefined),
    pending: await listed("pending"),
    failed: [await listed("failed"), await listed("dead")],
    statuses: [await inStatus("in_progress"), await inStatus("failed"), await inStatus("processed")],
    names: (await storage.events.names({ environment })).map(({ name, count }) => [name, count]),
  };
}

it("memory and a database answer alike, whatever is asked of them in whichever order", async () => {
  const step = fc.oneof(...steps).map(([name, take]) => ({ name, take, [fc.toStringMethod]: () => name }));
  const plays = fc.array(step, { minLength: 1, maxLength: 25 });
  await fc.assert(
    fc.asyncProperty(plays, async (play) => {
      const database = new Database(":memory:");
      const clocks = [manualClock(start), manualClock(start)] as const;
      const sqlite = sqliteStorage({ database, clock: clocks[1] });
      await sqlite.migrate();
      const players = [memoryStorage({ clock: clocks[0] }), sqlite].map(
        (storage, index): Player => ({ storage, clock: clocks[index]!, fences: new Map() }),
      );
      try {
        for (const { name, take } of play) {
          const [inMemory, inDatabase] = [await take(players[0]!), await take(players[1]!)];
          expect([name, inMemory]).toEqual([name, inDatabase]);
          expect([name, await stateOf(players[0]!)]).toEqual([name, await stateOf(players[1]!)]);
        }
      } finally {
        database.close();
      }
    }),
    { numRuns: Number(process.env["PLAYS"] ?? 300) },
  );
});
