import {
  createSegmentSource,
  defineTrigger,
  formatExplanation,
  memoryStorage,
  runnerError,
  type SegmentSourceOptions,
} from "bellwire";
import { identify, manualClock, recordingRunner, track } from "bellwire/testing";
import { describe, expect, it } from "vitest";

const at = (second: number) => ({ timestamp: new Date(Date.UTC(2026, 0, 1, 0, 0, second)).toISOString() });
const group = (second: number, groupId: string, userId: string | null, traits = {}) => ({
  type: "group",
  groupId,
  userId,
  traits,
  ...at(second),
});
const announce = defineTrigger({
  key: "announce",
  event: "Announced",
  workflow: "announcement",
  recipients: { collection: { "@literal": "groups" }, id: "properties.group" },
  actor: "userId",
  expand: true,
});
const announced = (members = {}) =>
  track("Announced", { group: "acme", title: "Hi" }, { userId: "ada", messageId: "m-1", ...members });
const setUp = (options: Partial<SegmentSourceOptions> & { readonly maxRecipients?: number } = {}) => {
  const { maxRecipients, ...rest } = options;
  const clock = manualClock(new Date("2026-03-01T12:00:00Z"));
  const storage = memoryStorage({ clock });
  const runner = recordingRunner(maxRecipients === undefined ? {} : { maxRecipients });
  const source = createSegmentSource({ storage, clock, runner, triggers: [announce], ...rest });
  return { clock, storage, runner, source };
};
const notified = ({ runs }: ReturnType<typeof recordingRunner>) => runs.map(({ request }) => request.recipients);

describe("group events", () => {
  it("make a group and its members known, in whatever order they come", async () => {
    const { source } = setUp();
    const { events } = await source.handleSegmentPayload([
      group(2, "acme", "bob", { plan: "pro" }),
      group(1, "acme", "ada", { plan: "free", name: "Acme" }),
      group(1, "acme", null, { seats: 3 }),
      { type: "group", userId: "ada", traits: {} },
    ]);
    expect(events.map(({ status, reason, group: told }) => [status, reason, told?.status])).toEqual([
      ["processed", undefined, "created"],
      ["processed", undefined, "updated"],
      ["processed", undefined, "updated"],
      ["ignored", "no_group_id", undefined],
    ]);
    expect(await source.groups.get("acme")).toEqual({ id: "acme", traits: { plan: "pro", name: "Acme", seats: 3 } });
    expect(await source.groups.members("acme")).toEqual({ items: ["ada", "bob"], nextCursor: null });
  });

  it("do nothing where identify is switched off", async () => {
    const { source } = setUp({ environments: { production: { identify: false } } });
    const { events } = await source.handleSegmentPayload(group(1, "acme", "ada"));
    expect(events[0]?.reason).toBe("identify_disabled");
    expect(await source.groups.get("acme")).toBeNull();
  });

  it("source.groups does the same by hand", async () => {
    const { source } = setUp();
    expect(await source.groups.identify({ id: "acme", traits: { plan: "pro" } })).toEqual({
      id: "acme",
      status: "created",
    });
    await source.groups.addMember("acme", "ada");
    await source.groups.addMember("labs", "ada");
    await source.groups.removeMember("acme", "ada", { at: new Date("2026-03-01T12:00:01Z") });
    expect((await source.groups.members("acme")).items).toEqual([]);
    expect(await source.groups.get("labs")).toEqual({ id: "labs", traits: {} });
    const ids = Array.from({ length: 5 }, (_, index) => `user-${index}`);
    for (const id of ids) await source.groups.addMember("acme", id);
    const first = await source.groups.members("acme", { limit: 3 });
    const rest = await source.groups.members("acme", { limit: 3, cursor: first.nextCursor ?? "" });
    expect([...first.items, ...rest.items]).toEqual(ids);
    expect(await source.groups.delete("acme")).toBe(true);
    expect(await source.groups.delete("acme")).toBe(false);
    expect((await source.groups.members("acme")).items).toEqual([]);
  });

  it("a member who was merged is one member, under the new id", async () => {
    const { source, runner } = setUp();
    await source.handleSegmentPayload([identify("old", {}, at(1)), group(1, "acme", "old"), group(1, "acme", "ada")]);
    await source.handleSegmentPayload({ type: "alias", previousId: "old", userId: "ada", ...at(2) });
    await source.handleSegmentPayload([group(3, "acme", "old"), announced()]);
    expect(notified(runner)).toEqual([["ada"]]);
  });
});

describe("expand: true", () => {
  it("notifies each known member once, in runs the runner can take; the outcome says how many", async () => {
    const { source, runner } = setUp({ maxRecipients: 10 });
    const ids = Array.from({ length: 25 }, (_, index) => `user-${String(index).padStart(2, "0")}`);
    await source.handleSegmentPayload(ids.map((id) => identify(id)));
    for (const id of [...ids, "stranger"]) await source.groups.addMember("acme", id);
    const { events } = await source.handleSegmentPayload(announced());
    expect(events[0]).toMatchObject({ status: "processed", triggers: [{ status: "triggered" }] });
    expect(runner.runs.map(({ request }) => request.recipients.length)).toEqual([10, 10, 5]);
    expect(notified(runner).flat()).toEqual(ids);
    expect(runner.runs[0]?.request).toMatchObject({ actor: "ada", data: { title: "Hi" } });
    expect(new Set(runner.runs.map(({ context }) => context.idempotencyKey)).size).toBe(3);
    const { outcome } = (await source.events.get("m-1")) ?? expect.fail();
    expect(outcome.triggers[0]).toMatchObject({
      recipients: [{ recipient: { collection: "groups", id: "acme" }, status: "triggered" }],
      runs: [{ status: "triggered", members: { reached: 26, unknown: 1, held: 0 } }],
    });
    expect(events[0]?.triggers[0]).toEqual(outcome.triggers[0]);
    expect(formatExplanation(outcome)).toContain("26 members, 1 not identified\n");
    expect((await source.handleSegmentPayload(announced())).events[0]?.status).toBe("duplicate");
    expect(runner.runs).toHaveLength(3);
  });

  it("leaves out who is told by themselves, the actor where the trigger says so, and members of several groups twice", async () => {
    const trigger = defineTrigger({
      ...announce,
      excludeActor: true,
      recipients: ["properties.also", "properties.groups"],
    });
    const { source, runner } = setUp({ triggers: [trigger] });
    await source.handleSegmentPayload(["ada", "bob", "cleo", "dan"].map((id) => identify(id)));
    for (const id of ["ada", "bob", "cleo"]) await source.groups.addMember("acme", id);
    for (const id of ["cleo", "dan"]) await source.groups.addMember("labs", id);
    const groups = ["acme", "labs"].map((id) => ({ collection: "groups", id }));
    await source.handleSegmentPayload(track("Announced", { also: "bob", groups }, { userId: "ada" }));
    expect(notified(runner)).toEqual([["bob"], ["cleo", "dan"]]);
  });

  it("without it, and for objects that are no groups, the runner gets the object", async () => {
    const { source, runner } = setUp({ triggers: [defineTrigger({ ...announce, expand: false })] });
    await source.groups.addMember("acme", "bob");
    await source.handleSegmentPayload(announced());
    expect(notified(runner)).toEqual([[{ collection: "groups", id: "acme" }]]);
  });

  const hold = { hold: "15m", then: "skip" } as const;
  it.each([
    ["an unknown group", [], {}, "processed", "skipped", "no_recipients", "0 members"],
    [
      "members nobody knows",
      ["bob", "cleo"],
      {},
      "processed",
      "skipped",
      "not_identified",
      "2 members, 2 not identified",
    ],
    [
      "members who are held",
      ["bob", "cleo"],
      { unidentified: hold },
      "in_progress",
      "held",
      "not_identified",
      "2 members, 2 not identified and held",
    ],
  ] as const)("says of %s why nobody was notified", async (_, members, options, status, ofTrigger, reason, line) => {
    const { source, runner } = setUp(options);
    for (const id of members) await source.groups.addMember("acme", id);
    const { events } = await source.handleSegmentPayload(announced());
    expect(runner.runs).toEqual([]);
    for (const outcome of [events[0], (await source.events.get("m-1"))?.outcome]) {
      const recipient = { collection: "groups", id: "acme" };
      const told = { status: ofTrigger, reason, recipients: [{ recipient, status: ofTrigger, reason }] };
      expect(outcome).toMatchObject({ status, triggers: [told] });
    }
    expect((await source.explain("m-1"))?.split("\n")).toContain(`      ${line}`);
  });

  it("members whom nobody knows are created or held as the trigger says", async () => {
    const { source, runner } = setUp({ unidentified: "create" });
    await source.groups.addMember("acme", "bob");
    await source.handleSegmentPayload(announced());
    expect(notified(runner)).toEqual([["bob"]]);
    expect(await source.users.get("bob")).not.toBeNull();

    const held = setUp({ unidentified: { hold: "15m", then: "skip" } });
    for (const id of ["bob", "cleo"]) await held.source.groups.addMember("acme", id);
    await held.source.handleSegmentPayload(announced());
    expect(notified(held.runner)).toEqual([]);
    expect((await held.source.events.get("m-1"))?.outcome.status).toBe("in_progress");
    await held.source.handleSegmentPayload(identify("cleo"));
    expect(notified(held.runner)).toEqual([["cleo"]]);
    await held.clock.advance("16m");
    await held.source.recover();
    expect((await held.source.events.get("m-1"))?.outcome).toMatchObject({
      status: "processed",
      triggers: [{ status: "triggered", detail: { message: expect.stringContaining("were held") } }],
    });
  });

  it("a member who is deleted after the page was read gets no run, and is not created anew; the others are told", async () => {
    const { clock, storage, runner, source } = setUp();
    for (const id of ["bob", "cleo"]) await source.groups.addMember("acme", id);
    let reads = 0;
    const groups: typeof storage.groups = {
      ...storage.groups,
      members: async (params) => {
        const page = await storage.groups.members(params);
        reads += 1;
        await clock.advance("1s");
        if (reads === 1) await source.users.delete("bob");
        await clock.advance("1s");
        return page;
      },
    };
    const triggers = [announce];
    const slow = createSegmentSource({
      storage: { ...storage, groups },
      clock,
      runner,
      triggers,
      unidentified: "create",
    });
    await slow.handleSegmentPayload(announced());
    expect(notified(runner)).toEqual([["cleo"]]);
    expect([await source.users.get("bob"), (await source.users.get("cleo"))?.id]).toEqual([null, "cleo"]);
  });

  it("a run for members that failed is repeated by itself, under its key; the others are not", async () => {
    const { source, runner, clock } = setUp({ maxRecipients: 1 });
    await source.handleSegmentPayload(["ada", "bob", "cleo"].map((id) => identify(id)));
    for (const id of ["ada", "bob", "cleo"]) await source.groups.addMember("acme", id);
    runner.failNext(runnerError("retryable", "busy"));
    await source.handleSegmentPayload(announced());
    expect((await source.events.get("m-1"))?.outcome.status).toBe("in_progress");
    await clock.advance("1m");
    await source.recover();
    expect(notified(runner)).toEqual([["ada"], ["bob"], ["cleo"], ["ada"]]);
    expect(new Set(runner.runs.map(({ context }) => context.idempotencyKey)).size).toBe(3);
    expect((await source.events.get("m-1"))?.outcome.status).toBe("processed");
  });

  it("a run whose members could not be read has as many attempts again once somebody asks for them", async () => {
    const clock = manualClock(new Date("2026-03-01T12:00:00Z"));
    const memory = memoryStorage({ clock });
    let isBroken = true;
    const groups: typeof memory.groups = {
      ...memory.groups,
      members: (params) => (isBroken ? Promise.reject(new Error("connection lost")) : memory.groups.members(params)),
    };
    const { source, runner } = setUp({ storage: { ...memory, groups }, clock, maxAttempts: 2 });
    await source.handleSegmentPayload(identify("ada"));
    await source.handleSegmentPayload(identify("bob"));
    await source.groups.addMember("acme", "bob");
    const attempts = async () => {
      await clock.advance("1h");
      await source.recover();
      const [run] = (await source.runs.list()).items;
      return `${run?.status} ${run?.attempts}`;
    };
    await source.handleSegmentPayload(announced());
    expect(await attempts()).toBe("dead 2");
    const [dead] = (await source.runs.list()).items;
    await source.runs.retry([dead?.idempotencyKey ?? ""]);
    expect((await source.runs.list()).items[0]).toMatchObject({ status: "pending", attempts: 3 });
    isBroken = false;
    await attempts();
    expect(notified(runner)).toEqual([["bob"]]);
  });

  it("interrupted after any storage call it goes on where it was, and tells each once", async () => {
    const count = 2_500;
    for (let strike = 1; strike < 16; strike += 1) {
      const { source, storage, clock, runner } = setUp({ maxRecipients: 500, dispatch: "background" });
      const ids = Array.from({ length: count }, (_, index) => `user-${String(index).padStart(4, "0")}`);
      const changes = ids.map((id) => ({ id, at: clock.now(), attributes: {} }));
      const environment = "default";
      await storage.users.update({ environment, changes: changes.map((one) => ({ ...one, at: new Date(one.at) })) });
      const memberships = ids.map((userId) => ({ groupId: "acme", userId, isMember: true, at: new Date(clock.now()) }));
      await storage.groups.update({ environment, changes: [], memberships });
      await source.handleSegmentPayload(announced());
      let calls = 0;
      const failing = <Port extends object>(port: Port): Port =>
        new Proxy(port, {
          get(target, name) {
            const method: unknown = Reflect.get(target, name);
            if (typeof method !== "function") return method;
            return async (...parameters: unknown[]) => {
              calls += 1;
              if (calls > strike) throw new Error("killed");
              return Reflect.apply(method, target, parameters);
            };
          },
        });
      const doomed = createSegmentSource({
        storage: { ...storage, runs: failing(storage.runs), groups: failing(storage.groups) },
        clock,
        runner,
        triggers: [announce],
        dispatch: "background",
      });
      await doomed.recover().catch(() => undefined);
      await clock.advance("20m");
      while ((await source.recover()).claimed > 0);
      const keys = new Map(runner.runs.map(({ context, request }) => [context.idempotencyKey, request.recipients]));
      expect([...keys.values()].flat().sort(), `killed after call ${strike}`).toEqual(ids);
      for (const { context, request } of runner.runs)
        expect(request.recipients).toEqual(keys.get(context.idempotencyKey));
      expect((await source.events.get("m-1"))?.outcome.status).toBe("processed");
    }
  });

  it("close() ends it at the next page, and another process goes on", async () => {
    const { source, storage, runner, clock } = setUp({ maxRecipients: 1_000 });
    const ids = Array.from({ length: 3_000 }, (_, index) => `user-${String(index).padStart(4, "0")}`);
    const at = new Date(clock.now());
    await storage.users.update({ environment: "default", changes: ids.map((id) => ({ id, at, attributes: {} })) });
    const memberships = ids.map((userId) => ({ groupId: "acme", userId, isMember: true, at }));
    await storage.groups.update({ environment: "default", changes: [], memberships });
    const closing = recordingRunner({ maxRecipients: 1_000 });
    const first = createSegmentSource({
      storage,
      clock,
      triggers: [announce],
      runner: {
        ...closing,
        trigger: async (...call) => {
          void first.close();
          return closing.trigger(...call);
        },
      },
    });
    await first.handleSegmentPayload(announced());
    expect(closing.runs).toHaveLength(1);
    await source.recover();
    expect([...notified(closing), ...notified(runner)].flat()).toEqual(ids);
  });

  it("is refused for a cancel, and for what is no yes or no", () => {
    const cancel = { ...announce, action: "cancel", cancellationKey: "userId" } as never;
    expect(() => setUp({ triggers: [cancel] })).toThrow("expand");
    expect(() => setUp({ triggers: [{ ...announce, expand: "members" } as never] })).toThrow("expand");
  });
});

describe("tenant", () => {
  const tenanted = defineTrigger({
    key: "tenanted",
    event: "Announced",
    workflow: "announcement",
    recipients: "userId",
    tenant: "context.groupId",
  });
  const event = announced({ context: { groupId: "acme" } });
  const tenantOf = async (tenantTraits: boolean, known: boolean) => {
    const recording = recordingRunner();
    const runner = { ...recording, capabilities: { ...recording.capabilities, tenantTraits } };
    const { source } = setUp({ runner, triggers: [tenanted] });
    await source.handleSegmentPayload(identify("ada"));
    if (known) await source.groups.identify({ id: "acme", traits: { name: "Acme", id: "other" } });
    await source.handleSegmentPayload(event);
    return recording.runs[0]?.request.tenant;
  };

  it("carries the group's traits to a runner that takes them, and the id alone otherwise", async () => {
    expect(await tenantOf(true, true)).toEqual({ id: "acme", name: "Acme" });
    expect(await tenantOf(true, false)).toBe("acme");
    expect(await tenantOf(false, true)).toBe("acme");
  });

  it("reaches the members of a group as well", async () => {
    const recording = recordingRunner();
    const runner = { ...recording, capabilities: { ...recording.capabilities, tenantTraits: true } };
    const { source } = setUp({ runner, triggers: [defineTrigger({ ...announce, tenant: "properties.group" })] });
    await source.handleSegmentPayload([identify("bob"), group(1, "acme", "bob", { name: "Acme" }), announced()]);
    expect(recording.runs[0]?.request).toMatchObject({ recipients: ["bob"], tenant: { id: "acme", name: "Acme" } });
  });
});
