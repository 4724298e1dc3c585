import type { Clock } from "../core/clock.js";
import type { CompleteStorage, CompleteUserStore } from "./complete-users.js";
import { createCallMerger, type MergeOptions } from "./merge-calls.js";
import type { RunResult } from "./run-store.js";
import type { RecordParams, RecordResult, Storage } from "./storage.js";
import type { UserUpdate } from "./user-store.js";

/**
 * The storage as one source uses it: where a call has its price whatever it carries, the calls of payloads that are handled at the
 * same time share it. Only what every payload does is merged, and each caller sees what it would have seen alone.
 */
export function coalesceCalls(storage: CompleteStorage, clock: Clock): CompleteStorage {
  const { coalesce = false } = storage;
  if (coalesce === false) return storage;
  const options = coalesce === true ? { clock } : { clock, maxCalls: coalesce.maxCalls };
  return {
    ...storage,
    events: { ...storage.events, record: mergeRecord(storage, options) },
    runs: { ...storage.runs, settle: mergeSettle(storage, options) },
    users: { ...storage.users, update: mergeUpdate(storage, options), known: mergeKnown(storage, options) },
  };
}

function mergeRecord({ events }: Storage, options: MergeOptions): Storage["events"]["record"] {
  return createCallMerger<RecordParams, readonly RecordResult[]>(
    {
      groupOf: ({ environment, source, owner, leaseMs }) => JSON.stringify([environment, source, owner, leaseMs]),
      sizeOf: (params) => params.events.length,
      // A messageId is new to one of them; the other one has to be told what became of it.
      keysOf: (params) => params.events.map(({ messageId }) => messageId),
      run: async (calls, signal) => {
        const [first] = calls;
        if (first === undefined) return [];
        const merged = calls.length === 1 ? first : { ...first, events: calls.flatMap((call) => call.events), signal };
        return split(
          await events.record(merged),
          calls.map((call) => call.events.length),
        );
      },
    },
    options,
  );
}

function mergeSettle({ runs }: Storage, options: MergeOptions): Storage["runs"]["settle"] {
  return createCallMerger<Parameters<typeof runs.settle>[0], readonly boolean[]>(
    {
      groupOf: () => "",
      sizeOf: ({ results }) => results.length,
      keysOf: ({ results }) => results.map(({ idempotencyKey }) => idempotencyKey),
      run: async (calls, signal) => {
        const results: readonly RunResult[] = calls.flatMap((call) => call.results);
        return split(
          await runs.settle({ results, signal }),
          calls.map((call) => call.results.length),
        );
      },
    },
    options,
  );
}

function mergeUpdate({ users }: CompleteStorage, options: MergeOptions): CompleteUserStore["update"] {
  return createCallMerger<Parameters<typeof users.update>[0], readonly UserUpdate[]>(
    {
      groupOf: ({ environment }) => environment,
      sizeOf: ({ changes }) => changes.length,
      run: async (calls, signal) => {
        const environment = calls[0]?.environment ?? "";
        const changes = calls.flatMap((call) => call.changes);
        return split(
          await users.update({ environment, changes, signal }),
          calls.map((call) => call.changes.length),
        );
      },
    },
    options,
  );
}

function mergeKnown({ users }: CompleteStorage, options: MergeOptions): CompleteUserStore["known"] {
  return createCallMerger<Parameters<typeof users.known>[0], ReadonlyMap<string, string>>(
    {
      groupOf: ({ environment }) => environment,
      sizeOf: ({ ids }) => ids.length,
      run: async (calls, signal) => {
        const environment = calls[0]?.environment ?? "";
        const known = await users.known({ environment, ids: [...new Set(calls.flatMap(({ ids }) => ids))], signal });
        return calls.length === 1 ? [known] : calls.map(({ ids }) => pick(known, ids));
      },
    },
    options,
  );
}

function pick(known: ReadonlyMap<string, string>, ids: readonly string[]): ReadonlyMap<string, string> {
  const picked = new Map<string, string>();
  for (const id of ids) {
    const current = known.get(id);
    if (current !== undefined) picked.set(id, current);
  }
  return picked;
}

function split<Result>(results: readonly Result[], sizes: readonly number[]): readonly (readonly Result[])[] {
  const parts: (readonly Result[])[] = [];
  let from = 0;
  for (const size of sizes) {
    parts.push(results.slice(from, from + size));
    from += size;
  }
  if (from !== results.length) throw new RangeError("storage answered for too few or too many");
  return parts;
}
