import { createSegmentSource, defineTrigger, memoryStorage, type SegmentSourceOptions, type Storage } from "bellwire";
import { identify, manualClock, recordingRunner, track } from "bellwire/testing";
import { describe, expect, it } from "vitest";

const mention = defineTrigger({
  key: "mention",
  event: "Mentioned",
  workflow: "mention",
  recipients: "properties.who",
});
const setUp = (options: Partial<SegmentSourceOptions> = {}) => {
  const clock = manualClock(new Date("2026-03-01T12:00:00Z"));
  const storage = memoryStorage({ clock });
  const runner = recordingRunner();
  const source = createSegmentSource({
    storage,
    clock,
    runner,
    triggers: [mention],
    unidentified: { hold: "15m", then: "skip" },
    ...options,
  });
  return { clock, storage, runner, source };
};
const mentioned = (...who: string[]) => track("Mentioned", { who }, { messageId: "m-1", userId: "linus" });
const notified = ({ runs }: ReturnType<typeof recordingRunner>) => runs.map(({ request }) => request.recipients);

describe("unidentified: { hold }", () => {
  it("notifies who is known at once, and the others when they are identified; every step can be seen", async () => {
    const { source, runner } = setUp();
    await source.users.identify({ id: "ada" });
    const { events, retryable } = await source.handleSegmentPayload(mentioned("ada", "grace", "alan"));
    expect(retryable).toBe(false);
    expect(events[0]).toMatchObject({
      status: "in_progress",
      triggers: [
        {
          status: "held",
          reason: "not_identified",
          recipients: [
            { recipient: "ada", status: "triggered" },
            { recipient: "grace", status: "held", reason: "not_identified" },
            { recipient: "alan", status: "held", reason: "not_identified" },
          ],
        },
      ],
    });
    expect(notified(runner)).toEqual([["ada"]]);

    const released = await source.handleSegmentPayload(identify("grace", { email: "grace@example.com" }));
    expect(released.events[0]).toMatchObject({ status: "processed", user: { id: "grace", status: "created" } });
    expect(notified(runner)).toEqual([["ada"], ["grace"]]);
    expect((await source.events.get("m-1"))?.outcome.triggers[0]?.recipients.map(({ status }) => status)).toEqual([
      "triggered",
      "triggered",
      "held",
    ]);
    await source.users.identify({ id: "alan" });
    expect((await source.events.get("m-1"))?.outcome.status).toBe("processed");
    expect(new Set(runner.runs.map(({ context }) => context.idempotencyKey)).size).toBe(3);
  });

  it("the same delivery again neither holds nor notifies twice", async () => {
    const { source, runner } = setUp();
    await source.handleSegmentPayload(mentioned("grace"));
    expect((await source.handleSegmentPayload(mentioned("grace"))).events[0]?.status).toBe("duplicate");
    await source.handleSegmentPayload([identify("grace"), mentioned("grace")]);
    expect(notified(runner)).toEqual([["grace"]]);
  });

  it("an inline user of another trigger releases too, and so does the host who says so", async () => {
    const invite = defineTrigger({
      key: "invite",
      event: "Invited",
      workflow: "invite",
      recipients: "properties.user",
    });
    const { source, runner, storage } = setUp({ triggers: [mention, invite] });
    await source.handleSegmentPayload(mentioned("grace", "alan"));
    await source.handleSegmentPayload(track("Invited", { user: { id: "grace", email: "g@example.com" } }));
    expect(runner.runs.map(({ request }) => request.workflow).sort()).toEqual(["invite", "mention"]);
    const change = { id: "alan", at: new Date(), attributes: {} };
    await storage.users.update({ environment: "default", changes: [change] });
    await source.users.notifyIdentified(["alan"]);
    expect((await source.events.get("m-1"))?.outcome.status).toBe("processed");
  });

  it("time over, then skip: skipped with the reason, and an identify after that changes nothing", async () => {
    const { source, runner, clock } = setUp();
    await source.handleSegmentPayload(mentioned("grace"));
    await clock.advance("14m");
    await source.recover();
    expect((await source.events.get("m-1"))?.outcome.status).toBe("in_progress");
    await clock.advance("2m");
    await source.recover();
    expect((await source.events.get("m-1"))?.outcome).toMatchObject({
      status: "processed",
      triggers: [
        { status: "skipped", reason: "not_identified", recipients: [{ recipient: "grace", status: "skipped" }] },
      ],
    });
    await source.handleSegmentPayload(identify("grace"));
    expect(notified(runner)).toEqual([]);
  });

  it("time over, then create: created, and notified", async () => {
    const { source, runner, clock } = setUp({ unidentified: { hold: "15m", then: "create" } });
    await source.handleSegmentPayload(mentioned("grace"));
    await clock.advance("16m");
    expect(await source.recover()).toMatchObject({ claimed: 1, succeeded: 1 });
    expect(notified(runner)).toEqual([["grace"]]);
    expect(await source.users.get("grace")).toMatchObject({ id: "grace" });
  });

  it("time over for a user who is known by then, though nobody said so: notified all the same", async () => {
    const { source, runner, clock, storage } = setUp();
    await source.handleSegmentPayload(mentioned("grace"));
    await storage.users.update({ environment: "default", changes: [{ id: "grace", at: new Date(), attributes: {} }] });
    await clock.advance("16m");
    await source.recover();
    expect(notified(runner)).toEqual([["grace"]]);
  });

  it("start() ends holds by itself", async () => {
    const { source, clock } = setUp();
    await source.handleSegmentPayload(mentioned("grace"));
    source.start();
    await clock.advance("16m");
    expect((await source.events.get("m-1"))?.outcome.triggers[0]?.status).toBe("skipped");
    await source.close();
  });

  it("a trigger's own word goes before the source's", async () => {
    const held = defineTrigger({ ...mention, key: "held", unidentified: { hold: "1h", then: "skip" } });
    const { source, runner } = setUp({ triggers: [mention, held], unidentified: "skip" });
    const { events } = await source.handleSegmentPayload(mentioned("grace"));
    expect(events[0]?.triggers.map(({ status }) => status)).toEqual(["skipped", "held"]);
    await source.handleSegmentPayload(identify("grace"));
    expect(runner.runs.map(({ context }) => context.trigger)).toEqual(["held"]);
  });

  it("a second source of the environment releases what the first one holds; the first one sends it", async () => {
    const { source, runner, storage, clock } = setUp();
    const other = createSegmentSource({ key: "ios", storage, clock, runner: recordingRunner() });
    await source.handleSegmentPayload(mentioned("grace"));
    await other.handleSegmentPayload(identify("grace"));
    await source.recover();
    expect(notified(runner)).toEqual([["grace"]]);
  });

  it("a deleted user's held runs are gone", async () => {
    const { source, runner } = setUp();
    await source.handleSegmentPayload(mentioned("grace"));
    await source.users.delete("grace");
    expect(JSON.stringify(await source.events.get("m-1"))).not.toContain("grace");
    await source.users.identify({ id: "grace", at: new Date("2026-03-01T13:00:00Z") });
    expect(notified(runner)).toEqual([]);
  });

  it("in the background the identify only wakes, and start() sends", async () => {
    const { source, runner, clock } = setUp({ dispatch: "background" });
    await source.handleSegmentPayload(mentioned("grace"));
    await source.handleSegmentPayload(identify("grace"));
    expect(notified(runner)).toEqual([]);
    source.start();
    await clock.advance("1s");
    expect(notified(runner)).toEqual([["grace"]]);
    await source.close();
  });

  it.each([
    [{ hold: "soon", then: "skip" }, "unidentified.hold"],
    [{ hold: "15m", then: "forget" }, "then"],
  ])("%j is refused when the trigger is registered", (unidentified, what) => {
    const trigger = { ...mention, unidentified } as never;
    expect(() => setUp({ triggers: [trigger] })).toThrow(
      expect.objectContaining({ message: expect.stringContaining(what) }),
    );
  });
});

describe("whichever comes first, at every step", () => {
  /** Lets an identify happen, whole, before the n-th storage call of the track. */
  const interleaved = (storage: Storage, at: number, interrupt: () => Promise<unknown>) => {
    let calls = 0;
    const counted = <Port extends object>(port: Port): Port =>
      new Proxy(port, {
        get(target, name) {
          const method: unknown = Reflect.get(target, name);
          if (typeof method !== "function") return method;
          return async (...parameters: unknown[]) => {
            calls += 1;
            if (calls === at) await interrupt();
            return method.apply(target, parameters);
          };
        },
      });
    const wrapped = {
      ...storage,
      users: counted(storage.users),
      events: counted(storage.events),
      runs: counted(storage.runs),
      triggers: counted(storage.triggers),
    };
    return { storage: wrapped, calls: () => calls };
  };

  const trackWithIdentifyAt = async (at: number, first: "track" | "identify") => {
    const storage = memoryStorage();
    const runner = recordingRunner();
    const options = { runner, triggers: [mention], unidentified: { hold: "15m", then: "skip" } as const };
    const undisturbed = createSegmentSource({ ...options, storage });
    const [inner, outer] =
      first === "track" ? [identify("grace"), mentioned("grace")] : [mentioned("grace"), identify("grace")];
    const { storage: wrapped, calls } = interleaved(storage, at, () => undisturbed.handleSegmentPayload(inner));
    await createSegmentSource({ ...options, storage: wrapped }).handleSegmentPayload(outer);
    if (at > calls()) return null;
    return notified(runner);
  };

  it.each(["track", "identify"] as const)(
    "the %s is interrupted before each of its storage calls: notified once",
    async (first) => {
      let steps = 0;
      for (let at = 1; ; at += 1) {
        const result = await trackWithIdentifyAt(at, first);
        if (result === null) break;
        expect(result, `interrupted before call ${at}`).toEqual([["grace"]]);
        steps += 1;
      }
      expect(steps).toBeGreaterThan(3);
    },
  );

  it("a crash after any storage call, of either, loses nothing once both are delivered again", async () => {
    for (const crashing of ["track", "identify"] as const) {
      for (let at = 1; at < 8; at += 1) {
        const storage = memoryStorage();
        const runner = recordingRunner();
        const options = { runner, triggers: [mention], unidentified: { hold: "15m", then: "skip" } as const };
        const whole = createSegmentSource({ ...options, storage });
        const { storage: failing } = interleaved(storage, at, () => Promise.reject(new Error("crash")));
        const doomed = createSegmentSource({ ...options, storage: failing });
        const [first, second] =
          crashing === "track" ? [mentioned("grace"), identify("grace")] : [identify("grace"), mentioned("grace")];
        if (crashing === "identify") await whole.handleSegmentPayload(second);
        await doomed.handleSegmentPayload(first).catch(() => undefined);
        if (crashing === "track") await whole.handleSegmentPayload(second);
        await whole.handleSegmentPayload(first);
        expect(notified(runner).slice(0, 1), `${crashing} crashed at call ${at}`).toEqual([["grace"]]);
        expect(new Set(runner.runs.map(({ context }) => context.idempotencyKey)).size).toBe(1);
      }
    }
  });
});

describe("a hold and another id of the same user", () => {
  it("a merge of two whom nobody knows releases nothing", async () => {
    const { source, runner } = setUp();
    await source.handleSegmentPayload(mentioned("grace"));
    await source.users.merge({ from: "hopper", into: "grace" });
    expect(notified(runner)).toEqual([]);
    await source.users.identify({ id: "hopper" });
    expect(notified(runner)).toHaveLength(1);
  });

  it("is released by whoever the awaited id was merged into", async () => {
    const { source, runner } = setUp();
    await source.handleSegmentPayload(mentioned("hopper"));
    await source.users.merge({ from: "hopper", into: "grace" });
    await source.handleSegmentPayload(identify("grace"));
    expect(notified(runner)).toHaveLength(1);
  });

  it("is not released by an identify of somebody who was deleted since", async () => {
    const { source, runner, clock } = setUp();
    await source.users.delete("grace");
    await clock.advance("1m");
    await source.handleSegmentPayload(
      track("Mentioned", { who: "grace" }, { userId: "linus", timestamp: new Date(clock.now()).toISOString() }),
    );
    const { status } = await source.users.identify({ id: "grace", at: new Date(clock.now() - 3_600_000) });
    expect([status, notified(runner)]).toEqual(["deleted", []]);
  });

  it("creates the user under the id that they have by then", async () => {
    const { source, runner, clock } = setUp({ unidentified: { hold: "15m", then: "create" } });
    await source.users.merge({ from: "hopper", into: "grace" });
    await source.handleSegmentPayload(mentioned("hopper"));
    await clock.advance("16m");
    await source.recover();
    expect(notified(runner)).toHaveLength(1);
    expect((await source.users.get("hopper"))?.id).toBe("grace");
  });
});
