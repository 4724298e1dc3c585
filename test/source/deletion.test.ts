import { createSegmentSource, defineTrigger, type JsonValue, memoryStorage, runnerError } from "bellwire";
import { identify, recordingRunner, track } from "bellwire/testing";
import { describe, expect, it } from "vitest";

const at = (second: number) => ({ timestamp: new Date(Date.UTC(2026, 0, 1, 0, 0, second)).toISOString() });
const welcome = defineTrigger({ key: "welcome", event: "Signed Up", workflow: "welcome", recipients: "userId" });
const mention = defineTrigger({
  key: "mention",
  event: "Mentioned",
  workflow: "mention",
  recipients: "properties.who",
  actor: "properties.by",
});
const announce = defineTrigger({
  key: "announce",
  event: "Announced",
  workflow: "announce",
  recipients: { collection: { "@literal": "groups" }, id: "properties.group" },
  actor: "properties.by",
  expand: true,
});
const triggers = [welcome, mention, announce];
const unidentified = { hold: "10m", then: "create" } as const;
const setUp = () => {
  const runner = recordingRunner();
  const storage = memoryStorage();
  return { runner, storage, source: createSegmentSource({ storage, runner, triggers, unidentified }) };
};
const gate = () => {
  let open: () => void = () => undefined;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { open, opened };
};
/** What is stored, to look for "ada" in; as a word, since random ids are hexadecimal and hold it now and then. */
const kept = async ({ source, storage }: ReturnType<typeof setUp>) => {
  const events = await storage.events.list({ environment: "default", limit: 500 });
  const runs = await storage.runs.list({ environment: "default", limit: 500 });
  const members = await source.groups.members("acme");
  return JSON.stringify([events.items.map(({ messageId: _, ...event }) => event), runs.items, members]);
};

describe("a deleted user", () => {
  it("is notified of what happened since, as it was recorded, also beside an event of before in one payload", async () => {
    const { runner, storage } = setUp();
    const source = createSegmentSource({ storage, runner, triggers, unidentified: "create" });
    await source.users.delete("ada");
    const soon = { timestamp: new Date(Date.now() + 60_000).toISOString() };
    const { events } = await source.handleSegmentPayload([
      track("Signed Up", {}, { userId: "ada", messageId: "before", ...at(2) }),
      identify("ada", {}, soon),
      track("Mentioned", { who: ["ada", "bob"] }, { userId: "grace", messageId: "since", ...soon }),
    ]);
    expect(events.map(({ status }) => status)).toEqual(["ignored", "processed", "processed"]);
    expect(runner.runs.map(({ request }) => request.recipients)).toEqual([["ada", "bob"]]);
    const { items } = await storage.runs.list({ environment: "default", limit: 10 });
    expect(items.map(({ request }) => JSON.parse(request).recipients)).toEqual([["ada", "bob"]]);
  });

  it("is not recorded again by an event of before that comes late, and nobody is notified of it", async () => {
    const all = setUp();
    const { source, runner } = all;
    await source.handleSegmentPayload([identify("ada", { email: "ada@example.com" }, at(1))]);
    await source.users.delete("ada");
    const late = track("Signed Up", { email: "ada@example.com" }, { userId: "ada", messageId: "m-1", ...at(2) });
    const { events } = await source.handleSegmentPayload([late, identify("ada", {}, at(3))]);
    expect(events.map(({ status, reason }) => [status, reason])).toEqual([
      ["ignored", "user_deleted"],
      ["ignored", "user_deleted"],
    ]);
    expect(events[0]?.detail?.message).toContain("deleted");
    expect(runner.runs).toEqual([]);
    expect(await kept(all)).not.toMatch(/\bada\b/);
    expect((await source.handleSegmentPayload(late)).events[0]?.status).toBe("duplicate");
    const soon = { timestamp: new Date(Date.now() + 60_000).toISOString() };
    await source.handleSegmentPayload([identify("ada", {}, soon), track("Signed Up", {}, { userId: "ada", ...soon })]);
    expect(runner.runs).toHaveLength(1);
  });

  it("is taken out of other people's events, those that come late too; the others are notified", async () => {
    const all = setUp();
    const { source, runner } = all;
    await source.handleSegmentPayload(["ada", "bob", "grace"].map((id) => identify(id, {}, at(1))));
    runner.failNext(runnerError("retryable", "busy"));
    const mentioned = (messageId: string, who: readonly JsonValue[], by = "grace") =>
      track("Mentioned", { who, by, nested: { by, again: [who] } }, { userId: "grace", messageId, ...at(2) });
    await source.handleSegmentPayload(mentioned("m-1", ["ada", "bob"]));
    await source.users.delete("ada");
    expect(await kept(all)).not.toMatch(/\bada\b/);

    const { events } = await source.handleSegmentPayload([
      mentioned("m-2", ["ada", "bob"]),
      mentioned("m-3", ["ada", { id: "ada" }]),
      mentioned("m-4", ["bob"], "ada"),
      mentioned("m-5", ["bob"]),
    ]);
    expect(events.map(({ status, triggers }) => [status, triggers[0]?.status])).toEqual([
      ["processed", "triggered"],
      ["processed", "skipped"],
      ["processed", "triggered"],
      ["processed", "triggered"],
    ]);
    expect(runner.runs.slice(1).map(({ request }) => [request.recipients, request.actor])).toEqual([
      [["bob"], "grace"],
      [["bob"], null],
      [["bob"], "grace"],
    ]);
    expect(await kept(all)).not.toMatch(/\bada\b/);
    expect(runner.runs.at(-2)?.request.data).toEqual({
      who: ["bob"],
      by: null,
      nested: { by: null, again: [["bob"]] },
    });
  });

  it("is not named by another id that was tied to theirs after they were deleted", async () => {
    const { runner, storage, source } = setUp();
    await source.users.identify({ id: "grace" });
    await source.users.identify({ id: "ada" });
    await source.users.delete("ada");
    await source.users.merge({ from: "grace", into: "ada" });
    const { events } = await source.handleSegmentPayload([
      track("Mentioned", { who: ["grace", "linus"], by: "eve" }, { userId: "eve", messageId: "of-grace", ...at(3) }),
      track("Signed Up", {}, { userId: "grace", messageId: "by-grace", ...at(4) }),
    ]);
    expect(events.map(({ status, reason }) => [status, reason])).toEqual([
      ["in_progress", undefined],
      ["ignored", "user_deleted"],
    ]);
    expect(runner.runs).toEqual([]);
    const runs = await storage.runs.list({ environment: "default", limit: 10 });
    expect(runs.items.map(({ waitingFor }) => waitingFor)).toEqual(["linus"]);
    expect(JSON.stringify(await storage.events.list({ environment: "default", limit: 10 }))).not.toContain('"grace"');
  });

  it("goes with memberships, and with what visitors said and did who became them", async () => {
    const all = setUp();
    const { source } = all;
    await source.handleSegmentPayload([
      { type: "page", name: "Home", anonymousId: "phone-1", ...at(1) },
      { type: "identify", anonymousId: "phone-1", traits: { email: "ada@example.com" }, ...at(1) },
      identify("ada", {}, { anonymousId: "phone-1", ...at(2) }),
      { type: "group", groupId: "acme", userId: "ada", ...at(3) },
      { type: "page", name: "Home", anonymousId: "phone-2", userId: "bob", ...at(3) },
    ]);
    await source.handleSegmentPayload({ type: "delete", userId: "ada", timestamp: new Date().toISOString() });
    const { events } = await source.handleSegmentPayload([
      { type: "group", groupId: "acme", userId: "ada", messageId: "late-1", ...at(4) },
      { type: "page", name: "Away", anonymousId: "phone-1", messageId: "late-2", ...at(4) },
      { type: "identify", anonymousId: "phone-1", traits: {}, messageId: "late-3", ...at(4) },
    ]);
    expect(events.map(({ reason }) => reason)).toEqual(["user_deleted", "user_deleted", "user_deleted"]);
    const text = await kept(all);
    expect(text).not.toMatch(/\bada\b|phone-1/);
    expect(text).toContain("phone-2");
  });
});

describe("a deletion while a run is written for a member by another id of the user", () => {
  it("finds it, since mentions are searched when no id of theirs is a member any more", async () => {
    const all = setUp();
    const { storage, source, runner } = all;
    const environment = "default";
    await source.handleSegmentPayload(identify("ada", {}, at(1)));
    await storage.users.merge({ environment, from: "old", into: "ada" });
    const membership = { groupId: "acme", userId: "old", isMember: true, at: new Date(at(1).timestamp) };
    await storage.groups.update({ environment, changes: [], memberships: [membership] });
    const reached = gate();
    const written = gate();
    const groups: typeof storage.groups = {
      ...storage.groups,
      eraseMember: async (params) => {
        if (params.userId === "old") {
          reached.open();
          await written.opened;
        }
        return storage.groups.eraseMember(params);
      },
    };
    const deleting = createSegmentSource({ storage: { ...storage, groups }, runner, triggers });
    let deletion: Promise<unknown> = Promise.resolve();
    const runs: typeof storage.runs = {
      ...storage.runs,
      expand: async (params) => {
        deletion = deleting.users.delete("ada");
        await reached.opened;
        const expanded = await storage.runs.expand(params);
        written.open();
        return expanded;
      },
    };
    const expanding = createSegmentSource({ storage: { ...storage, runs }, runner, triggers });
    await expanding.handleSegmentPayload(track("Announced", { group: "acme" }, { userId: "bob", ...at(2) }));
    await deletion;
    expect(runner.runs).toHaveLength(1);
    expect(await kept(all)).not.toMatch(/\bada\b|\bold\b/);
  });
});

/** Lets a deletion happen, whole, before the n-th storage call of an event, and the other way round. */
describe("a deletion and an event at the same time, at every step", () => {
  const announced = [track("Announced", { group: "acme" }, { userId: "bob", messageId: "m-1", ...at(2) })];
  const memberships = ["ada", "grace", "old"].map((userId) => ({
    groupId: "acme",
    userId,
    isMember: true,
    at: new Date(at(1).timestamp),
  }));
  const events = {
    "the members of a group": announced,
    "the members of a group, the user by another id": announced,
    "the members of a group, the user unknown": announced,
    "the members of a group, the user in whose name": [
      track("Announced", { group: "acme", by: "ada" }, { userId: "bob", messageId: "m-1", ...at(2) }),
    ],
    track: [track("Signed Up", {}, { userId: "ada", messageId: "m-1", ...at(2) })],
    identify: [identify("ada", { email: "ada@example.com" }, { anonymousId: "phone-1", messageId: "m-1", ...at(2) })],
    mention: [track("Mentioned", { who: ["ada", "grace"], by: "ada" }, { userId: "bob", messageId: "m-1", ...at(2) })],
    group: [{ type: "group", groupId: "acme", userId: "ada", messageId: "m-1", ...at(2) }],
  };
  it.each(Object.entries(events))("%s", async (name, payload) => {
    let steps = 0;
    for (const outer of ["event", "deletion"] as const) {
      for (let step = 1; ; step += 1) {
        const all = setUp();
        const { storage, source, runner } = all;
        const known = name.endsWith("unknown") ? ["grace"] : ["ada", "grace"];
        await source.handleSegmentPayload(known.map((id) => identify(id, {}, at(1))));
        if (name.endsWith("another id"))
          await storage.users.merge({ environment: "default", from: "old", into: "ada" });
        if (name.startsWith("the members"))
          await storage.groups.update({ environment: "default", changes: [], memberships });
        const event = () => source.handleSegmentPayload(payload);
        const deletion = () => source.users.delete("ada");
        let calls = 0;
        const interrupted = <Port extends object>(port: Port): Port =>
          new Proxy(port, {
            get(target, name) {
              const method: unknown = Reflect.get(target, name);
              if (typeof method !== "function") return method;
              return async (...parameters: unknown[]) => {
                calls += 1;
                if (calls === step) await (outer === "event" ? deletion() : event());
                return Reflect.apply(method, target, parameters);
              };
            },
          });
        const { events: log, runs, users, groups, triggers: saved, audit } = storage;
        const wrapped = createSegmentSource({
          storage: {
            events: interrupted(log),
            runs: interrupted(runs),
            users: interrupted(users),
            groups: interrupted(groups),
            triggers: saved,
            audit,
          },
          runner,
          triggers,
          unidentified,
        });
        if (outer === "event") await wrapped.handleSegmentPayload(payload);
        else await wrapped.users.delete("ada");
        if (step > calls) break;
        steps += 1;
        expect(await kept(all), `${outer} interrupted before call ${step}`).not.toMatch(/\bada\b|phone-1/);
        expect(await source.users.get("ada")).toBeNull();
      }
    }
    expect(steps).toBeGreaterThan(4);
  });
});
