import { signSegmentPayload } from "../segment/signature.js";

export interface SignedOptions {
  /** The destination's shared secret. */
  readonly secret: string;
  /** Where `request` goes. @default "http://localhost/webhooks/segment" */
  readonly url?: string;
  /** Beside `content-type` and `x-signature`. */
  readonly headers?: Readonly<Record<string, string>>;
  /** What the signature of a batch covers: as Segment does it, only its first event. @default "first" */
  readonly covers?: "first" | "all";
}

/** A webhook request as Segment sends it: for `fetch`, for an injected request of any framework, or as a `Request`. */
export interface SignedRequest {
  readonly url: string;
  readonly method: "POST";
  readonly headers: Readonly<Record<string, string>>;
  /** The very text that was signed. */
  readonly body: string;
  /** For handlers that take one; a new one each time, since a body is read once. */
  readonly request: Request;
}

/** Signs a payload as Segment's webhook does: `fetch(url, signed(track("Signed Up"), { secret }))`. */
export function signed(payload: unknown, options: SignedOptions): SignedRequest {
  const { secret, url = "http://localhost/webhooks/segment", covers = "first" } = options;
  const body = typeof payload === "string" ? payload : JSON.stringify(payload);
  const signature = signSegmentPayload(body, secret, { covers });
  const headers = { "content-type": "application/json", ...options.headers, "x-signature": signature };
  const parts = { url, method: "POST", headers, body } as const;
  return {
    ...parts,
    get request() {
      return new Request(url, { method: "POST", headers, body });
    },
  };
}
