import fc from "fast-check";
import Database from "libsql";
import pg from "pg";
import { expect, it } from "vitest";
import { postgresStorage } from "../../src/adapters/storage/postgres.js";
import { sqliteStorage } from "../../src/adapters/storage/sqlite.js";
import type { JsonValue } from "../../src/core/json.js";
import { memoryStorage } from "../../src/storage/memory-storage.js";
import type { ClaimedRun, RunDecision, RunRecord, RunStatus } from "../../src/storage/run-store.js";
import type { NewEvent, RecordResult, Storage } from "../../src/storage/storage.js";
import { type ManualClock, manualClock } from "../../src/testing/manual-clock.js";
import { newEvent, newRun, scope } from "../../src/testing/storage-fixtures.js";
import { agree, playing, playsOf, type Step, type Steps, sorted, stepOf } from "../support/plays.js";
import { startPostgres } from "../support/postgres.js";

const start = new Date("2026-03-01T12:00:00.000Z");
const users = ["ada", "bob", "grace"] as const;
const messageIds = ["a", "b", "c", "d", "e"];
const { environment } = scope;

/** One storage on its way through the steps; remembers the fences it handed out, which are its own. */
interface Player {
  readonly storage: Storage;
  /** `null`: time goes on by itself, so that nothing may depend on it. */
  readonly clock: ManualClock | null;
  readonly fences: Map<string, number[]>;
}

const playerOf = (storage: Storage, clock: ManualClock | null): Player => ({ storage, clock, fences: new Map() });
/** Where time goes on by itself, longer than a play. */
const longer = ({ clock }: Player, ms: number) => (clock === null ? 60_000 + ms : ms);
const leaseOf = (player: Player, isLeased: boolean) => (isLeased ? longer(player, 400) : null);
const nowOf = ({ clock }: Player) => clock?.now() ?? start.getTime();

/** The same under one messageId each time, as a redelivery is. */
function eventOf(player: Player, messageId: string): NewEvent {
  const number = messageIds.indexOf(messageId);
  const owner = users[number % users.length]!;
  const waitsFor = users[(number + 1) % users.length]!;
  const runOf = (part: string, recipients: readonly string[]) =>
    newRun(`${messageId}-${part}`, { request: JSON.stringify({ action: "trigger", part, recipients }) });
  const hold = { userId: waitsFor, forMs: longer(player, 1_000 * (number + 1)), onExpiry: "skip" } as const;
  const runs = [
    runOf("first", [owner, waitsFor]),
    { ...runOf("waits", [waitsFor]), hold },
    runOf("last", ["carol"]),
  ].slice(number % 2, number % 3 === 2 ? 2 : 3);
  return newEvent(messageId, {
    userId: messageId === "d" ? null : owner,
    anonymousId: messageId === "d" ? "phone" : null,
    occurredAt: new Date(nowOf(player) - 60_000),
    receivedAt: new Date(nowOf(player)),
    status: messageId === "e" ? "failed" : "processed",
    names: [owner, ...runs.flatMap((run) => ("hold" in run ? [waitsFor] : []))],
    runs,
  });
}

/** A moment that a clock of its own gave is only there or not. */
function shown({ clock }: Player, run: RunRecord): JsonValue {
  const whole: { readonly [name: string]: JsonValue } = JSON.parse(JSON.stringify(run));
  if (clock !== null) return whole;
  const [firstClaimedAt, nextAttemptAt] = [run.firstClaimedAt !== null, run.nextAttemptAt !== null];
  return { ...whole, firstClaimedAt, nextAttemptAt, heldUntil: run.heldUntil !== null };
}

function take(player: Player, claimed: readonly ClaimedRun[]): readonly string[] {
  for (const { run, fence } of claimed) {
    const known = player.fences.get(run.idempotencyKey) ?? [];
    expect(fence).toBeGreaterThan(known.at(-1) ?? 0);
    player.fences.set(run.idempotencyKey, [...known, fence]);
  }
  return sorted(claimed.map(({ run }) => shown(player, run)));
}

function told(player: Player, { status, claimed, stored, deleted = [] }: RecordResult) {
  // An event that was purged is another one when it comes again, and so are its runs.
  if (status === "new") for (const { run } of claimed) player.fences.delete(run.idempotencyKey);
  const runs = sorted(stored?.runs.map(({ idempotencyKey, status: is }) => [idempotencyKey, is]) ?? []);
  return [status, take(player, claimed), sorted(deleted), stored?.status, stored?.payload, runs];
}

const some = <Item>(items: readonly Item[]) => fc.uniqueArray(fc.constantFrom(...items), { minLength: 1 });
const keys = some(messageIds.flatMap((id) => [`${id}-first`, `${id}-waits`, `${id}-last`]));
const statuses = ["triggered", "canceled", "failed", "dead", "uncertain", "pending"] as const;

const step = stepOf<Player>();

const steps: readonly Steps<Player>[] = [
  step("record", fc.tuple(some(messageIds), fc.boolean()), ([ids, isLeased]) => async (player) => {
    const events = ids.map((id) => eventOf(player, id));
    const call = { ...scope, owner: "p", leaseMs: leaseOf(player, isLeased), events };
    return (await player.storage.events.record(call)).map((result) => told(player, result));
  }),
  step("settle", fc.tuple(keys, fc.constantFrom(...statuses), fc.constantFrom(-1, -2)), ([chosen, status, which]) => {
    const error = status === "triggered" || status === "canceled" ? null : "no";
    return async (player) => {
      const retryInMs = status === "pending" ? longer(player, 300) : null;
      const results = chosen.map((idempotencyKey) => {
        const fence = player.fences.get(idempotencyKey)?.at(which) ?? -1;
        return { idempotencyKey, fence, status, workflowRunId: null, error, retryInMs, durationMs: 5 };
      });
      return player.storage.runs.settle({ results });
    };
  }),
  step("release", keys, (chosen) => async ({ storage, fences }) => {
    const runs = chosen.map((idempotencyKey) => ({ idempotencyKey, fence: fences.get(idempotencyKey)?.at(-1) ?? -1 }));
    return storage.runs.release({ runs });
  }),
  step("claim", fc.constant(100), (limit) => async (player) => {
    const call = { ...scope, owner: "p", leaseMs: longer(player, 400), limit };
    return take(player, await player.storage.runs.claim(call));
  }),
  step("wake", fc.tuple(some(users), fc.boolean()), ([userIds, isLeased]) => async (player) => {
    const call = { ...scope, userIds, owner: "p", leaseMs: leaseOf(player, isLeased) };
    return take(player, await player.storage.runs.wake(call));
  }),
  step("skip", some(users), (userIds) => async ({ storage: { runs } }) => [
    sorted(await runs.expired({ ...scope, limit: 100 })),
    await runs.skip({ ...scope, userIds }),
  ]),
  step(
    "decide",
    fc.tuple(fc.constantFrom<RunDecision>("retry", "release", "drop"), keys, fc.boolean()),
    ([decision, idempotencyKeys, isLeased]) =>
      async (player) => {
        const call = { ...scope, decision, idempotencyKeys, owner: "p", leaseMs: leaseOf(player, isLeased) };
        const { changed, claimed } = await player.storage.runs.decide(call);
        return [sorted(changed), take(player, claimed)];
      },
  ),
  step(
    "erase",
    fc.tuple(fc.constantFrom(...users, "phone"), fc.constantFrom(0, 120_000)),
    ([userId, ago]) =>
      (player) =>
        player.storage.events.erase({ environment, userId, at: new Date(nowOf(player) - ago) }),
  ),
  step(
    "eraseMentions",
    fc.constantFrom(...users, "carol"),
    (userId) =>
      ({ storage }) =>
        storage.events.eraseMentions({ environment, userIds: [userId], at: new Date(), limit: 100 }),
  ),
  step(
    "purge",
    fc.tuple(fc.constantFrom(1_000, 3_000), fc.constantFrom(4_000, 1e12)),
    ([payloadsOlderThanMs, eventsOlderThanMs]) =>
      ({ storage }) =>
        storage.events.purge({ payloadsOlderThanMs, eventsOlderThanMs, limit: 100 }),
  ),
];

const wait = step(
  "wait",
  fc.constantFrom(100, 401, 2_000),
  (ms) =>
    async ({ clock }) =>
      clock?.advance(ms),
);

async function stateOf(player: Player): Promise<unknown> {
  const { events, runs } = player.storage;
  const all = await Promise.all(messageIds.map((messageId) => events.get({ ...scope, messageId })));
  const listed = async (status: RunStatus | undefined) =>
    sorted((await runs.list({ environment, status, limit: 100 })).items.map((run) => shown(player, run)));
  const inStatus = async (status: "in_progress" | "failed" | "processed") =>
    sorted((await events.list({ environment, status, limit: 100 })).items.map(({ messageId }) => messageId));
  return {
    events: all.map((event) => event && { ...event, runs: sorted(event.runs.map((run) => shown(player, run))) }),
    runs: [await listed(undefined), await listed("pending"), await listed("failed"), await listed("held")],
    statuses: [await inStatus("in_progress"), await inStatus("failed"), await inStatus("processed")],
    names: (await events.names({ environment })).map(({ name, count }) => [name, count]),
  };
}

it("memory and SQLite answer alike, whatever is asked of them in whichever order", async () => {
  const play = async (made: readonly Step<Player>[]) => {
    const database = new Database(":memory:");
    const clocks = [manualClock(start), manualClock(start)] as const;
    const sqlite = sqliteStorage({ database, clock: clocks[1] });
    await sqlite.migrate();
    const inMemory = playerOf(memoryStorage({ clock: clocks[0] }), clocks[0]);
    await agree([inMemory, playerOf(sqlite, clocks[1])], made, stateOf).finally(() => database.close());
  };
  await fc.assert(fc.asyncProperty(playsOf(...steps, wait), play), playing());
});

it("memory and PostgreSQL answer alike, whatever is asked of them in whichever order", async () => {
  const server = await startPostgres();
  const pool = new pg.Pool({ connectionString: server.connectionString, max: 1 });
  // The server may cut idle connections; pg would end the process otherwise.
  pool.on("error", () => undefined);
  const postgres = postgresStorage({ pool });
  const play = async (made: readonly Step<Player>[]) => {
    await pool.query("TRUNCATE bellwire_events, bellwire_runs, bellwire_names, bellwire_deleted_users");
    await agree([playerOf(memoryStorage(), null), playerOf(postgres, null)], made, stateOf);
  };
  try {
    await postgres.migrate();
    await fc.assert(fc.asyncProperty(playsOf(...steps), play), playing(1 / 3));
  } finally {
    await pool.end();
    await server.stop();
  }
});
