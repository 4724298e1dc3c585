import assert from "node:assert/strict";
import { type EventSearch, maxPrefixMatches } from "../storage/event-search.js";
import type { ListEventsParams, Storage } from "../storage/storage.js";
import {
  eventWithRun,
  newEvent,
  receivedAt,
  recordParams,
  resultOf,
  type StorageCase,
  scope,
} from "./storage-fixtures.js";

const at = (minutes: number) => new Date(receivedAt.getTime() + minutes * 60_000);
const nothing: EventSearch = { messageIdPrefix: "nothing starts so", userId: "nobody", names: [] };

/** The messageIds of all pages. */
async function find(storage: Storage, params: Partial<ListEventsParams>, limit = 100): Promise<readonly string[]> {
  const found: string[] = [];
  let cursor: string | undefined;
  do {
    const page = await storage.events.list({ ...scope, limit, ...params, cursor });
    found.push(...page.items.map(({ messageId }) => messageId));
    cursor = page.nextCursor ?? undefined;
  } while (cursor !== undefined);
  return found;
}

const searchCases: readonly StorageCase[] = [
  [
    "search: by the start of a messageId, a user id or a name, newest first, and nothing twice",
    async ({ storage }) => {
      const others = { userId: "someone", name: "Other" };
      const events = [
        newEvent("ada-1", { ...others, receivedAt: at(3) }),
        newEvent("x", { ...others, userId: "ada", receivedAt: at(1) }),
        newEvent("y", { ...others, name: "ada", receivedAt: at(2) }),
        newEvent("ada-2", { userId: "ada", name: "ada", receivedAt: at(4) }),
        newEvent("z", { ...others, type: "page", name: "ada", receivedAt: at(5) }),
        newEvent("b-ada", others),
      ];
      await storage.events.record(recordParams(events));
      await storage.events.record(recordParams([newEvent("ada-ios", others)], { source: "ios" }));
      await storage.events.record(recordParams([newEvent("ada-dev", others)], { environment: "development" }));
      const search = { messageIdPrefix: "ada", userId: "ada", names: [{ type: "track", name: "ada" }] };
      assert.deepEqual(await find(storage, { search }), ["ada-2", "ada-1", "y", "x"]);
      assert.deepEqual(await find(storage, { search }, 1), ["ada-2", "ada-1", "y", "x"]);
      assert.deepEqual(await find(storage, { search, receivedFrom: at(2), receivedTo: at(4) }), ["ada-1", "y"]);
      assert.deepEqual(await find(storage, { search, userId: "ada" }), ["ada-2", "x"]);
      assert.deepEqual(await find(storage, { search: { ...nothing, names: [{ type: "page", name: "ada" }] } }), ["z"]);
      assert.deepEqual(await find(storage, { search: nothing }), []);
    },
  ],
  [
    "search: a start is taken as it is written",
    async ({ storage }) => {
      const ids = ["50%_a", "50%_A", "50xya", "50", "a\u0000b", "a\u0000", "\ud83e\udd8a-1", 'q"1', "\\u0061"];
      await storage.events.record(recordParams(ids.map((id) => newEvent(id))));
      const startingWith = async (messageIdPrefix: string) =>
        [...(await find(storage, { search: { ...nothing, messageIdPrefix } }))].sort();
      for (const start of ["50%_", "50%_A", "50", "a\u0000", "a", "\ud83e\udd8a", 'q"', "\\u", "A"]) {
        assert.deepEqual(await startingWith(start), ids.filter((id) => id.startsWith(start)).sort());
      }
    },
  ],
  [
    "search: a start that too many share costs no more, and finds that many",
    async ({ storage }) => {
      const events = Array.from({ length: maxPrefixMatches + 50 }, (_, index) => newEvent(`ajs-${index}`));
      await storage.events.record(recordParams(events));
      const search = { ...nothing, messageIdPrefix: "ajs-" };
      assert.equal(new Set(await find(storage, { search }, 300)).size, maxPrefixMatches);
    },
  ],
  [
    "list: by the reason that was recorded",
    async ({ storage }) => {
      const ignored = { status: "ignored" } as const;
      const events = [
        newEvent("none"),
        newEvent("unmatched", { ...ignored, reason: "no_matching_trigger" }),
        newEvent("off", { ...ignored, reason: "identify_disabled", receivedAt: at(1) }),
        newEvent("off-2", { ...ignored, reason: "identify_disabled", receivedAt: at(2) }),
        newEvent("deep", { status: "invalid", reason: "event_too_deep" }),
      ];
      await storage.events.record(recordParams(events));
      assert.deepEqual(await find(storage, { reason: "identify_disabled" }), ["off-2", "off"]);
      assert.deepEqual(await find(storage, { reason: "identify_disabled" }, 1), ["off-2", "off"]);
      assert.deepEqual(await find(storage, { reason: "no_matching_trigger", ...ignored }), ["unmatched"]);
      assert.deepEqual(await find(storage, { reason: "no_matching_trigger" }), ["unmatched"]);
      assert.deepEqual(await find(storage, { reason: "event_too_deep", status: "ignored" }), []);
      assert.deepEqual(await find(storage, { reason: "no_user_id" }), []);
    },
  ],
];

const timelineCases: readonly StorageCase[] = [
  [
    "timeline: events by the part of the span in which they were received, and how many of them are failed",
    async ({ storage }) => {
      const received = (id: string, ms: number) => ({ ...eventWithRun(id), receivedAt: new Date(ms) });
      const times = [999, 1_000, 1_332, 1_333, 1_665, 1_666, 1_999, 2_000];
      const recorded = await storage.events.record(recordParams(times.map((ms) => received(`m${ms}`, ms))));
      await storage.events.record(recordParams([newEvent("i", { receivedAt: new Date(1_500) })], { source: "ios" }));
      await storage.events.record(
        recordParams([newEvent("d", { receivedAt: new Date(1_500) })], { environment: "development" }),
      );
      const failed = { status: "failed", workflowRunId: null } as const;
      const results = [1, 2, 5].map((index) => resultOf(recorded[index]?.claimed[0], failed));
      await storage.runs.settle({ results });
      const span = { from: new Date(1_000), to: new Date(2_000), buckets: 3 };
      const bucket = (ms: number, count: number, failing: number) => ({
        startsAt: new Date(ms),
        count,
        failed: failing,
      });
      const { environment } = scope;
      assert.deepEqual(await storage.events.timeline({ ...scope, ...span }), [
        bucket(1_000, 2, 2),
        bucket(1_333, 2, 0),
        bucket(1_666, 2, 1),
      ]);
      assert.deepEqual(await storage.events.timeline({ environment, ...span, buckets: 1 }), [bucket(1_000, 7, 3)]);
      const none = { ...scope, environment: "staging", ...span, buckets: 2 };
      assert.deepEqual(await storage.events.timeline(none), [bucket(1_000, 0, 0), bucket(1_500, 0, 0)]);
    },
  ],
];

export const searchAndTimelineCases: readonly StorageCase[] = [...searchCases, ...timelineCases];
