import { createHash } from "node:crypto";
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import {
  applyGroupChange,
  applyUserChange,
  emptyRegisters,
  firstRegisters,
  forgetRecipient,
  isLaterMembership,
  mentionsUser,
  mergeRegisters,
  namesRecipient,
  registersAfter,
  runDecisions,
  toGroup,
  toUser,
} from "bellwire";

const tables = [
  "events",
  "runs",
  "names",
  "users",
  "groups",
  "members",
  "merged",
  "deleted",
  "overrides",
  "triggers",
  "audit",
];
const keyOf = (...parts) => JSON.stringify(parts);
const isOpen = ({ status }) => status === "pending" || status === "held";
const isUntil = ({ occurredAt, receivedAt }, at) => Math.min(occurredAt, receivedAt) <= at.getTime();
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
    groups: groupStore(state, writing),
    triggers: triggerStore(state, writing),
    audit: auditStore(state, writing),
  };
}

const hashOf = (environment, id, kind = "user") =>
  createHash("sha256")
    .update(keyOf(environment, id, kind))
    .digest("hex");
const mark = ({ deleted }, hash, at) => deleted.set(hash, Math.max(at.getTime(), deleted.get(hash) ?? 0));
const isForgotten = ({ deleted }, hash, at) => (deleted.get(hash) ?? -Infinity) >= at.getTime();

const runsOf = ({ runs }, { environment, source, messageId }) =>
  [...runs.values()]
    .filter((run) => run.messageId === messageId && run.source === source && run.environment === environment)
    .sort((left, right) => left.position - right.position);

function statusOf(state, event) {
  const runs = runsOf(state, event);
  if (runs.some(isOpen)) return "in_progress";
  return runs.some(({ status }) => ["failed", "dead", "uncertain"].includes(status)) ? "failed" : event.base;
}

function toRun({ position: _p, fence: _f, leasedUntil: _l, order: _o, hold, ...run }) {
  const claims = { firstClaimedAt: date(run.firstClaimedAt), nextAttemptAt: date(run.nextAttemptAt) };
  const times = { ...claims, receivedAt: date(run.receivedAt) };
  return { ...run, ...times, waitingFor: hold?.userId ?? null, heldUntil: date(run.heldUntil) };
}

function toEvent(state, event) {
  const { order: _o, base: _b, isBare: _i, occurredAt, receivedAt, ...rest } = event;
  const times = { occurredAt: new Date(occurredAt), receivedAt: new Date(receivedAt) };
  const runs = runsOf(state, event).filter(({ parent }) => parent === null);
  return structuredClone({ ...rest, ...times, status: statusOf(state, event), runs: runs.map(toRun) });
}

function claim(run, leaseMs) {
  const now = Date.now();
  run.fence += 1;
  run.leasedUntil = now + leaseMs;
  run.firstClaimedAt ??= now;
  return { run: toRun(run), fence: run.fence, leasedUntil: new Date(run.leasedUntil) };
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

function addRun({ runs }, run, place) {
  const times = { firstClaimedAt: null, nextAttemptAt: null, heldUntil: run.hold ? Date.now() + run.hold.forMs : null };
  const ended = {
    attempts: 0,
    attemptsBeforeRetry: 0,
    workflowRunId: null,
    error: null,
    durationMs: null,
    fence: 0,
    leasedUntil: 0,
  };
  const added = { ...run, ...times, ...ended, ...place, status: run.hold ? "held" : "pending", progress: null };
  runs.set(run.idempotencyKey, added);
  return added;
}

/** A person looks for the start of a messageId, of which 1,000 are considered, for a user or for a name. */
function isSought({ messageIdPrefix, userId, names }) {
  let left = 1_000;
  return (event) => {
    if (event.messageId.startsWith(messageIdPrefix) && left-- > 0) return true;
    return event.userId === userId || names.some(({ type, name }) => type === event.type && name === event.name);
  };
}

function eventStore(state, nextOrder, writing) {
  const { events, runs, names } = state;
  const all = () => [...events.values()];

  const add = (scope, event) => {
    const { runs: planned, status: base, names: _names, ...rest } = event;
    const [occurredAt, receivedAt] = [event.occurredAt.getTime(), event.receivedAt.getTime()];
    const id = { ...scope, messageId: event.messageId };
    const order = nextOrder();
    const kept = JSON.parse(JSON.stringify(rest));
    events.set(keyOf(...Object.values(id)), { ...kept, ...scope, occurredAt, receivedAt, base, order, isBare: false });
    for (const [position, run] of planned.entries())
      addRun(state, run, { ...id, position, receivedAt, order: order + position / 1e6, parent: null });
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
    const forgotten = (event.names ?? []).filter((id) => isForgotten(state, hashOf(environment, id), event.occurredAt));
    if (isNew && forgotten.length > 0) return { status: "refused", claimed: [], stored: null, deleted: forgotten };
    if (isNew) add(scope, event);
    const pending = runsOf(state, { ...scope, messageId: event.messageId }).filter(
      ({ status, parent }) => status === "pending" && parent === null,
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
      const isWanted = params.search === undefined ? () => true : isSought(params.search);
      const found = all().filter(
        (event) =>
          ["environment", "source", "type", "name", "userId", "reason"].every((field) =>
            is(params[field], event[field]),
          ) &&
          is(params.status, statusOf(state, event)) &&
          isWanted(event) &&
          (params.receivedFrom === undefined || event.receivedAt >= params.receivedFrom.getTime()) &&
          (params.receivedTo === undefined || event.receivedAt < params.receivedTo.getTime()),
      );
      return page(found, params, (event) => toEvent(state, event));
    },
    timeline: async ({ environment, source, from, to, buckets }) => {
      const length = to.getTime() - from.getTime();
      const bound = (index) => from.getTime() + Math.floor((length * index) / buckets);
      const here = all().filter((event) => event.environment === environment && is(source, event.source));
      return Array.from({ length: buckets }, (_, index) => {
        const [start, end] = [bound(index), bound(index + 1)];
        const within = here.filter(({ receivedAt }) => receivedAt >= start && receivedAt < end);
        const failed = within.filter((event) => statusOf(state, event) === "failed");
        return { startsAt: new Date(start), count: within.length, failed: failed.length };
      });
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
      for (const [key, { at }] of state.audit) if (at < Date.now() - eventsOlderThanMs) state.audit.delete(key);
      return { payloads: stale.length, events: gone.length };
    }),
    erase: writing(({ environment, userId, at }) => {
      mark(state, hashOf(environment, userId), at);
      const here = all().filter((event) => event.environment === environment && isUntil(event, at));
      const theirs = here.filter((event) => (event.userId ?? event.anonymousId) === userId);
      theirs.forEach(bare);
      const waitsForThem = (run) => run.hold?.userId === userId;
      const waiting = here.filter((event) => runsOf(state, event).some(waitsForThem));
      for (const event of waiting) strip(event, (run) => !waitsForThem(run));
      return theirs.length + waiting.length;
    }),
    eraseMentions: writing(({ environment, userIds, at, limit, cursor = 0 }) => {
      const ids = new Set(userIds);
      const here = all().filter((event) => event.environment === environment && event.order > Number(cursor));
      const looked = here.sort((left, right) => left.order - right.order).slice(0, limit);
      const mentioning = looked.filter(
        (event) =>
          isUntil(event, at) &&
          (mentionsUser(event.decision, ids) ||
            runsOf(state, event).some(({ request }) => namesRecipient(request, ids))),
      );
      for (const event of mentioning) {
        for (const run of runsOf(state, event)) run.request = forgetRecipient(run.request, ids);
        strip(event, (run) => run.request !== null);
      }
      return { erased: mentioning.length, nextCursor: here.length > limit ? String(looked.at(-1).order) : null };
    }),
  };
}

function runStore(state, writing) {
  const { runs, members } = state;
  const all = () => [...runs.values()];
  const isMember = (environment, groupIds, userId) =>
    groupIds.some((groupId) => members.get(keyOf(environment, groupId, userId))?.isMember === true);
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
    decide: writing(({ decision, idempotencyKeys, leaseMs, ...params }) => {
      const { from, to } = runDecisions[decision];
      const found = [...new Set(idempotencyKeys)].flatMap((key) => runs.get(key) ?? []);
      const decided = found.filter(inScope(params)).filter(({ status }) => from.includes(status));
      for (const run of decided) {
        Object.assign(run, { status: to, fence: run.fence + 1, leasedUntil: 0 });
        if (to !== "pending") continue;
        Object.assign(run, { attemptsBeforeRetry: run.attempts, firstClaimedAt: null, nextAttemptAt: null });
      }
      const claimed = to === "pending" && leaseMs !== null ? decided.map((run) => claim(run, leaseMs)) : [];
      return { changed: decided.map((run) => run.idempotencyKey), claimed };
    }),
    expand: writing(({ idempotencyKey, fence, request, progress, runs: made, members: asked, leaseMs }) => {
      const parent = runs.get(idempotencyKey);
      if (parent?.fence !== fence || parent.status !== "pending") return { status: "lease_lost" };
      if (parent.request !== request) return { status: "request_changed" };
      const hasLeft = (userId) => !isMember(parent.environment, asked.groupIds, userId);
      if (asked.userIds.some(hasLeft)) return { status: "members_left" };
      Object.assign(parent, { progress, leasedUntil: Date.now() + leaseMs });
      const { environment, source, messageId, receivedAt, order } = parent;
      const added = made.map((run, position) =>
        addRun(state, run, { environment, source, messageId, receivedAt, order, position, parent: idempotencyKey }),
      );
      const claimed = added.filter(({ status }) => status === "pending").map((run) => claim(run, leaseMs));
      return { status: "expanded", claimed };
    }),
    list: async (params) => {
      const fields = ["environment", "source", "status"];
      return page(
        all().filter((run) => fields.every((field) => is(params[field], run[field]))),
        params,
        toRun,
      );
    },
    wake: writing(({ environment, source, userIds, leaseMs }) => {
      const isAwaited = ({ hold }) =>
        userIds.includes(hold.userId) || userIds.includes(state.merged.get(keyOf(environment, hold.userId)));
      const woken = all().filter((run) => run.environment === environment && run.status === "held" && isAwaited(run));
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

function userStore(state, writing) {
  const { users, merged } = state;
  const currentId = (environment, id) => merged.get(keyOf(environment, id)) ?? id;
  const idsInto = (environment, into) =>
    [...merged].flatMap(([key, id]) => (id === into && JSON.parse(key)[0] === environment ? [JSON.parse(key)[1]] : []));

  const update = (environment, change) => {
    if (isForgotten(state, hashOf(environment, change.id), change.at)) return { id: change.id, status: "deleted" };
    const id = currentId(environment, change.id);
    const known = users.get(keyOf(environment, id));
    const deletedAt = state.deleted.get(hashOf(environment, change.id)) ?? null;
    const updated = applyUserChange(known ?? firstRegisters(change.at.getTime(), deletedAt), change);
    users.set(keyOf(environment, id), updated);
    return { id, status: known === undefined ? "created" : updated === known ? "unchanged" : "updated" };
  };

  const markDeleted = ({ environment, id, at }) => {
    const current = currentId(environment, id);
    const ids = [...new Set([id, current, ...idsInto(environment, current)])];
    for (const each of ids) mark(state, hashOf(environment, each), at);
    return ids;
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
    merge: writing(({ environment, at, ...ids }) => {
      const [from, into] = [currentId(environment, ids.from), currentId(environment, ids.into)];
      if (from === into) return { status: "merged" };
      const isGone = (id) => at !== undefined && isForgotten(state, hashOf(environment, id), at);
      if ([ids.from, ids.into, from, into].some(isGone)) return { status: "deleted" };
      const [moved, target] = [users.get(keyOf(environment, from)), keyOf(environment, into)];
      if (moved !== undefined) users.set(target, mergeRegisters(users.get(target) ?? emptyRegisters, moved));
      users.delete(keyOf(environment, from));
      for (const id of [from, ...idsInto(environment, from)]) merged.set(keyOf(environment, id), into);
      return { status: "merged" };
    }),
    markDeleted: writing(markDeleted),
    delete: writing(({ environment, id, at, sparesLater = false }) => {
      const ids = markDeleted({ environment, id, at });
      const key = keyOf(environment, currentId(environment, id));
      const later = sparesLater && users.has(key) ? registersAfter(users.get(key), at.getTime()) : null;
      if (later !== null) {
        users.set(key, later);
        return [];
      }
      for (const each of ids) merged.delete(keyOf(environment, each));
      return users.delete(key) ? ids : [];
    }),
  };
}

function groupStore(state, writing) {
  const { groups, members } = state;
  const put = (environment, { at, ...word }) => {
    const { groupId, userId } = word;
    const isOver = isForgotten(state, hashOf(environment, groupId, "group"), at);
    if (isOver || isForgotten(state, hashOf(environment, userId), at)) return;
    const key = keyOf(environment, groupId, userId);
    const known = members.get(key);
    if (known !== undefined && !isLaterMembership({ ...word, at }, { ...known, at: new Date(known.at) })) return;
    members.set(key, { environment, ...word, at: at.getTime() });
  };
  const update = (environment, change) => {
    const { id, at } = change;
    if (isForgotten(state, hashOf(environment, id, "group"), at)) return { id, status: "deleted" };
    const known = groups.get(keyOf(environment, id));
    const updated = applyGroupChange(known ?? emptyRegisters, change);
    groups.set(keyOf(environment, id), updated);
    return { id, status: known === undefined ? "created" : updated === known ? "unchanged" : "updated" };
  };
  const remove = (is) => {
    for (const [key, member] of members) if (is(member)) members.delete(key);
  };
  return {
    update: writing(({ environment, changes, memberships }) => {
      const updates = changes.map((change) => update(environment, change));
      for (const word of memberships) put(environment, word);
      return updates;
    }),
    find: async ({ environment, ids }) =>
      ids.flatMap((id) =>
        groups.has(keyOf(environment, id)) ? [toGroup(id, groups.get(keyOf(environment, id)))] : [],
      ),
    members: async ({ environment, groupIds, limit, cursor = "" }) => {
      const found = [...members.values()].filter(
        (member) => member.environment === environment && groupIds.includes(member.groupId) && member.isMember,
      );
      const ids = [...new Set(found.map(({ userId }) => userId))].filter((id) => id > cursor).sort();
      return { items: ids.slice(0, limit), nextCursor: ids.length > limit ? ids[limit - 1] : null };
    },
    moveMember: writing(({ environment, from, into }) => {
      if (from === into) return;
      const theirs = [...members.values()].filter((word) => word.environment === environment && word.userId === from);
      remove((word) => theirs.includes(word));
      for (const { groupId, isMember, at } of theirs)
        put(environment, { groupId, userId: into, isMember, at: new Date(at) });
    }),
    eraseMember: writing(({ environment, userId, until }) =>
      remove((word) => {
        const isSaid = until === undefined || word.at <= until.getTime();
        return isSaid && word.environment === environment && word.userId === userId;
      }),
    ),
    delete: writing(({ environment, id, at }) => {
      mark(state, hashOf(environment, id, "group"), at);
      remove((word) => word.environment === environment && word.groupId === id);
      return groups.delete(keyOf(environment, id));
    }),
  };
}

function triggerStore({ overrides, triggers }, writing) {
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
    load: async ({ source }) => ({
      triggers: load("trigger", source),
      environments: load("environment", source),
      stored: [...triggers].flatMap(([key, { savedAt, ...trigger }]) =>
        JSON.parse(key)[0] === source ? [{ ...trigger, savedAt: new Date(savedAt) }] : [],
      ),
    }),
    save: writing(({ source, trigger }) => {
      triggers.set(keyOf(source, trigger.key), { ...trigger, savedAt: trigger.savedAt.getTime() });
    }),
    remove: writing(({ source, key }) => {
      if (!triggers.delete(keyOf(source, key))) return false;
      for (const [id, override] of overrides)
        if (override.kind === "trigger" && override.source === source && override.trigger === key) overrides.delete(id);
      return true;
    }),
    setActive: writing(({ source, override }) => void put("trigger", source, override)),
    setEnvironment: writing(({ source, override }) => void put("environment", source, override)),
  };
}

function auditStore({ audit }, writing) {
  return {
    append: writing(({ source, entries }) => {
      for (const { at, ...entry } of entries) {
        const order = Math.max(0, ...audit.keys()) + 1;
        audit.set(order, { source, order, ...entry, at: at.getTime() });
      }
    }),
    list: async ({ source, environment, limit, cursor = Infinity }) => {
      const found = [...audit.values()]
        .filter((entry) => entry.source === source && entry.order < Number(cursor))
        .filter((entry) => environment === undefined || [null, environment].includes(entry.environment))
        .sort((left, right) => right.order - left.order);
      const items = found
        .slice(0, limit)
        .map(({ source: _s, order: _o, at, ...entry }) => ({ ...entry, at: new Date(at) }));
      return { items, nextCursor: found.length > limit ? String(found[limit - 1].order) : null };
    },
  };
}
