import assert from "node:assert/strict";
import type { AuditEntry } from "../storage/audit-store.js";
import type { Storage } from "../storage/storage.js";
import type { StorageCase } from "./storage-fixtures.js";

const year = 365 * 24 * 60 * 60_000;
const entry = (subject: string, overrides: Partial<AuditEntry> = {}): AuditEntry => ({
  at: new Date("2026-03-01T12:00:00.000Z"),
  by: "ops",
  action: "trigger_disabled",
  environment: "production",
  subject,
  detail: null,
  ...overrides,
});

/** The entries of all pages. */
async function list(storage: Storage, environment?: string, limit = 100): Promise<readonly AuditEntry[]> {
  const entries: AuditEntry[] = [];
  let cursor: string | undefined;
  do {
    const page = await storage.audit.list({ source: "web", environment, limit, cursor });
    entries.push(...page.items);
    cursor = page.nextCursor ?? undefined;
  } while (cursor !== undefined);
  return entries;
}
const subjects = (entries: readonly AuditEntry[]) => entries.map(({ subject }) => subject);

export const auditCases: readonly StorageCase[] = [
  [
    "audit: what was appended last comes first, by source and environment, as it was said",
    async ({ storage }) => {
      const append = (...entries: readonly AuditEntry[]) => storage.audit.append({ source: "web", entries });
      const odd = { by: "a\u0000\ud800", detail: JSON.parse('{"x":[1,null,{"y":"\\u0000"}]}') };
      const all = [
        entry("1", odd),
        entry("2", { environment: "development", action: "runs_retried" }),
        entry("3", { environment: null, action: "trigger_saved", by: null, at: new Date("2020-01-01T00:00:00.000Z") }),
        entry("wel\u0000come"),
      ];
      assert.deepEqual(await list(storage), []);
      await append();
      for (const each of all.slice(0, 2)) await append(each);
      await append(...all.slice(2));
      await storage.audit.append({ source: "ios", entries: [entry("ios")] });
      const newestFirst = [...all].reverse();
      assert.deepEqual(await list(storage), newestFirst);
      for (const limit of [1, 3, 4]) assert.deepEqual(await list(storage, undefined, limit), newestFirst);
      assert.deepEqual(subjects(await list(storage, "production", 2)), ["wel\u0000come", "3", "1"]);
      assert.deepEqual(subjects(await list(storage, "development")), ["3", "2"]);
      assert.deepEqual(subjects(await list(storage, "staging")), ["3"]);
    },
  ],
  [
    "audit: is kept as long as events are",
    async ({ storage }) => {
      const entries = [entry("old", { at: new Date(Date.UTC(2020, 0, 1)) }), entry("new", { at: new Date() })];
      await storage.audit.append({ source: "web", entries });
      await storage.events.purge({ payloadsOlderThanMs: 1, eventsOlderThanMs: 100 * year, limit: 10 });
      assert.deepEqual(subjects(await list(storage)), ["new", "old"]);
      await storage.events.purge({ payloadsOlderThanMs: 1, eventsOlderThanMs: year, limit: 10 });
      assert.deepEqual(subjects(await list(storage)), ["new"]);
    },
  ],
];
