import { createHash } from "node:crypto";
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { applyUserChange, emptyRegisters, mergeRegisters, toUser } from "bellwire";

const tables = ["events", "runs", "names", "users", "merged", "deleted", "overrides"];
const keyOf = (...parts) => JSON.stringify(parts);
const isOpen = ({ status }) => status === "pending" || status === "held";
const date = (ms) => (ms === null ? null : new Date(ms));
const is = (wanted, actual) => wanted === undefined || wanted === actual;

/** A storage of somebody else's: everything in Maps, written to one JSON file after every change. For one process. */
export function jsonFileStorage(path) {
  const saved = existsSync(path) ? JSON.parse(readFileSync(path, "utf8")) : {};
  const state = Object.fromEntries(tables.map((table) => [table, new Map(saved[table])]));
  let order = state.events.size;
  const save = () => {
    writeFileSync(
      `${path}.new`,
      JSON.stringify(state, (_, value) => (value instanceof Map ? [...value] : value)),
    );
    renameSync(`${path}.new`, path);
  };
  /** A method that changes something: what it changed is in the file before it answers. */
  const writing = (method) => async (params) => {
    const answer = method(params);
    save();
    return answer;
  };
  return {
    events: eventStore(state, () => (order += 1), writing),
    runs: runStore(state, writing),
    users: userStore(state, writing),
    triggers: triggerStore(state, writing),
  };
}

const runsOf = ({ runs }, { environment, source, messageId }) =>
  [...runs.values()]
    .filter((run) => run.messageId === messageId && run.source === source && run.environment === environment)
    .sort((left, right) => left.position - right.position);

function statusOf(state, event) {
  const runs = runsOf(state, event);
  if (runs.some(isOpen)) return "in_progress";
  return runs.some(({ status }) => ["failed", "dead", "uncertain"].includes(status)) ? "failed" : event.base;
}

function toRun({ position: _p, fence: _f, leasedUntil: _l, hold, ...run }) {
  const times = { firstClaimedAt: date(run.firstClaimedAt), nextAttemptAt: date(run.nextAttemptAt) };
  return { ...run, ...times, waitingFor: hold?.userId ?? null, heldUntil: date(run.heldUntil) };
}

function toEvent(state, event) {
  const { order: _o, base: _b, isBare: _i, occurredAt, receivedAt, ...rest } = event;
  const times = { occurredAt: new Date(occurredAt), receivedAt: new Date(receivedAt) };
  return structuredClone({ ...rest, ...times, status: statusOf(state, event), runs: runsOf(state, event).map(toRun) });
}

function claim(run, leaseMs) {
  run.fence += 1;
  run.leasedUntil = Date.now() + leaseMs;
  run.firstClaimedAt ??= Date.now();
  return { run: toRun(run), fence: run.fence };
}

function page(items, { limit, cursor }, toItem) {
  const [time = Infinity, order = Infinity] = cursor === undefined ? [] : cursor.split("-").map(Number);
  const after = items
    .filter((item) => item.receivedAt < time || (item.receivedAt === time && item.order < order))
    .sort((left, right) => right.receivedAt - left.receivedAt || right.order - left.order);
  const last = after[limit - 1];
  return {
    items: after.slice(0, limit).map(toItem),
    nextCursor: after.length > limit ? `${last.receivedAt}-${last.order}` : null,
  };
}

function eventStore(state, nextOrder, writing) {
  const { events, runs, names } = state;
  const all = () => [...events.values()];

  const add = (scope, event) => {
    const { runs: planned, status: base, ...rest } = event;
    const [occurredAt, receivedAt] = [event.occurredAt.getTime(), event.receivedAt.getTime()];
    const id = { ...scope, messageId: event.messageId };
    const order = nextOrder();
    const kept = JSON.parse(JSON.stringify(rest));
    events.set(keyOf(...Object.values(id)), { ...kept, ...scope, occurredAt, receivedAt, base, order, isBare: false });
    for (const [position, run] of planned.entries()) {
      const times = {
        firstClaimedAt: null,
        nextAttemptAt: null,
        heldUntil: run.hold ? Date.now() + run.hold.forMs : null,
      };
      const ended = { attempts: 0, workflowRunId: null, error: null, durationMs: null, fence: 0, leasedUntil: 0 };
      const status = run.hold ? "held" : "pending";
      runs.set(run.idempotencyKey, {
        ...run,
        ...id,
        ...times,
        ...ended,
        position,
        status,
        receivedAt,
        order: order + position / 1e6,
      });
    }
    if (event.type !== null && base !== "invalid") countName(scope, event, receivedAt);
  };

  const countName = (scope, { type, name }, at) => {
    const key = keyOf(scope.environment, scope.source, type, name);
    const known = names.get(key) ?? { ...scope, type, name, count: 0, firstSeenAt: at, lastSeenAt: at };
    const seen = { firstSeenAt: Math.min(known.firstSeenAt, at), lastSeenAt: Math.max(known.lastSeenAt, at) };
    names.set(key, { ...known, ...seen, count: known.count + 1 });
  };

  const recordOne = ({ environment, source, leaseMs }, event) => {
    const scope = { environment, source };
    const key = keyOf(environment, source, event.messageId);
    const isNew = !events.has(key);
    if (isNew) add(scope, event);
    const pending = runsOf(state, { ...scope, messageId: event.messageId }).filter(
      ({ status }) => status === "pending",
    );
    const lease = () => (leaseMs === null ? [] : pending.map((run) => claim(run, leaseMs)));
    if (isNew) return { status: "new", claimed: lease(), stored: null };
    const stored = () => toEvent(state, events.get(key));
    if (pending.length === 0) return { status: "finished", claimed: [], stored: stored() };
    if (pending.some(({ leasedUntil }) => leasedUntil > Date.now()))
      return { status: "leased", claimed: [], stored: stored() };
    return { status: "unfinished", claimed: lease(), stored: stored() };
  };

  /** What is left is that there was such an event. */
  const strip = (event, keepRuns = () => false) => {
    event.base = statusOf(state, event) === "in_progress" ? event.base : statusOf(state, event);
    for (const run of runsOf(state, event)) if (!keepRuns(run)) runs.delete(run.idempotencyKey);
    Object.assign(event, { payload: null, decision: { triggers: [] } });
  };
  const bare = (event) => {
    strip(event);
    Object.assign(event, { userId: null, anonymousId: null, isBare: true });
  };

  return {
    record: writing((params) => params.events.map((event) => recordOne(params, event))),
    get: async ({ environment, source, messageId }) => {
      const found = events.get(keyOf(environment, source, messageId));
      return found === undefined ? null : toEvent(state, found);
    },
    list: async (params) => {
      const found = all().filter(
        (event) =>
          ["environment", "source", "type", "name", "userId"].every((field) => is(params[field], event[field])) &&
          is(params.status, statusOf(state, event)) &&
          (params.receivedFrom === undefined || event.receivedAt >= params.receivedFrom.getTime()) &&
          (params.receivedTo === undefined || event.receivedAt < params.receivedTo.getTime()),
      );
      return page(found, params, (event) => toEvent(state, event));
    },
    names: async ({ environment, source }) => {
      const merged = new Map();
      for (const name of names.values()) {
        if (name.environment !== environment || !is(source, name.source)) continue;
        const known = merged.get(keyOf(name.type, name.name)) ?? { ...name, count: 0 };
        const firstSeenAt = Math.min(known.firstSeenAt, name.firstSeenAt);
        const lastSeenAt = Math.max(known.lastSeenAt, name.lastSeenAt);
        merged.set(keyOf(name.type, name.name), { ...known, count: known.count + name.count, firstSeenAt, lastSeenAt });
      }
      return [...merged.values()]
        .sort((left, right) => right.lastSeenAt - left.lastSeenAt)
        .map(({ type, name, count, firstSeenAt, lastSeenAt }) => {
          return { type, name, count, firstSeenAt: new Date(firstSeenAt), lastSeenAt: new Date(lastSeenAt) };
        });
    },
    purge: writing(({ payloadsOlderThanMs, eventsOlderThanMs, limit }) => {
      const ended = all().filter((event) => !runsOf(state, event).some(isOpen));
      const olderThan = (ms) => (event) => Date.now() - event.receivedAt > ms;
      const gone = ended.filter(olderThan(eventsOlderThanMs)).slice(0, limit);
      for (const event of gone) {
        bare(event);
        events.delete(keyOf(event.environment, event.source, event.messageId));
      }
      const stale = ended.filter((event) => olderThan(payloadsOlderThanMs)(event) && !event.isBare).slice(0, limit);
      stale.forEach(bare);
      for (const [hash, at] of state.deleted) if (at < Date.now() - eventsOlderThanMs) state.deleted.delete(hash);
      return { payloads: stale.length, events: gone.length };
    }),
    erase: writing(({ environment, userId }) => {
      const here = all().filter((event) => event.environment === environment);
      const theirs = here.filter((event) => event.userId === userId);
      theirs.forEach(bare);
      const waitsForThem = (run) => run.hold?.userId === userId;
      const waiting = here.filter((event) => runsOf(state, event).some(waitsForThem));
      for (const event of waiting) strip(event, (run) => !waitsForThem(run));
      return theirs.length + waiting.length;
    }),
  };
}

function runStore({ runs }, writing) {
  const all = () => [...runs.values()];
  const inScope =
    ({ environment, source }) =>
    (run) =>
      run.environment === environment && run.source === source;
  const expired = (params) =>
    all()
      .filter(inScope(params))
      .filter((run) => run.status === "held" && run.heldUntil <= Date.now())
      .sort((left, right) => left.heldUntil - right.heldUntil);
  return {
    claim: writing(({ leaseMs, limit, ...params }) =>
      all()
        .filter(inScope(params))
        .filter((run) => run.status === "pending" && run.leasedUntil <= Date.now())
        .filter((run) => (run.nextAttemptAt ?? 0) <= Date.now())
        .sort((left, right) => (left.nextAttemptAt ?? 0) - (right.nextAttemptAt ?? 0))
        .slice(0, limit)
        .map((run) => claim(run, leaseMs)),
    ),
    settle: writing(({ results }) =>
      results.map(({ idempotencyKey, fence, retryInMs, durationMs = null, ...result }) => {
        const run = runs.get(idempotencyKey);
        if (run?.fence !== fence || run.status !== "pending") return false;
        const nextAttemptAt = retryInMs === null ? null : Date.now() + retryInMs;
        Object.assign(run, result, { durationMs, nextAttemptAt, attempts: run.attempts + 1, leasedUntil: 0 });
        return true;
      }),
    ),
    release: writing(({ runs: given }) => {
      for (const { idempotencyKey, fence } of given) {
        const run = runs.get(idempotencyKey);
        if (run?.fence === fence) run.leasedUntil = 0;
      }
    }),
    list: async (params) => {
      const fields = ["environment", "source", "status"];
      return page(
        all().filter((run) => fields.every((field) => is(params[field], run[field]))),
        params,
        ({ order: _o, receivedAt: _r, ...run }) => toRun(run),
      );
    },
    wake: writing(({ environment, source, userIds, leaseMs }) => {
      const woken = all().filter(
        (run) => run.environment === environment && run.status === "held" && userIds.includes(run.hold.userId),
      );
      for (const run of woken) run.status = "pending";
      return leaseMs === null ? [] : woken.filter((run) => run.source === source).map((run) => claim(run, leaseMs));
    }),
    expired: async ({ limit, ...params }) =>
      expired(params)
        .slice(0, limit)
        .map(({ hold }) => hold),
    skip: writing(({ userIds, ...params }) => {
      const over = expired(params).filter((run) => userIds.includes(run.hold.userId));
      for (const run of over) run.status = "skipped";
      return over.length;
    }),
  };
}

function userStore({ users, merged, deleted }, writing) {
  const hashOf = (environment, id) => createHash("sha256").update(keyOf(environment, id)).digest("hex");
  const currentId = (environment, id) => merged.get(keyOf(environment, id)) ?? id;
  const idsInto = (environment, into) =>
    [...merged].flatMap(([key, id]) => (id === into && JSON.parse(key)[0] === environment ? [JSON.parse(key)[1]] : []));

  const update = (environment, change) => {
    const deletedAt = deleted.get(hashOf(environment, change.id));
    if (deletedAt !== undefined && change.at.getTime() <= deletedAt) return { id: change.id, status: "deleted" };
    const id = currentId(environment, change.id);
    const known = users.get(keyOf(environment, id));
    const updated = applyUserChange(known ?? emptyRegisters, change);
    users.set(keyOf(environment, id), updated);
    return { id, status: known === undefined ? "created" : updated === known ? "unchanged" : "updated" };
  };

  return {
    update: writing(({ environment, changes }) => changes.map((change) => update(environment, change))),
    find: async ({ environment, ids }) =>
      [...new Set(ids.map((id) => currentId(environment, id)))].flatMap((id) => {
        const registers = users.get(keyOf(environment, id));
        return registers === undefined ? [] : [toUser(id, registers)];
      }),
    known: async ({ environment, ids }) =>
      new Map(ids.map((id) => [id, currentId(environment, id)]).filter(([, id]) => users.has(keyOf(environment, id)))),
    merge: writing(({ environment, ...ids }) => {
      const [from, into] = [currentId(environment, ids.from), currentId(environment, ids.into)];
      if (from === into) return;
      const [moved, target] = [users.get(keyOf(environment, from)), keyOf(environment, into)];
      if (moved !== undefined) users.set(target, mergeRegisters(users.get(target) ?? emptyRegisters, moved));
      users.delete(keyOf(environment, from));
      for (const id of [from, ...idsInto(environment, from)]) merged.set(keyOf(environment, id), into);
    }),
    delete: writing(({ environment, id, at }) => {
      const current = currentId(environment, id);
      const ids = [current, ...idsInto(environment, current)];
      for (const each of new Set([id, ...ids])) {
        const hash = hashOf(environment, each);
        deleted.set(hash, Math.max(at.getTime(), deleted.get(hash) ?? 0));
        merged.delete(keyOf(environment, each));
      }
      return users.delete(keyOf(environment, current)) ? ids : [];
    }),
  };
}

function triggerStore({ overrides }, writing) {
  const put = (kind, source, { changedAt, ...override }) =>
    overrides.set(keyOf(kind, source, override.environment, override.trigger), {
      kind,
      source,
      ...override,
      changedAt: changedAt.getTime(),
    });
  const load = (wanted, source) =>
    [...overrides.values()].flatMap(({ kind, source: of, changedAt, ...override }) =>
      kind === wanted && of === source ? [{ ...override, changedAt: new Date(changedAt) }] : [],
    );
  return {
    load: async ({ source }) => ({ triggers: load("trigger", source), environments: load("environment", source) }),
    setActive: writing(({ source, override }) => void put("trigger", source, override)),
    setEnvironment: writing(({ source, override }) => void put("environment", source, override)),
  };
}
