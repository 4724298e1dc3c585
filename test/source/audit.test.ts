import { createSegmentSource, defineTrigger, memoryStorage, runnerError, type SegmentSource } from "bellwire";
import { identify, manualClock, recordingRunner, track } from "bellwire/testing";
import { describe, expect, it } from "vitest";

const welcome = defineTrigger({ key: "welcome", event: "Signed Up", workflow: "welcome", recipients: "userId" });
const by = "ops@example.com";

async function setUp() {
  const clock = manualClock(new Date("2026-03-01T12:00:00Z"));
  const runner = recordingRunner();
  const storage = memoryStorage({ clock });
  const environments = { production: {}, development: {} };
  const hold = { hold: "15m", then: "skip" } as const;
  const source = createSegmentSource({
    environments,
    clock,
    storage,
    runner,
    triggers: [welcome],
    unidentified: hold,
  });
  const environment = "production";
  runner.failNext(runnerError("permanent", "no"));
  await source.handleSegmentPayload([identify("ada"), track("Signed Up", {}, { userId: "ada", messageId: "m-1" })], {
    environment,
  });
  await source.handleSegmentPayload(track("Signed Up", {}, { userId: "grace", messageId: "m-2" }), { environment });
  const keyOf = async (status: "failed" | "held") =>
    (await source.runs.list({ environment, status })).items[0]?.idempotencyKey ?? "";
  return { source, storage, runner, clock, environment, keyOf };
}
type Context = Awaited<ReturnType<typeof setUp>>;

const invite = { ...welcome, key: "invite" };

describe("the audit tells what was changed at run time, by whom and when", () => {
  it.each<readonly [string, (context: Context) => Promise<unknown>, object]>([
    [
      "a trigger is switched off",
      ({ source, environment }) => source.triggers.disable("welcome", { environment, by }),
      { action: "trigger_disabled", subject: "welcome" },
    ],
    [
      "a trigger is switched on",
      ({ source, environment }) => source.triggers.enable("welcome", { environment, by }),
      { action: "trigger_enabled", subject: "welcome" },
    ],
    [
      "identify is switched off",
      ({ source, environment }) => source.environments.update({ identify: false }, { environment, by }),
      { action: "identify_disabled", subject: null },
    ],
    [
      "identify is switched on",
      ({ source, environment }) => source.environments.update({ identify: true }, { environment, by }),
      { action: "identify_enabled", subject: null },
    ],
    [
      "a trigger is saved",
      ({ source }) => source.triggers.save(invite, { by }),
      {
        action: "trigger_saved",
        subject: "invite",
        environment: null,
        detail: { workflow: "welcome", type: "track", name: "Signed Up", replaced: false },
      },
    ],
    [
      "a run is retried",
      async ({ source, environment, keyOf }) => source.runs.retry([await keyOf("failed")], { environment, by }),
      { action: "runs_retried", subject: expect.any(String), detail: { changed: 1, keys: [expect.any(String)] } },
    ],
    [
      "a run is released",
      async ({ source, environment, keyOf }) => source.runs.release([await keyOf("held")], { environment, by }),
      { action: "runs_released", subject: expect.any(String), detail: { changed: 1, keys: [expect.any(String)] } },
    ],
    [
      "runs are dropped",
      async ({ source, environment, keyOf }) =>
        source.runs.drop([await keyOf("held"), await keyOf("failed")], { environment, by }),
      { action: "runs_dropped", subject: null, detail: { changed: 2, keys: [expect.any(String), expect.any(String)] } },
    ],
    [
      "a user is deleted",
      ({ source, environment }) => source.users.delete("ada", { environment, by }),
      { action: "user_deleted", subject: expect.stringMatching(/^[0-9a-f]{64}$/) },
    ],
    [
      "a group is deleted",
      ({ source, environment }) => source.groups.delete("acme", { environment, by }),
      { action: "group_deleted", subject: "acme" },
    ],
    [
      "events are replayed",
      ({ source, environment }) =>
        source.replay({ replayId: "fix", environment, by, name: "Signed Up", userId: "ada", search: "ada" }),
      { action: "events_replayed", subject: "fix", detail: { mode: "again", name: "Signed Up" } },
    ],
  ])("%s", async (_, change, expected) => {
    const context = await setUp();
    await change(context);
    const { items } = await context.source.audit.list({ environment: context.environment });
    const at = new Date("2026-03-01T12:00:00Z");
    expect(items).toEqual([{ at, by, environment: "production", detail: null, ...expected }]);
    // Whoever is deleted, before or after, is not in it.
    expect(JSON.stringify(items)).not.toMatch(/\bada\b/);
  });

  it("is newest first, of one environment or of all, and has one entry for each environment that was changed", async () => {
    const { source, clock } = await setUp();
    await source.triggers.disable("welcome");
    await clock.advance("1s");
    await source.triggers.save(invite);
    await source.triggers.remove("invite");
    await source.environments.update({ identify: false }, { environment: "development" });
    const list = async (options: Parameters<SegmentSource["audit"]["list"]>[0]) =>
      (await source.audit.list(options)).items.map(({ action, environment }) => `${action} ${environment}`);
    expect(await list({})).toEqual([
      "identify_disabled development",
      "trigger_removed null",
      "trigger_saved null",
      "trigger_disabled development",
      "trigger_disabled production",
    ]);
    expect(await list({ environment: "production", limit: 2 })).toEqual(["trigger_removed null", "trigger_saved null"]);
    await expect(list({ environment: "staging" })).rejects.toMatchObject({ code: "CONFIG_ENVIRONMENT_UNKNOWN" });
  });

  it("has nothing of what changed nothing", async () => {
    const { source, environment } = await setUp();
    await source.runs.retry(["nobody's"], { environment });
    await source.triggers.remove("nobody's");
    await source.replay({ replayId: "fix", environment, dryRun: true });
    await source.triggers.save({ ...invite, recipients: "a[" }).catch(() => undefined);
    await source.triggers.disable("nobody's").catch(() => undefined);
    await source.preview(track("Signed Up", {}, { userId: "ada" }), { environment });
    expect((await source.audit.list()).items).toEqual([]);
  });

  it("where it can not be written the call says so, and a run that was retried is sent all the same", async () => {
    const { source: _, storage, runner, environment, keyOf } = await setUp();
    const broken = { ...storage.audit, append: () => Promise.reject(new Error("disk full")) };
    const environments = { production: {}, development: {} };
    const source = createSegmentSource({ environments, runner, storage: { ...storage, audit: broken } });
    const before = runner.runs.length;
    const retrying = source.runs.retry([await keyOf("failed")], { environment });
    await expect(retrying).rejects.toMatchObject({ code: "STORAGE_FAILED", details: { operation: "audit.append" } });
    await source.close();
    expect(runner.runs).toHaveLength(before + 1);
    expect((await source.runs.list({ environment, status: "triggered" })).items).toHaveLength(1);
  });
});
