import { createSegmentSource, defineTrigger, memoryStorage, type SegmentSourceOptions } from "bellwire";
import { recordingRunner, track } from "bellwire/testing";
import { describe, expect, it } from "vitest";

const setUp = (options: Partial<SegmentSourceOptions>) => {
  const runner = recordingRunner();
  const source = createSegmentSource({ storage: memoryStorage(), runner, ...options });
  return { runner, source, requests: () => runner.runs.map((run) => run.request) };
};
const identify = (userId: string, traits = {}) => ({ type: "identify", userId, traits });

describe("mapping", () => {
  it("takes the actor from properties.commenter.id", async () => {
    const trigger = defineTrigger({
      key: "comment",
      event: "Comment Created",
      workflow: "new-comment",
      recipients: "userId",
      actor: "properties.commenter.id",
    });
    const { source, requests } = setUp({ triggers: [trigger], unidentified: "create" });
    await source.handleSegmentPayload(track("Comment Created", { commenter: { id: 123 } }, { userId: "ada" }));
    expect(requests()).toMatchObject([{ workflow: "new-comment", actor: "123", recipients: ["ada"] }]);
  });

  it("takes the recipients from userId", async () => {
    const trigger = defineTrigger({ key: "welcome", event: "Signed Up", workflow: "welcome", recipients: "userId" });
    const { source, requests } = setUp({ triggers: [trigger] });
    await source.handleSegmentPayload([identify("ada"), track("Signed Up", {}, { userId: "ada" })]);
    expect(requests()).toMatchObject([{ workflow: "welcome", recipients: ["ada"] }]);
  });

  it("makes properties available as data without a prefix", async () => {
    const trigger = defineTrigger({ key: "welcome", event: "Signed Up", workflow: "welcome", recipients: "userId" });
    const { source, requests } = setUp({ triggers: [trigger], unidentified: "create" });
    await source.handleSegmentPayload(track("Signed Up", { plan: "pro", seats: 3 }, { userId: "ada" }));
    expect(requests()).toMatchObject([{ data: { plan: "pro", seats: 3 } }]);
  });
});

describe("recipients from properties.recipients", () => {
  const trigger = defineTrigger({
    key: "share",
    event: "Shared",
    workflow: "shared",
    recipients: "properties.recipients",
  });

  it("as ids: the unknown one is not notified, and the outcome says why", async () => {
    const { source, requests } = setUp({ triggers: [trigger] });
    const { events } = await source.handleSegmentPayload([
      identify("ada"),
      track("Shared", { recipients: ["ada", "grace"] }),
    ]);
    expect(requests()).toMatchObject([{ recipients: ["ada"] }]);
    expect(events[1]?.triggers).toMatchObject([
      {
        trigger: "share",
        status: "triggered",
        recipients: [
          { recipient: "ada", status: "triggered" },
          { recipient: "grace", status: "skipped", reason: "not_identified" },
        ],
      },
    ]);
  });

  it("as ids: where none is known nobody is notified, and the outcome says why", async () => {
    const { source, requests } = setUp({ triggers: [trigger] });
    const { events } = await source.handleSegmentPayload(track("Shared", { recipients: ["grace"] }));
    expect(requests()).toEqual([]);
    expect(events[0]).toMatchObject({
      status: "processed",
      triggers: [
        { status: "skipped", reason: "not_identified", recipients: [{ recipient: "grace", reason: "not_identified" }] },
      ],
    });
  });

  it("as inline users: identified, then notified", async () => {
    const { source, requests } = setUp({ triggers: [trigger] });
    const grace = { id: "grace", email: "grace@example.com", phone_number: "+1555", team: "compilers" };
    await source.handleSegmentPayload(track("Shared", { recipients: [grace] }));
    expect(requests()).toMatchObject([{ recipients: [grace] }]);
    expect(await source.users.get("grace")).toMatchObject({
      email: "grace@example.com",
      phoneNumber: "+1555",
      properties: { team: "compilers" },
    });
  });
});

describe("switches", () => {
  const trigger = defineTrigger({ key: "welcome", event: "Signed Up", workflow: "welcome", recipients: "userId" });
  const environments = { development: {}, production: {} };

  it("a trigger disabled in one environment only, then enabled again", async () => {
    const { source, runner } = setUp({ triggers: [trigger], environments, unidentified: "create" });
    const signUp = async (environment: string) => {
      const { events } = await source.handleSegmentPayload(track("Signed Up", {}, { userId: "ada" }), { environment });
      return events[0]?.triggers[0]?.reason ?? events[0]?.triggers[0]?.status;
    };
    await source.triggers.disable("welcome", { environment: "production", by: "ops" });
    expect([await signUp("development"), await signUp("production")]).toEqual(["triggered", "trigger_inactive"]);
    const [listed] = await source.triggers.list();
    expect(listed?.environments).toMatchObject({
      development: { active: true, changedBy: null },
      production: { active: false, changedBy: "ops", changedAt: expect.any(Date) },
    });
    await source.triggers.enable("welcome", { environment: "production" });
    expect(await signUp("production")).toBe("triggered");
    expect(runner.runs.map((run) => run.context.environment)).toEqual(["development", "production"]);
  });

  it("identify off and on", async () => {
    const { source } = setUp({ environments });
    const environment = "production";
    await source.environments.update({ identify: false }, { environment, by: "ops" });
    const off = await source.handleSegmentPayload(identify("ada", { plan: "free" }), { environment });
    expect(off.events[0]).toMatchObject({ status: "ignored", reason: "identify_disabled" });
    expect(await source.users.get("ada", { environment })).toBeNull();
    expect(await source.environments.get({ environment: "development" })).toMatchObject({ identify: true });

    await source.environments.update({ identify: true }, { environment });
    const on = await source.handleSegmentPayload(identify("ada", { plan: "pro" }), { environment });
    expect(on.events[0]).toMatchObject({ status: "processed", user: { id: "ada", status: "created" } });
    expect(await source.users.get("ada", { environment })).toMatchObject({ properties: { plan: "pro" } });
  });
});

it("received event names are listed with counts", async () => {
  const { source } = setUp({});
  await source.handleSegmentPayload([
    track("Signed Up"),
    track("Shared"),
    track("Signed Up"),
    { type: "page", name: "Pricing" },
  ]);
  const names = await source.events.names();
  const counts = names.map(({ type, name, count }) => [type, name, count]);
  expect(counts.sort()).toEqual([
    ["page", "Pricing", 1],
    ["track", "Shared", 1],
    ["track", "Signed Up", 2],
  ]);
  expect(names[0]).toMatchObject({ firstSeenAt: expect.any(Date), lastSeenAt: expect.any(Date) });
});
