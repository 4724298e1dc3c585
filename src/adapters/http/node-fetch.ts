import { type NodeRequest, nodeBody } from "./node-request.js";

/** The part of node's `ServerResponse` that a streamed answer needs. */
export interface NodeStreamResponse {
  readonly destroyed?: boolean;
  writeHead(status: number, headers: Record<string, string | string[]>): unknown;
  write(chunk: Uint8Array): boolean;
  end(): unknown;
  once(event: "close" | "drain", listener: () => void): unknown;
  off(event: "close" | "drain", listener: () => void): unknown;
}

export interface ToRequestOptions {
  /** With the query. */
  readonly url: string;
  /** What a body parser made of the body. */
  readonly parsed: unknown;
  /** Aborted when the client goes away. */
  readonly signal: AbortSignal;
}

const bodiless = new Set(["GET", "HEAD"]);

/** A request of node's as a `Request`. A body that a parser has read is written out again: to the console only its meaning matters. */
export function toFetchRequest(request: NodeRequest, { url, parsed, signal }: ToRequestOptions): Request {
  const headers = new Headers();
  for (const [name, value] of Object.entries(request.headers)) {
    if (typeof value === "string") headers.set(name, value);
    else for (const one of value ?? []) headers.append(name, one);
  }
  const method = request.method ?? "GET";
  const address = new URL(url, originOf(request, headers.get("host")));
  if (bodiless.has(method)) return new Request(address, { method, headers, signal });
  const body = nodeBody(request, typeof parsed === "string" || parsed instanceof Uint8Array ? parsed : undefined, "");
  if (body.kind === "eaten") {
    headers.delete("content-length");
    return new Request(address, { method, headers, signal, body: JSON.stringify(parsed ?? null) });
  }
  if (body.kind === "bytes") return new Request(address, { method, headers, signal, body: new Uint8Array(body.bytes) });
  return new Request(address, { method, headers, signal, body: ReadableStream.from(body.chunks), duplex: "half" });
}

function originOf(request: NodeRequest, host: string | null): string {
  const isEncrypted: unknown =
    "socket" in request && typeof request.socket === "object" && request.socket !== null
      ? Reflect.get(request.socket, "encrypted")
      : false;
  const origin = `${isEncrypted === true ? "https" : "http"}://${host ?? "localhost"}`;
  return URL.canParse(origin) ? origin : "http://localhost";
}

/** Aborts when the client goes away before the answer has ended. */
export function untilClosed(response: Pick<NodeStreamResponse, "once">): AbortSignal {
  const gone = new AbortController();
  response.once("close", () => gone.abort());
  return gone.signal;
}

/** Writes a `Response` out as it comes, no faster than the client reads. */
export async function writeFetchResponse(answer: Response, response: NodeStreamResponse): Promise<void> {
  const headers: Record<string, string | string[]> = Object.fromEntries(answer.headers);
  const cookies = answer.headers.getSetCookie();
  if (cookies.length > 0) headers["set-cookie"] = cookies;
  response.writeHead(answer.status, headers);
  const reader = answer.body?.getReader();
  if (reader === undefined) {
    response.end();
    return;
  }
  const cancel = () => void reader.cancel().catch(() => undefined);
  response.once("close", cancel);
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done || response.destroyed === true) break;
      if (!response.write(value)) await drained(response);
    }
  } finally {
    response.off("close", cancel);
    response.end();
  }
}

function drained(response: NodeStreamResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      response.off("drain", done);
      response.off("close", done);
      resolve();
    };
    response.once("drain", done);
    response.once("close", done);
  });
}

/** Whether a path is the app's, so that everything else is left to the rest of the host. */
export function isBelow(basePath: string, path: string): boolean {
  return path === basePath || path.startsWith(`${basePath}/`);
}
