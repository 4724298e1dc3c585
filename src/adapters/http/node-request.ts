import { goneAway } from "../../http/read-body.js";
import type { WebhookBody } from "../../http/webhook-request.js";
import { isReadable, StreamChunks } from "./stream-chunks.js";

/** The part of node's `IncomingMessage` that is used, with what body parsers leave on it. */
export interface NodeRequest extends AsyncIterable<Uint8Array | string> {
  readonly method?: string | undefined;
  readonly url?: string | undefined;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly complete?: boolean;
  readonly readableDidRead?: boolean;
  readonly readableEnded?: boolean;
  readonly destroyed?: boolean;
}

/** Where the bytes of a request are: kept by a parser, still on their way, or gone. */
export function nodeBody(request: NodeRequest, kept: unknown, fix: string): Exclude<WebhookBody, { kind: "whole" }> {
  const isEnded = request.readableEnded === true;
  // Somebody reads it at this moment, and what they keep is not all yet.
  if (request.readableDidRead === true && !isEnded) return { kind: "eaten", fix };
  const bytes = typeof kept === "string" ? Buffer.from(kept, "utf8") : kept;
  // Who has only begun to listen keeps nothing so far.
  if (bytes instanceof Uint8Array && (isEnded || bytes.byteLength > 0)) return { kind: "bytes", bytes };
  if (isEnded) return { kind: "eaten", fix };
  return { kind: "stream", chunks: isReadable(request) ? new StreamChunks(request) : untilAborted(request) };
}

/** A client that goes away in mid-body makes the stream fail or end early; neither is a body. */
async function* untilAborted(request: NodeRequest): AsyncGenerator<Uint8Array> {
  try {
    for await (const chunk of request) yield typeof chunk === "string" ? Buffer.from(chunk) : chunk;
  } catch (cause) {
    throw goneAway(cause);
  }
}

/** Also of a whole URL, which proxies may ask for. */
export function pathOf(url = "/"): string {
  const path = url.replace(/^https?:\/\/[^/?]*/i, "").split("?", 1)[0] ?? "";
  return path === "" ? "/" : path;
}
