import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { BellwireError } from "../../src/core/errors.js";
import { type ParsedEvent, type ParseOptions, parseSegmentPayload } from "../../src/segment/parse.js";

const receivedAt = new Date("2026-03-01T12:00:00.000Z");
const parse = (payload: unknown, options: Partial<ParseOptions> = {}) =>
  parseSegmentPayload(payload, { receivedAt, ...options });
const track = { type: "track", event: "Signed Up", messageId: "m-1", userId: "ada", timestamp: "2026-03-01T11:00:00Z" };
const first = ([parsed]: readonly ParsedEvent[]) => {
  if (parsed?.ok !== true) throw new Error(`not an event: ${JSON.stringify(parsed)}`);
  return parsed.event;
};
/** The reason, or `ok`. */
const verdicts = (parsed: readonly ParsedEvent[]) => parsed.map((one) => (one.ok ? "ok" : one.invalid.reason));
const verdict = (event: unknown) => verdicts(parse([event]))[0];
/** An event that throws when `name` is read. */
const unreadable = (name: string) => {
  const get = () => {
    throw new Error("ada@example.com");
  };
  return Object.defineProperty({ ...track }, name, { enumerable: true, configurable: true, get });
};
const codeOf = (call: () => unknown) => {
  try {
    call();
  } catch (error) {
    return BellwireError.is(error) ? error.code : `not ours: ${String(error)}`;
  }
  return "nothing thrown";
};

describe("every form a payload comes in", () => {
  const text = JSON.stringify(track);
  it.each<[string, unknown, number]>([
    ["parsed", track, 1],
    ["text", text, 1],
    ["bytes", Buffer.from(text), 1],
    ["an ArrayBuffer", new Uint8Array(Buffer.from(text)).buffer, 1],
    ["a DataView of a part", new DataView(new Uint8Array(Buffer.from(`[${text}]`)).buffer, 1, text.length), 1],
    ["bytes with a byte order mark", Buffer.from(`\ufeff${text}`), 1],
    ["text with a byte order mark", `\ufeff${text}`, 1],
    ["an array", [track, track], 2],
    ["an empty array", [], 0],
    ["an envelope", { batch: [track, track], sentAt: "2026-03-01T12:00:00Z", writeKey: "wk" }, 2],
    ["an empty envelope", '{"batch":[]}', 0],
    ["wrapped as the Extensible Webhook does", { json: track }, 1],
    ["an array of wrapped events", [{ json: track }, { json: track }], 2],
  ])("%s", (_, payload, count) => {
    const parsed = parse(payload);
    expect(verdicts(parsed)).toEqual(Array.from({ length: count }, () => "ok"));
    for (const one of parsed) {
      expect(one.ok && one.event).toMatchObject({ event: track, messageId: "m-1", name: "Signed Up", userId: "ada" });
    }
  });

  it("an envelope's context and integrations hold where the event says nothing", () => {
    const payload = {
      batch: [
        { ...track, context: { ip: "1.1.1.1" } },
        { ...track, context: null, integrations: { All: true } },
        track,
      ],
      context: { ip: "9.9.9.9", locale: "en" },
      integrations: { All: false },
      sentAt: "2026-03-01T10:00:00Z",
    };
    const contexts = parse(payload).map(
      (one) => one.ok && [one.event.event["context"], one.event.event["integrations"]],
    );
    expect(contexts).toEqual([
      [{ ip: "1.1.1.1", locale: "en" }, { All: false }],
      [{ ip: "9.9.9.9", locale: "en" }, { All: true }],
      [{ ip: "9.9.9.9", locale: "en" }, { All: false }],
    ]);
    const { timestamp: _none, ...untimed } = track;
    expect(first(parse({ ...payload, batch: [untimed] })).occurredAt.toISOString()).toBe("2026-03-01T10:00:00.000Z");
  });

  it("a missing type is filled in only where the caller says it", () => {
    const { type: _none, ...untyped } = track;
    expect(verdict(untyped)).toBe("type_missing");
    expect(first(parse(untyped, { defaultType: "track" }))).toMatchObject({ type: "track", event: { type: "track" } });
    expect(first(parse(track, { defaultType: "page" })).type).toBe("track");
    expect(verdicts(parse({ ...untyped, type: "nonsense" }, { defaultType: "track" }))).toEqual(["type_unknown"]);
  });
});

describe("payloads that are none", () => {
  const deep = (levels: number) => "[".repeat(levels) + "]".repeat(levels);
  it.each<[string, unknown, string]>([
    ["empty text", "", "PAYLOAD_EMPTY"],
    ["white space", " \n\t", "PAYLOAD_EMPTY"],
    ["no bytes", Buffer.alloc(0), "PAYLOAD_EMPTY"],
    ["a byte order mark alone", Buffer.from([0xef, 0xbb, 0xbf]), "PAYLOAD_EMPTY"],
    ["invalid UTF-8", Buffer.from([0x7b, 0xff, 0x7d]), "PAYLOAD_NOT_JSON"],
    ["UTF-16", Buffer.from(JSON.stringify(track), "utf16le"), "PAYLOAD_NOT_JSON"],
    ["cut off", JSON.stringify(track).slice(0, -1), "PAYLOAD_NOT_JSON"],
    ["a form", "type=track&event=x", "PAYLOAD_NOT_JSON"],
    ["one event a line", '{"type":"track"}\n{"type":"track"}', "PAYLOAD_NOT_JSON"],
    ["single quotes", "{'type':'track'}", "PAYLOAD_NOT_JSON"],
    ["a trailing comma", '[{"type":"track"},]', "PAYLOAD_NOT_JSON"],
    ["NaN", '{"a":NaN}', "PAYLOAD_NOT_JSON"],
    ["a raw line break in a text", '{"a":"\n"}', "PAYLOAD_NOT_JSON"],
    ["a lone backslash", '{"a":"\\', "PAYLOAD_NOT_JSON"],
    ["a long list cut off in a text", `[${JSON.stringify(track)},"${"x".repeat(20_000)}`, "PAYLOAD_NOT_JSON"],
    ["null", "null", "PAYLOAD_NOT_EVENTS"],
    ["a number", "42", "PAYLOAD_NOT_EVENTS"],
    ["a text", '"track"', "PAYLOAD_NOT_EVENTS"],
    ["true", "true", "PAYLOAD_NOT_EVENTS"],
    ["undefined", undefined, "PAYLOAD_NOT_EVENTS"],
    ["a function", () => track, "PAYLOAD_NOT_EVENTS"],
    ["a symbol", Symbol("x"), "PAYLOAD_NOT_EVENTS"],
    ["a bigint", 1n, "PAYLOAD_NOT_EVENTS"],
    ["a promise", Promise.resolve(track), "PAYLOAD_NOT_EVENTS"],
    ["an envelope that can not be read", unreadable("batch"), "PAYLOAD_NOT_EVENTS"],
    ["100,000 brackets", deep(100_000), "PAYLOAD_TOO_DEEP"],
    ["100,000 open brackets", "[".repeat(100_000), "PAYLOAD_TOO_DEEP"],
    ["100,000 open braces", '{"a":'.repeat(100_000), "PAYLOAD_TOO_DEEP"],
    ["too many bytes", "x".repeat(5 * 1024 * 1024 + 1), "PAYLOAD_TOO_LARGE"],
    ["too many events", Array.from({ length: 10_001 }, () => 1), "PAYLOAD_TOO_LARGE"],
  ])("%s", (_, payload, code) => {
    expect(codeOf(() => parse(payload))).toBe(code);
  });

  it("the message about a promise says to await it", () => {
    expect(() => parse(Promise.resolve(track))).toThrow("await");
  });

  it("the message never quotes the body", () => {
    expect(() => parse('{"email":"ada@example.com",}')).toThrow(/^(?!.*ada@).*not JSON \(at character/s);
  });

  it.each([
    ["type=track&event=x", "form"],
    ['{"type":"track"}\n{"type":"track"}', "NDJSON"],
  ])("%j gets a hint", (payload, hint) => {
    expect(() => parse(payload)).toThrow(hint);
  });
});

describe("one bad event never stops the others", () => {
  const nested = (levels: number): unknown => (levels === 0 ? 1 : { a: nested(levels - 1) });
  const keys = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, index) => [`k${index}`, 1]));
  it.each<[string, unknown, string]>([
    ["null", null, "not_an_object"],
    ["a number", 1, "not_an_object"],
    ["a text", "track", "not_an_object"],
    ["an array", [track], "not_an_object"],
    ["no type", {}, "type_missing"],
    ["a null type", { type: null }, "type_missing"],
    ["an empty type", { type: "" }, "type_missing"],
    ["only properties", { revenue: 39.95 }, "type_missing"],
    ["an unknown type", { type: "purchase" }, "type_unknown"],
    ["a type in another case", { type: "Track" }, "type_unknown"],
    ["a type that is a number", { type: 1 }, "type_unknown"],
    ["a type that is a list", { type: ["track"] }, "type_unknown"],
    ["a prototype's type", { type: "constructor" }, "type_unknown"],
    ["a track without name", { type: "track" }, "event_name_missing"],
    ["a track with an empty name", { type: "track", event: "" }, "event_name_missing"],
    ["a track with a number for a name", { type: "track", event: 7 }, "event_name_missing"],
    ["a name of 1,002 bytes", { ...track, event: "\u0001".repeat(167) }, "field_invalid"],
    ["a page by a name of 1,001 bytes", { type: "page", name: "x".repeat(1_001) }, "field_invalid"],
    ["64 levels more", { ...track, properties: nested(64) }, "event_too_deep"],
    ["200 levels", { ...track, properties: nested(200) }, "event_too_deep"],
    ["10,001 keys", { ...track, properties: keys(10_001) }, "event_too_many_keys"],
    ["300 KB", { ...track, properties: { text: "x".repeat(300_000) } }, "event_too_large"],
    ["300 KB of keys", { ...track, properties: keysOf300Kb() }, "event_too_large"],
    ["300 KB of ones", { ...track, properties: { list: Array.from({ length: 150_000 }, () => 1) } }, "event_too_large"],
    ...(["userId", "anonymousId", "groupId", "previousId"] as const).flatMap((field): [string, unknown, string][] => [
      [`${field} that is an object`, { ...track, [field]: {} }, "field_invalid"],
      [`${field} that is a list`, { ...track, [field]: ["a"] }, "field_invalid"],
      [`${field} that is true`, { ...track, [field]: true }, "field_invalid"],
      [`${field} of 10 KB`, { ...track, [field]: "x".repeat(10_000) }, "field_invalid"],
      [`${field} of 1,002 bytes`, { ...track, [field]: "字".repeat(334) }, "field_invalid"],
      [`${field} beyond 2^53`, { ...track, [field]: 2 ** 53 }, "field_invalid"],
      [`${field} below -2^53`, { ...track, [field]: -1e300 }, "field_invalid"],
    ]),
    ...(["properties", "traits"] as const).flatMap((field): [string, unknown, string][] => [
      [`${field} that are a text`, { ...track, [field]: "a" }, "field_invalid"],
      [`${field} that are a number`, { ...track, [field]: 1 }, "field_invalid"],
      [`${field} that are a list`, { ...track, [field]: [1] }, "field_invalid"],
      [`${field} that are true`, { ...track, [field]: true }, "field_invalid"],
    ]),
  ])("%s", (_, bad, reason) => {
    for (const payload of [
      [track, bad, track],
      JSON.stringify([track, bad, track]),
      JSON.stringify({ batch: [track, bad, track] }),
    ]) {
      const parsed = parse(payload);
      expect(verdicts(parsed)).toEqual(["ok", reason, "ok"]);
      expect(parsed[1]).toMatchObject({
        invalid: { index: 1, message: expect.stringMatching(/./), messageId: expect.stringMatching(/^invalid-/) },
      });
    }
  });

  it("takes ids and names of 1,000 bytes, in characters of three bytes too", () => {
    const full = `${"字".repeat(333)}x`;
    expect(verdicts(parse({ ...track, event: full, userId: full }))).toEqual(["ok"]);
  });

  function keysOf300Kb() {
    return Object.fromEntries(Array.from({ length: 1_000 }, (_, index) => [`${"k".repeat(300)}${index}`, null]));
  }

  it.each<[string, unknown]>([
    ["992", JSON.parse('{"type":"identify","userId":9007199254740992}')],
    ["993", '{"type":"identify","userId":9007199254740993}'],
    ["no end, as text", '{"type":"identify","userId":1e400}'],
    ["no end", { type: "identify", userId: Number.POSITIVE_INFINITY }],
    ["no number", { type: "identify", userId: Number.NaN }],
  ])("an id that is a number of %s, which would mix users, is to be sent as text", (_, payload) => {
    expect(parse(payload)).toMatchObject([
      { invalid: { reason: "field_invalid", message: expect.stringMatching(/^userId .*too large.*as text/) } },
    ]);
  });

  it("a type that is no text is told so", () => {
    expect(parse({ type: 7 })).toMatchObject([
      { invalid: { message: expect.stringMatching(/^The type is a number; /) } },
    ]);
  });

  it("a remapped body is told about the data mapping", () => {
    const [parsed] = parse({ revenue: 39.95 });
    expect(parsed).toMatchObject({
      ok: false,
      invalid: { message: expect.stringContaining("`data` mapping"), payload: { revenue: 39.95 } },
    });
  });

  it("what only parsed input can hold", () => {
    const bare: unknown = Object.assign(Object.create(null), track);
    const own = { ...track, toJSON: () => track };
    const elements = [undefined, () => 1, Symbol("x"), 1n, new Map(), bare, own];
    const none = "not_an_object";
    const reasons = [none, none, none, none, "type_missing", "ok", "ok"];
    expect(verdicts(parse(elements))).toEqual(reasons);
    const large = { ...track, toJSON: () => ({ ...track, properties: { text: "x".repeat(300_000) } }) };
    expect(verdicts(parse([large, { ...track, toJSON: () => 7 }, { ...track, at: 1n }]))).toEqual([
      "event_too_large",
      "not_an_object",
      "field_invalid",
    ]);
  });

  it("elements that are missing or can not be read", () => {
    const elements: unknown[] = [track, unreadable("userId"), unreadable("type"), unreadable("json"), track];
    elements[6] = { ...track, context: unreadable("ip") };
    const parsed = parse(elements);
    expect(verdicts(parsed)).toEqual([
      "ok",
      "field_invalid",
      "field_invalid",
      "field_invalid",
      "ok",
      "not_an_object",
      "field_invalid",
    ]);
    const ids = parsed.map((one) => (one.ok ? one.event.messageId : one.invalid.messageId));
    expect(new Set(ids.slice(1, 4)).size).toBe(3);
    expect(JSON.stringify(parsed)).not.toContain("ada@example.com");
  });

  it("cycles, and values that JSON has no word for", () => {
    const cycle: Record<string, unknown> = { ...track };
    cycle["self"] = cycle;
    expect(verdict(cycle)).toBe("event_too_deep");
    expect(verdict({ ...track, properties: { big: 1n } })).toBe("field_invalid");
    expect(
      first(parse({ ...track, properties: { at: receivedAt, skip: () => 1, none: undefined } })).event["properties"],
    ).toEqual({
      at: "2026-03-01T12:00:00.000Z",
    });
  });
});

describe("what real senders leave out or write otherwise", () => {
  it.each<[string, object]>([
    ["no ids at all", { type: "group", traits: {} }],
    ["only a type", { type: "page" }],
    [
      "nulls",
      {
        ...track,
        userId: null,
        anonymousId: null,
        context: null,
        integrations: null,
        properties: null,
        traits: null,
        timestamp: null,
      },
    ],
    ["empty lists for objects", { ...track, context: [], integrations: [], properties: [], traits: [] }],
    ["a context that is a text", { ...track, context: "web" }],
    ["a delete", { type: "delete", userId: "ada", timestamp: "2012-12-02T00:30:08.276Z" }],
    [
      "__proto__ as a key",
      JSON.parse('{"type":"identify","userId":"a","traits":{"__proto__":{"x":1},"constructor":1}}'),
    ],
  ])("%s", (_, event) => {
    expect(verdict(event)).toBe("ok");
    expect(Reflect.get({}, "x")).toBeUndefined();
  });

  it.each<[unknown, string | null]>([
    ["ada", "ada"],
    [42, "42"],
    [0, "0"],
    [1.5, "1.5"],
    [2 ** 53 - 1, "9007199254740991"],
    ["", null],
    [null, null],
    [undefined, null],
  ])("a userId of %j is %j", (userId, expected) => {
    expect(first(parse({ ...track, userId })).userId).toBe(expected);
  });

  it.each<[object, string | null]>([
    [{ type: "page", name: "Pricing" }, "Pricing"],
    [{ type: "screen", event: "ScreenViewed" }, "ScreenViewed"],
    [{ type: "page", properties: { name: "Home" } }, "Home"],
    [{ type: "page", name: "", properties: { name: 1 } }, null],
    [{ type: "page" }, null],
    [{ type: "identify", name: "no name", userId: "a" }, null],
  ])("the name of %j is %j", (event, expected) => {
    expect(first(parse(event)).name).toBe(expected);
  });

  it.each([
    ["timestamp", "2026-03-01T11:00:00.000Z"],
    ["originalTimestamp", "2026-03-01T11:00:00.000Z"],
    ["sentAt", "2026-03-01T11:00:00.000Z"],
    ["receivedAt", "2026-03-01T11:00:00.000Z"],
    ["nothing", "2026-03-01T12:00:00.000Z"],
  ])("the event time comes from %s", (field, expected) => {
    const { timestamp: _none, ...untimed } = track;
    const event = { ...untimed, timestamp: "no time", [field]: "2026-03-01T11:00:00Z" };
    expect(first(parse(event)).occurredAt.toISOString()).toBe(expected);
  });
});

describe("messageId", () => {
  const idOf = (event: object) => first(parse(event)).messageId;
  const { messageId: _none, ...anonymous } = track;

  it.each(["messageId", "messageID", "message_id"])("is read from %s", (name) => {
    expect(idOf({ ...anonymous, [name]: "m-9" })).toBe("m-9");
    expect(idOf({ ...anonymous, [name]: 9 })).toBe("9");
  });

  it("is derived from the content where there is none: the same for a redelivery, another for another event", () => {
    const derived = idOf(anonymous);
    expect(derived).toMatch(/^bw-[0-9a-f]{40}$/);
    expect(idOf({ sentAt: "later", ...anonymous, receivedAt: "later" })).toBe(derived);
    expect(idOf({ ...anonymous, userId: "grace" })).not.toBe(derived);
    expect(idOf({ ...anonymous, messageId: "" })).not.toBe("");
    expect(idOf({ ...anonymous, messageId: null })).not.toBe("null");
  });

  it("that is a number too large to be exact is none: two events would share it", () => {
    const inexact = { ...anonymous, messageId: 2 ** 53 };
    expect(idOf(inexact)).toMatch(/^bw-/);
    expect(idOf({ ...inexact, event: "Signed Out" })).not.toBe(idOf(inexact));
  });

  it("of Segment's Event Tester does not swallow the second test", () => {
    const test = (minute: number) =>
      idOf({ ...track, messageId: "segment-test-message", timestamp: `2026-03-01T11:0${minute}:00Z` });
    expect(test(1)).toMatch(/^segment-test-message-/);
    expect(test(1)).toBe(test(1));
    expect(test(1)).not.toBe(test(2));
    expect(idOf({ ...track, messageId: "segment-test-message-uozjhr" })).toBe("segment-test-message-uozjhr");
  });

  it("that is too long is replaced by a hash of it", () => {
    const long = "x".repeat(101);
    expect(idOf({ ...track, messageId: long })).toMatch(/^bw-[0-9a-f]{40}$/);
    expect(idOf({ ...track, messageId: `${long}y` })).not.toBe(idOf({ ...track, messageId: long }));
  });

  it("of an invalid event is not that of a corrected one", () => {
    const [invalid] = parse({ type: "track", messageId: "m-1" });
    expect(invalid).toMatchObject({ invalid: { messageId: expect.stringMatching(/^invalid-/) } });
  });
});

describe("the text of an event", () => {
  const json = (value: unknown) => JSON.stringify(value);

  it("is what came, whatever it came in and however it is written, and says what the event says", () => {
    const event = fc.record({
      type: fc.constant("track"),
      event: fc.string({ minLength: 1, unit: "binary" }),
      properties: fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 3 })),
    });
    const spaces = fc.constantFrom(0, 2);
    fc.assert(
      fc.property(fc.array(event, { minLength: 1, maxLength: 4 }), spaces, fc.nat(2), (events, space, form) => {
        // Long enough to be read for where its elements are.
        const padded = [...events, { type: "page", name: "x".repeat(17_000) }];
        const payload = [events[0], padded, { batch: padded }][form];
        for (const one of parse(Buffer.from(JSON.stringify(payload, null, space)))) {
          if (!one.ok || one.event.text === null) continue;
          expect(JSON.parse(one.event.text)).toEqual(one.event.event);
        }
      }),
    );
  });

  it.each([
    ["an event by itself", json(track), json(track)],
    ["a long list", `[${json(track)} , ${json({ ...track, event: "x".repeat(17_000) })}]`, `${json(track)} `],
    ["a short list, which is not read for it", json([track]), null],
    ["an envelope", json({ batch: [track] }), null],
    ["wrapped", json({ json: track }), null],
    ["a type that the path says", json({ event: "Signed Up" }), null],
    ["half a surrogate pair, which has no bytes", `{"type":"track","event":"\ud800"}`, null],
    ["no text at all", track, null],
  ])("%s", (_, payload, text) => {
    expect(first(parse(payload, { defaultType: "track" })).text).toBe(text);
  });
});

it("nothing but a BellwireError is ever thrown", () => {
  const payloads = fc.oneof(
    fc.anything({ withBigInt: true, withDate: true, withNullPrototype: true }),
    fc.json(),
    fc.string(),
    fc.uint8Array(),
  );
  fc.assert(
    fc.property(payloads, (payload) => {
      expect(codeOf(() => parse(payload))).toMatch(/^(PAYLOAD_\w+|nothing thrown)$/);
    }),
    { numRuns: 500 },
  );
});

describe("hostile bodies cost no more than their length", () => {
  const size = 4_000_000;
  it.each([
    ["line breaks", "\n".repeat(size)],
    ["a brace and line breaks", `{${"\n".repeat(size)}`],
    ["closing braces and line breaks", `{${"}\n".repeat(size / 2)}`],
    ["spaces before a line", `${" ".repeat(size)}{}\n`],
    ["a form without an equals sign", "a".repeat(size)],
    ["quotes", '"'.repeat(size)],
    ["escapes", `"${"\\".repeat(size)}`],
    ["opening brackets", "[".repeat(size)],
    ["a timestamp of digits", JSON.stringify({ ...track, timestamp: "1".repeat(200_000) })],
    ["a timestamp of spaces", JSON.stringify({ ...track, timestamp: `2026-03-01${" ".repeat(200_000)}x` })],
  ])("%s", (_, body) => {
    const start = performance.now();
    try {
      parse(body);
    } catch (error) {
      expect(BellwireError.is(error)).toBe(true);
    }
    // A quadratic pass over four million characters takes hours.
    expect(performance.now() - start).toBeLessThan(5_000);
  });

  it.each([
    ['{"a":1}\n{"a":2}', "NDJSON"],
    [' {"a":1} \r\n {', "NDJSON"],
    ["event=Signed+Up&userId=ada", "form"],
  ])("%j is named for what it looks like", (body, what) => {
    expect(() => parse(body)).toThrow(what);
  });
});

describe("what an envelope says for all", () => {
  it("is part of every event, and counts against the limits of each", () => {
    const context = Object.fromEntries(Array.from({ length: 60 }, (_, index) => [`k${index}`, index]));
    const parsed = parse({ batch: [track], context }, { limits: { maxKeys: 50 } });
    expect(verdicts(parsed)).toEqual(["event_too_many_keys"]);
    expect(parsed[0]?.ok === false && parsed[0].invalid.message).toContain("envelope");
    const both = { batch: [{ ...track, properties: context }], context };
    expect(verdicts(parse(JSON.stringify(both), { limits: { maxKeys: 100 } }))).toEqual(["event_too_many_keys"]);
  });

  it("must not make a small payload a huge one", () => {
    const payload = { batch: Array.from({ length: 100 }, () => track), context: { note: "x".repeat(1_000) } };
    expect(codeOf(() => parse(payload, { limits: { maxBytes: 50_000 } }))).toBe("PAYLOAD_TOO_LARGE");
  });

  it("that JSON has no word for is left out", () => {
    const payload = { batch: [track], context: { at: new Date(0) } };
    expect(first(parse(payload)).event["context"]).toEqual({ at: "1970-01-01T00:00:00.000Z" });
  });
});

it("limits that are no number are the defaults, and a depth beyond 1,000 is none", () => {
  const deep = JSON.parse(`${'{"a":'.repeat(100)}1${"}".repeat(100)}`);
  expect(verdicts(parse([{ ...track, properties: deep }], { limits: { maxDepth: Number.NaN } }))).toEqual([
    "event_too_deep",
  ]);
  expect(verdicts(parse([{ ...track, properties: deep }], { limits: { maxDepth: 1e9 } }))).toEqual(["ok"]);
});
