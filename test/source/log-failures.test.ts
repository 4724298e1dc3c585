import { defineTrigger, memoryStorage, runnerError, type TriggerDefinition } from "bellwire";
import { createTestSource, type TestSourceOptions, track } from "bellwire/testing";
import { expect, it } from "vitest";

const common = { event: "Signed Up", workflow: "welcome", recipients: "userId" };
const welcome = defineTrigger({ key: "welcome", ...common });
const signUp = track("Signed Up", { secret: "hunter2" }, { userId: "ada", messageId: "m-1" });
const setUp = (options: TestSourceOptions = {}) => {
  const lines: [level: string, fields: object, message: string][] = [];
  const to = (level: string) => (fields: object, message: string) => void lines.push([level, fields, message]);
  const logger = { debug: to("debug"), info: to("info"), warn: to("warn"), error: to("error") };
  return { lines, ...createTestSource({ logger, triggers: [welcome], unidentified: "create", ...options }) };
};
const place = { source: "segment", environment: "default", messageId: "m-1", workflow: "welcome" };

const refused = runnerError("permanent", "There is no such workflow.");
const busy = runnerError("retryable", "503 Service Unavailable");

it.each([
  ["an attempt that will be repeated", [busy], [["warn", "pending", "503 Service Unavailable", 1]]],
  ["a run that the runner refused", [refused], [["error", "failed", "There is no such workflow.", 1]]],
  [
    "a run that was tried often enough",
    [new Error("reset"), new Error("reset again")],
    [
      ["warn", "pending", "reset", 1],
      ["error", "dead", "reset again", 2],
    ],
  ],
  ["of a run that succeeded nothing", [], []],
] as const)("logs %s", async (_, errors, expected) => {
  const { source, send, advance, runner, lines } = setUp({ maxAttempts: 2 });
  runner.failNext(...errors);
  await send(signUp);
  for (const _ of errors.slice(1)) await advance("1h");
  const { items } = await source.runs.list();
  const run = { ...place, trigger: "welcome", idempotencyKey: items[0]?.idempotencyKey };
  expect(lines.map(([level, fields]) => [level, fields])).toEqual(
    expected.map(([level, status, reason, attempt]) => [level, { ...run, status, reason, attempt }]),
  );
});

it("logs that the members of a group can not be read", async () => {
  const storage = memoryStorage();
  const groups = { ...storage.groups, members: () => Promise.reject(new Error("no such table")) };
  const recipients = { collection: { "@literal": "groups" }, id: { "@literal": "acme" } };
  const triggers = [defineTrigger({ ...welcome, recipients, expand: true })];
  const { send, lines } = setUp({ storage: { ...storage, groups }, triggers });
  await send(signUp);
  const reason = expect.stringContaining("The members could not be read");
  expect(lines).toEqual([
    ["warn", expect.objectContaining({ ...place, reason, status: "pending" }), expect.anything()],
  ]);
});

it.each([
  ["condition_failed", { when: async () => true }],
  ["mapping_failed", { data: (event: unknown) => expect.fail(JSON.stringify(event)) }],
  ["mapping_invalid", { data: "properties.secret" }],
] as const)("logs a trigger that ends in %s, once and without anything of the event", async (reason, members) => {
  const bad = { ...common, key: "bad", ...members } as unknown as TriggerDefinition;
  const { source, send, lines } = setUp({ triggers: [welcome, bad] });
  await source.preview(signUp);
  await send(signUp);
  await send(signUp);
  expect(lines).toEqual([["warn", { ...place, trigger: "bad", reason }, expect.stringContaining("explain")]]);
});

it("logs invalid events once a payload, and without anything of them", async () => {
  const { source, lines } = setUp();
  await source.preview([{ type: "hunter2" }]);
  await source.handleSegmentPayload([signUp, { type: "hunter2" }, { plan: "hunter2" }, null]);
  const messageId = expect.stringMatching(/^invalid-/);
  const fields = { source: "segment", environment: "default", messageId, reason: "type_unknown", count: 3 };
  expect(lines).toEqual([["warn", fields, expect.stringContaining("explain")]]);
});

it("logs a trigger that fails beside a run that is to be repeated", async () => {
  const bad = { ...common, key: "bad", data: "properties.secret" };
  const { send, runner, lines } = setUp({ triggers: [welcome, defineTrigger(bad)] });
  runner.failNext(busy);
  await send(signUp);
  expect(lines.map(([, fields]) => fields)).toMatchObject([
    { trigger: "welcome", reason: "503 Service Unavailable" },
    { trigger: "bad", reason: "mapping_invalid" },
  ]);
});
