import {
  createSegmentSource,
  defineTrigger,
  formatExplanation,
  memoryStorage,
  type TriggerDefinition,
  type TypedSegmentEvent,
} from "bellwire";
import { sqliteStorage } from "bellwire/sqlite";
import { createTestSource, recordingRunner, track } from "bellwire/testing";
import Database from "libsql";
import { describe, expect, it, vi } from "vitest";
import { maxTraceLength } from "../../src/outcome/trace.js";

const comment = defineTrigger({
  key: "comment",
  event: "Comment Created",
  workflow: "new-comment",
  recipients: "properties.mentioned",
  tenant: "context.groupId",
  data: { title: "properties.title", plan: { "@path": "properties.plan", default: "free" } },
  when: {
    all: [
      { path: "properties.private", operator: "not_equal_to", value: true },
      { any: [{ path: "properties.title", operator: "empty" }, { not: { path: "userId", operator: "exists" } }] },
    ],
  },
});
const traceOf = async (event: object, options: object = {}) => {
  const { send } = createTestSource({ triggers: [comment], unidentified: "create", ...options });
  const { events } = await send(event);
  return events[0]?.triggers[0]?.trace;
};

describe("a trigger's trace", () => {
  it("has every comparison as it is nested, and every path with its value or where it ended", async () => {
    const trace = await traceOf(
      track("Comment Created", { mentioned: ["ada"], titel: "Hi" }, { context: { ip: "::1" } }),
    );
    const comparison = { kind: "comparison" as const };
    expect(trace).toEqual({
      condition: {
        kind: "all",
        holds: true,
        parts: [
          { ...comparison, path: "properties.private", operator: "not_equal_to", expected: true, holds: true },
          {
            kind: "any",
            holds: true,
            parts: [
              { ...comparison, path: "properties.title", operator: "empty", expected: null, holds: true },
              {
                kind: "not",
                holds: true,
                part: { ...comparison, path: "userId", operator: "exists", expected: null, holds: false },
              },
            ],
          },
        ],
      },
      paths: [
        { field: "recipients", path: "properties.mentioned", value: ["ada"] },
        { field: "tenant", path: "context.groupId", reached: "context" },
        { field: "data.title", path: "properties.title", reached: "properties", nearest: "properties.titel" },
        { field: "data.plan", path: "properties.plan", reached: "properties", fallback: "free" },
      ],
    });
  });

  it("ends where the trigger was left", async () => {
    const left = await traceOf(track("Comment Created", { private: true, mentioned: ["ada"] }));
    expect(left).toMatchObject({ condition: { holds: false }, paths: [] });
    const stale = { ...comment, maxEventAge: "1h" };
    expect(
      await traceOf(track("Comment Created", {}, { timestamp: "2020-01-01" }), { triggers: [stale] }),
    ).toBeUndefined();
    const predicate = defineTrigger({
      ...comment,
      when: (event: TypedSegmentEvent) => event.properties["private"] !== true,
    });
    for (const [isPrivate, holds] of [
      [false, true],
      [true, false],
    ]) {
      const event = track("Comment Created", { private: isPrivate ?? null, mentioned: ["ada"] });
      expect(await traceOf(event, { triggers: [predicate] })).toMatchObject({ condition: { kind: "function", holds } });
    }
  });

  it.each([
    [
      "equal_to",
      "pro",
      "did you mean properties.plan?",
      'properties.plann is not in the event, expected equal_to "pro".',
    ],
    ["not_equal_to", "pro", "did you mean properties.plan?", undefined],
    [
      "equal_to",
      null,
      "did you mean properties.plan?",
      "properties.plann is not in the event, expected equal_to null.",
    ],
    ["exists", undefined, "did you mean properties.plan?", "properties.plann is not in the event, expected exists."],
    // Who asks for nothing to be there finds what was asked for.
    ["not_exists", undefined, "nothing there", undefined],
    ["empty", undefined, "nothing there", undefined],
  ] as const)(
    "says what a path that leads nowhere may have meant, unless that is what is asked for: %s",
    async (operator, value, said, whySkipped) => {
      const when = { path: "properties.plann", operator, ...(value !== undefined && { value }) };
      const { send } = createTestSource({ triggers: [{ ...comment, when }], unidentified: "create" });
      const { events } = await send(track("Comment Created", { plan: "free", mentioned: ["ada"] }));
      const [line] = formatExplanation(events[0]!).match(/when .*/) ?? [];
      expect(line?.endsWith(said)).toBe(true);
      expect(events[0]?.triggers[0]?.detail?.message).toBe(whySkipped);
    },
  );

  it("keeps nothing that is not to be kept", async () => {
    const event = track(
      "Comment Created",
      { private: "secret", mentioned: ["ada"], title: "secret" },
      { userId: "secret" },
    );
    const redacted = await traceOf(event, { redact: ["properties.private", "properties.title", "userId"] });
    const bare = await traceOf(event, { recordPayload: "none" });
    for (const trace of [redacted, bare]) {
      expect(JSON.stringify(trace)).not.toContain("secret");
      expect(trace?.condition).toMatchObject({ holds: false });
    }
    const { send } = createTestSource({ triggers: [comment], redact: ["properties.title", "userId"] });
    const { events } = await send(event);
    expect(events[0]?.triggers[0]?.detail?.message).toContain("properties.title is not kept, expected empty");
    expect(formatExplanation(events[0]!)).toContain("userId exists  (not kept)");
  });

  it("is put together when somebody reads it, and is the same from then on", async () => {
    const { send } = createTestSource({ triggers: [{ ...comment, when: { path: "type", operator: "exists" } }] });
    const { events } = await send(track("Comment Created", { mentioned: ["ada"] }));
    const parse = vi.spyOn(JSON, "parse");
    const first = events[0]?.triggers[0]?.trace;
    expect(parse).toHaveBeenCalledTimes(1);
    expect(events[0]?.triggers[0]?.trace).toBe(first);
    expect(parse).toHaveBeenCalledTimes(1);
    parse.mockRestore();
  });

  it("is stored with the event, and explains it as on the first day", async () => {
    const storage = sqliteStorage({ database: new Database(":memory:") });
    await storage.migrate();
    const source = createSegmentSource({
      storage,
      runner: recordingRunner(),
      triggers: [comment],
      unidentified: "create",
    });
    const event = track("Comment Created", { mentioned: ["ada"], title: "" }, { messageId: "m-1" });
    const { events } = await source.handleSegmentPayload(event);
    source.triggers.unregister("comment");
    expect(await source.explain("m-1")).toBe(formatExplanation(events[0]!));
    expect(await source.explain("m-1")).toMatch(/recipients {2}properties.mentioned → \["ada"\]/);
    expect(await source.explain("m-1")).toMatch(/run bw_\w{40} {2}run-1 · 1 attempt · \d+ ms/);
  });
});

describe("what is stored of a decision is bounded", () => {
  const long = "x".repeat(50_000);
  const paths = Object.fromEntries(
    Array.from({ length: 300 }, (_, index) => [`p${index}`, `properties.member-${index}`]),
  );
  const members = Object.fromEntries(
    Array.from({ length: 300 }, (_, index) => [`member-${index}`, `${index}-${long.slice(0, 500)}`]),
  );
  const comparisons = Array.from({ length: 300 }, (_, index) => {
    return { path: `properties.member-${index}`, operator: "equal_to", value: long } as const;
  });
  const triggers = (count: number, definition: object) =>
    Array.from(
      { length: count },
      (_, index) => ({ ...comment, key: `t-${index}`, ...definition }) as TriggerDefinition,
    );

  it.each<[string, readonly TriggerDefinition[], object]>([
    ["long texts", triggers(1, { recipients: "userId", data: { a: "properties.a" }, when: undefined }), { a: long }],
    ["wide objects", triggers(1, { recipients: "userId", data: { a: "properties" }, when: undefined }), members],
    ["many paths", triggers(1, { recipients: "userId", data: paths, when: undefined }), members],
    ["many paths that lead nowhere", triggers(1, { recipients: "userId", data: paths, when: undefined }), {}],
    ["many comparisons", triggers(1, { when: { any: comparisons } }), members],
    ["many triggers", triggers(40, { when: { any: comparisons } }), members],
    ["very many triggers", triggers(1_000, { recipients: "userId", when: undefined }), {}],
  ])("%s", async (_, definitions, properties) => {
    const storage = memoryStorage();
    const source = createSegmentSource({ storage, runner: recordingRunner(), triggers: definitions });
    await source.handleSegmentPayload(track("Comment Created", properties as never, { userId: "ada", messageId: "m" }));
    const found = await storage.events.get({ environment: "default", source: "segment", messageId: "m" });
    const traces = found?.decision.triggers.flatMap(({ trace }) => trace ?? []) ?? [];
    expect(found?.decision.triggers).toHaveLength(definitions.length);
    expect(JSON.stringify(traces).length).toBeLessThanOrEqual(maxTraceLength);
    const rest = found?.decision.triggers.map(({ trace: _trace, ...decision }) => decision) ?? [];
    expect(JSON.stringify(rest).length / definitions.length).toBeLessThan(8_000);
    if (definitions.length <= 100) expect(traces.length).toBe(definitions.length);
    expect((await source.explain("m"))?.split("\n").every((line) => line.length < 400)).toBe(true);
  });

  it("says how much was left out", async () => {
    const source = createSegmentSource({
      storage: memoryStorage(),
      runner: recordingRunner(),
      triggers: triggers(1, { recipients: "userId", data: paths, when: undefined }),
    });
    await source.handleSegmentPayload(track("Comment Created", members as never, { userId: "ada", messageId: "m" }));
    expect(await source.explain("m")).toMatch(/and \d+ more that were not kept/);
  });
});

it("a text where a path is read is told how to be written", async () => {
  const trigger = {
    key: "k",
    event: "A",
    workflow: "w",
    recipients: "admin-team",
    tenant: "groupId",
    data: "properties",
  };
  const { send } = createTestSource({ triggers: [trigger] });
  const { events } = await send(track("A"));
  const hint = 'for the text itself write { "@literal": "admin-team" }';
  expect(events[0]?.triggers[0]?.detail?.message).toContain(hint);
  const [outcome] = events;
  const explanation = outcome === undefined ? "" : formatExplanation(outcome);
  expect(explanation).toContain(`not in this event; ${hint}`);
  expect(explanation.match(/@literal/g)).toHaveLength(1);
});
