import { BellwireError } from "../../core/errors.js";
import type { WebhookBody } from "../../http/webhook-request.js";

/** The part of node's `IncomingMessage` that is used, with what body parsers leave on it. */
export interface NodeRequest extends AsyncIterable<Uint8Array> {
  readonly method?: string | undefined;
  readonly url?: string | undefined;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly complete?: boolean;
  readonly readableEnded?: boolean;
  readonly destroyed?: boolean;
}

/** Where the bytes of a request are: kept by a parser, still on their way, or gone. */
export function nodeBody(request: NodeRequest, kept: unknown, fix: string): WebhookBody {
  if (kept instanceof Uint8Array) return { kind: "bytes", bytes: kept };
  if (typeof kept === "string") return { kind: "bytes", bytes: Buffer.from(kept, "utf8") };
  if (request.readableEnded === true) return { kind: "eaten", fix };
  return { kind: "stream", chunks: untilAborted(request) };
}

/** A client that goes away in mid-body makes the stream fail or end early; neither is a body. */
async function* untilAborted(request: NodeRequest): AsyncGenerator<Uint8Array> {
  try {
    // Destroying the request would take the connection with it, and the client would never read the answer.
    const options = { destroyOnReturn: false };
    const chunks = isNodeStream(request) ? request.iterator(options) : request;
    for await (const chunk of chunks) yield chunk;
  } catch (cause) {
    throw new BellwireError({
      code: "ABORTED",
      message: "The client went away before the body had arrived.",
      cause,
      retryable: true,
    });
  }
}

function isNodeStream(
  request: NodeRequest,
): request is NodeRequest & { iterator(options: { destroyOnReturn: boolean }): AsyncIterable<Uint8Array> } {
  return "iterator" in request && typeof request.iterator === "function";
}

export function pathOf(url: string | undefined): string {
  return (url ?? "/").split("?", 1)[0] ?? "/";
}
