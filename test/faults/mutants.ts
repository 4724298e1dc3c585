/** A mistake that somebody could make, and the tests that must notice it. */
export interface Mutant {
  readonly name: string;
  /** From `src/`. */
  readonly file: string;
  readonly find: string;
  readonly replace: string;
  /** From `test/`. */
  readonly tests: readonly string[];
}

const source = ["source"];
const storages = ["storage", "adapters/storage"];

/** The mistakes that would cost somebody a notification, or give somebody else's away. */
export const mutants: readonly Mutant[] = [
  {
    name: "acknowledge what could not be recorded",
    file: "source/handle-payload.ts",
    find: "storage.events.record({ owner, leaseMs, events, signal, ...scope }),",
    replace:
      'storage.events.record({ owner, leaseMs, events, signal, ...scope }).catch(() => events.map(() => ({ status: "new" as const, claimed: [], stored: null }))),',
    tests: source,
  },
  {
    name: "resolve again on a redelivery",
    file: "source/handle-payload.ts",
    find: 'const planned = status === "new" ? runs[place] : undefined;',
    replace: "const planned = runs[place];",
    tests: source,
  },
  {
    name: "a key without the trigger",
    file: "source/idempotency-key.ts",
    find: "JSON.stringify([trigger, part])",
    replace: "JSON.stringify([part])",
    tests: source,
  },
  {
    name: "a key without the chunk",
    file: "source/idempotency-key.ts",
    find: "JSON.stringify([trigger, part])",
    replace: "JSON.stringify([trigger])",
    tests: source,
  },
  {
    name: "no fencing in memory",
    file: "storage/memory-unfinished-runs.ts",
    find: "this.#byFence.get(fence)",
    replace: "this.find([idempotencyKey])[0]",
    tests: ["storage"],
  },
  {
    name: "no fencing in SQLite",
    file: "adapters/storage/sqlite/sqlite-runs.ts",
    find: "AND fence = ? AND status = 'pending'`",
    replace: "AND fence <= ? + 1000 AND status = 'pending'`",
    tests: ["adapters/storage/sqlite"],
  },
  {
    name: "no fencing in PostgreSQL",
    file: "adapters/storage/postgres/postgres-settle.ts",
    find: "\n       WHERE r.idempotency_key = i.key AND r.fence = i.fence",
    replace: "\n       WHERE r.idempotency_key = i.key",
    tests: ["adapters/storage/postgres"],
  },
  {
    name: "claim what somebody else has leased",
    file: "storage/memory-runs.ts",
    find: "!run.isLeasedAt(now) && dueAt(run) <= now",
    replace: "dueAt(run) <= now",
    tests: ["storage"],
  },
  {
    name: "no second look-up after a hold was recorded",
    file: "source/holds.ts",
    find: "for (const userId of (await knownUsers(context, environment, [...waiting])).keys()) released.add(userId);",
    replace: "",
    tests: ["source/holds"],
  },
  {
    name: "ask the engine again when its window is over",
    file: "source/ended-run.ts",
    find: "sinceFirstClaimMs <= idempotencyWindowMs",
    replace: "true",
    tests: source,
  },
  {
    name: "an attempt that outlives its lease",
    file: "source/attempt.ts",
    find: "this.#startedAt + options.runTimeoutMs > this.#round.leasedUntil",
    replace: "false",
    tests: source,
  },
  {
    name: "answer 200 although a run is to be sent again",
    file: "http/respond.ts",
    find: "json(retryable ? 503 : 200, body)",
    replace: "json(200, body)",
    tests: ["http"],
  },
  {
    name: "answer 4xx for a fault of ours",
    file: "http/status.ts",
    find: 'case "PAYLOAD_TOO_LARGE":',
    replace: 'case "STORAGE_FAILED":\n    case "PAYLOAD_TOO_LARGE":',
    tests: ["http"],
  },
  {
    name: "trust the whole batch because its first element is signed",
    file: "segment/signature.ts",
    find: 'covers: first.isOnly ? "all" : "first"',
    replace: 'covers: "all"',
    tests: ["segment", "http"],
  },
  {
    name: "accept only the first shared secret",
    file: "segment/signature.ts",
    find: "for (const key of keys) {",
    replace: "for (const key of keys.slice(0, 1)) {",
    tests: ["segment"],
  },
  {
    name: "accept unsigned requests where a secret is set",
    file: "http/authenticate.ts",
    find: 'if (verdict.status === "missing") return unsigned(body);',
    replace: 'if (verdict.status === "missing") return null;',
    tests: ["http"],
  },
  {
    name: "no bound on what a body decompresses to",
    file: "http/read-body.ts",
    find: "if (size > maxBytes) fail(tooLarge(maxBytes));",
    replace: "if (size > maxBytes * 1_000) fail(tooLarge(maxBytes));",
    tests: ["http"],
  },
  {
    name: "take the Event Tester's constant id for a message id",
    file: "segment/message-id.ts",
    find: "if (given === constantTestId) return",
    replace: "if (given === null) return",
    tests: ["segment"],
  },
  {
    name: "let a clock that is ahead win for years",
    file: "users/user-registers.ts",
    find: "return at.getTime() > receivedAt.getTime() + toleratedFutureMs ? receivedAt : at;",
    replace: "return at;",
    tests: ["users", "source"],
  },
  {
    name: "of two at the same time the one that came last wins",
    file: "users/user-registers.ts",
    find: "return canonicalJson(value) > canonicalJson(knownValue);",
    replace: "return true;",
    tests: ["users", ...storages],
  },
  {
    name: "copy prototype keys",
    file: "core/json.ts",
    find: 'new Set(["__proto__", "prototype", "constructor"])',
    replace: "new Set<string>()",
    tests: ["users", "mapping", "segment", "recipients"],
  },
  {
    name: "read inherited properties",
    file: "mapping/own-member.ts",
    find: "return holder !== undefined && isOwn.call(holder, name) ? holder[name] : undefined;",
    replace: "return holder?.[name];",
    tests: ["mapping"],
  },
  {
    name: "drop the recipients above an engine's limit",
    file: "recipients/chunk-recipients.ts",
    find: "return chunks;",
    replace: "return chunks.slice(0, 1);",
    tests: ["source", "recipients"],
  },
  {
    name: "a throwing listener keeps the event from the others",
    file: "core/safe-emitter.ts",
    find: "onListenerError(name, error);\n        }",
    replace: "throw error;\n        }",
    tests: ["core", "source"],
  },
  {
    name: "erase a user's events and leave their runs",
    file: "storage/memory-state.ts",
    find: "strip(stored: StoredEvent): void {\n    this.#dropRuns(stored);",
    replace: "strip(stored: StoredEvent): void {",
    tests: ["storage"],
  },
  {
    name: "seconds taken for milliseconds",
    file: "segment/timestamp.ts",
    find: "new Date(Math.round(value * 1_000))",
    replace: "new Date(value)",
    tests: ["segment"],
  },
];
