import { createHmac } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createSignatureVerifier, signSegmentPayload } from "../../src/segment/signature.js";

const secret = "abc123";
const hmac = (text: string | Buffer, key = secret) => createHmac("sha1", key).update(text).digest("hex");
const verify = (body: string | Buffer, header: string | readonly string[] | null | undefined, secrets = [secret]) => {
  const verdict = createSignatureVerifier(secrets).verify(Buffer.from(body), header);
  return verdict.status === "valid" ? `valid ${verdict.covers}` : verdict.status;
};
const event = '{"type":"track","event":"Zoë 🦊 \u2028 </script>","n":[1,{"a":"],}\\"\\\\"}]}';
const evil = '{"type":"track","event":"Evil"}';

describe("what a signature covers", () => {
  it.each([
    ["a single event", event, hmac(event), "valid all"],
    ["upper-case hex", event, hmac(event).toUpperCase(), "valid all"],
    ["a batch of one", `[${event}]`, hmac(event), "valid all"],
    ["a batch of one with white space", ` [ \n${event}\t ] `, hmac(event), "valid all"],
    ["a byte order mark before the batch", `\ufeff[${event}]`, hmac(event), "valid all"],
    ["the first of two", `[${event},${evil}]`, hmac(event), "valid first"],
    ["a forged second element that is null", `[${event},null]`, hmac(event), "valid first"],
    ["the whole batch", `[${event},${evil}]`, hmac(`[${event},${evil}]`), "valid all"],
    ["the wrapped first of two", `[{"json":${event}},{"json":${evil}}]`, hmac(event), "valid first"],
    ["a wrapped batch of one", `[ { "json" : ${event} } ]`, hmac(event), "valid all"],
    ["a wrapping with more in it", `[{"type":"track","event":"Evil","json":${event}}]`, hmac(event), "invalid"],
    ["a wrapping with more after it", `[{"json":${event},"type":"track","event":"Evil"}]`, hmac(event), "invalid"],
    ["a wrapping that says json twice", `[{"json":${event},"json":${evil}}]`, hmac(event), "invalid"],
    ["a first element that is a text", '["a,b]",1]', hmac('"a,b]"'), "valid first"],
    ["a first element that is null", `[null,${event}]`, hmac("null"), "valid first"],
    ["an empty body", "", hmac(""), "valid all"],
    ["the second element only", `[${event},${evil}]`, hmac(evil), "invalid"],
    ["re-serialised JSON", event, hmac(JSON.stringify(JSON.parse(event), null, 1)), "invalid"],
    ["the first element with its comma", `[${event},${evil}]`, hmac(`${event},`), "invalid"],
    ["a first element that is a number", "[1,2]", hmac("x"), "invalid"],
    ["a first element that is an empty object", "[{},2]", hmac("x"), "invalid"],
    ["an empty batch", "[]", hmac(""), "invalid"],
    ["a wrapped element without json", `[{"a":1,"b":[2]},2]`, hmac("1"), "invalid"],
    ["a broken batch", "[", hmac(""), "invalid"],
    ["a broken member", '[{"json"', hmac("x"), "invalid"],
    ["a broken text", '["abc\\', hmac("x"), "invalid"],
    ["another secret", event, hmac(event, "other"), "invalid"],
    ["a changed byte", event.replace("1", "2"), hmac(event), "invalid"],
    ["an envelope", `{"batch":[${event}]}`, hmac(event), "invalid"],
  ])("%s", (_, body, header, expected) => {
    expect(verify(body, header)).toBe(expected);
  });
});

describe("headers that are none", () => {
  it.each<[string, string | readonly string[] | null | undefined, string]>([
    ["none", undefined, "missing"],
    ["null", null, "missing"],
    ["an empty list", [], "missing"],
    ["empty", "", "invalid"],
    ["too short", hmac(event).slice(1), "invalid"],
    ["too long", `${hmac(event)}0`, "invalid"],
    ["not hex", "g".repeat(40), "invalid"],
    ["with a prefix", `sha1=${hmac(event)}`, "invalid"],
    ["with white space", ` ${hmac(event)}`, "invalid"],
    ["with a line break", `${hmac(event)}\n`, "invalid"],
    ["base64", createHmac("sha1", secret).update(event).digest("base64"), "invalid"],
    ["SHA-256", createHmac("sha256", secret).update(event).digest("hex"), "invalid"],
    ["two values, both right", [hmac(event), hmac(event)], "invalid"],
    ["two values, joined", `${hmac(event)}, ${hmac(event)}`, "invalid"],
    ["one value in a list", [hmac(event)], "valid all"],
  ])("%s", (_, header, expected) => {
    expect(verify(event, header)).toBe(expected);
  });
});

describe("secrets", () => {
  it.each([
    ["old while both are configured", "old"],
    ["new while both are configured", "new"],
  ])("accepts the %s", (_, used) => {
    expect(verify(event, hmac(event, used), ["old", "new"])).toBe("valid all");
  });

  it.each([[[]], [[""]], [["a", ""]]])("refuses %j", (secrets) => {
    expect(() => createSignatureVerifier(secrets)).toThrow(expect.objectContaining({ code: "CONFIG_INVALID" }));
  });
});

describe("laws", () => {
  const events = fc.array(fc.dictionary(fc.string(), fc.jsonValue()), { minLength: 1, maxLength: 4 });

  it("what the signer signs verifies, as an event, a batch and as a whole", () => {
    fc.assert(
      fc.property(events, fc.string({ minLength: 1 }), (batch, key) => {
        const single = JSON.stringify(batch[0]);
        const many = JSON.stringify(batch);
        expect(verify(single, signSegmentPayload(single, key), [key])).toBe("valid all");
        expect(verify(many, signSegmentPayload(Buffer.from(many), key), [key])).toBe(
          batch.length === 1 ? "valid all" : "valid first",
        );
        expect(verify(many, signSegmentPayload(many, key, { covers: "all" }), [key])).toBe("valid all");
      }),
    );
  });

  it("no flipped bit of a signed event verifies", () => {
    const bytes = Buffer.from(event);
    fc.assert(
      fc.property(fc.nat(bytes.length * 8 - 1), (bit) => {
        const flipped = Buffer.from(bytes);
        flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        expect(verify(flipped, hmac(bytes))).toBe("invalid");
      }),
    );
  });

  it("arbitrary bytes never throw", () => {
    fc.assert(
      fc.property(fc.uint8Array(), fc.string(), (bytes, header) => {
        expect(["invalid", "valid all"]).toContain(verify(Buffer.from(bytes), header));
      }),
    );
  });
});
