import { createHmac } from "node:crypto";
import { signSegmentPayload } from "../../src/segment/signature.js";

export const secret = "0123456789abcdef";

/** An ordinary track event of about 1,500 bytes, as a browser sends it through Segment. */
export function trackEvent(id: number, properties: object = {}) {
  return {
    anonymousId: "5f1c0b2e-7a44-4f0e-9d0b-1f2f5f3c9a77",
    channel: "client",
    context: {
      app: { name: "Docs", version: "4.18.2", build: "4182" },
      campaign: { name: "spring", source: "newsletter", medium: "email", term: "docs", content: "header" },
      groupId: "acme",
      ip: "203.0.113.7",
      library: { name: "analytics.js", version: "next-1.84.3" },
      locale: "en-GB",
      page: {
        path: "/docs/launch-plan",
        referrer: "https://example.com/docs",
        search: "?view=comments",
        title: "Launch plan",
        url: "https://example.com/docs/launch-plan?view=comments",
      },
      timezone: "Europe/Lisbon",
      traits: { email: "linus@example.com", name: "Linus", plan: "team" },
      userAgent:
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36",
    },
    event: "Comment Created",
    integrations: { All: true, "Google Analytics": false },
    messageId: `ajs-next-1782211200000-${String(id).padStart(12, "0")}`,
    originalTimestamp: "2026-06-23T10:40:00.000Z",
    properties: {
      commentId: `c-${id}`,
      title: "Looks good to me, ship it!",
      body: "I read it twice and could not find anything to add. Two small remarks are below.",
      private: false,
      document: { id: "d-81", name: "Launch plan", url: "https://example.com/docs/launch-plan" },
      commenter: { id: "linus", name: "Linus", email: "linus@example.com" },
      mentioned: ["ada", "grace", "alan"],
      ...properties,
    },
    receivedAt: "2026-06-23T10:40:00.412Z",
    sentAt: "2026-06-23T10:40:00.205Z",
    timestamp: "2026-06-23T10:40:00.201Z",
    type: "track",
    userId: "linus",
    version: 2,
  };
}

export interface SignedBody {
  readonly bytes: Buffer;
  readonly signature: string;
}

/** Over all the bytes; Segment signs only the first element of a batch, which would be a floor of next to nothing. */
export function sign(payload: object): SignedBody {
  const text = JSON.stringify(payload);
  return { bytes: Buffer.from(text), signature: signSegmentPayload(text, secret, { covers: "all" }) };
}

let nextId = 0;

/** Signed events that nobody has seen before, one a body or `size` a body. */
export function freshBodies(
  count: number,
  { size, properties }: { readonly size?: number; readonly properties?: object } = {},
) {
  const fresh = () => trackEvent(nextId++, properties);
  return Array.from({ length: count }, () => sign(size === undefined ? fresh() : Array.from({ length: size }, fresh)));
}

/** What no receiver can do without: the signature over the bytes, and the JSON. */
export function hmacAndParse({ bytes, signature }: SignedBody, key: Parameters<typeof createHmac>[1]): unknown {
  if (createHmac("sha1", key).update(bytes).digest("hex") !== signature) throw new Error("not signed");
  return JSON.parse(bytes.toString("utf8"));
}
