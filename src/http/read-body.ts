import { createBrotliDecompress, createGunzip, createInflate, createInflateRaw } from "node:zlib";
import { BellwireError } from "../core/errors.js";
import type { TimeLimit } from "../core/time-limit.js";
import type { WebhookBody } from "./webhook-request.js";

export interface ReadBodyOptions {
  readonly maxBytes: number;
  readonly timeoutMs: number;
  /** Of `timeoutMs`. */
  readonly timeLimit: TimeLimit;
  readonly contentEncoding: string;
  readonly contentLength: number | null;
}

const decompressors: Readonly<Record<string, (raw: Uint8Array) => NodeJS.ReadWriteStream>> = {
  gzip: () => createGunzip(),
  // Some senders leave out the header of zlib, as .NET does.
  deflate: (raw) => ((Number(raw[0]) & 0x0f) === 8 ? createInflate() : createInflateRaw()),
  br: () => createBrotliDecompress(),
};

/**
 * Reads a body to its end, within a number of bytes and a time, and decompresses it within the same number of bytes: 200 KB of gzip
 * can hold 200 MB.
 *
 * @returns a promise only where there is something to wait for
 * @throws `PAYLOAD_TOO_LARGE`, `PAYLOAD_TIMEOUT`, `PAYLOAD_ENCODING_UNSUPPORTED`, `PAYLOAD_NOT_JSON`, `ABORTED`,
 * `CONFIG_BODY_ALREADY_PARSED`
 */
export function readBody(body: WebhookBody, options: ReadBodyOptions): Uint8Array | Promise<Uint8Array> {
  if (body.kind === "eaten") throw alreadyParsed(body.fix);
  if (options.contentLength !== null && options.contentLength > options.maxBytes) throw tooLarge(options.maxBytes);
  if (body.kind === "bytes") {
    if (body.bytes.byteLength > options.maxBytes) throw tooLarge(options.maxBytes);
    // Parsers that keep the bytes keep them decompressed.
    return isGzip(body.bytes) ? decompress(body.bytes, "gzip", options) : body.bytes;
  }
  const reading = body.kind === "whole" ? readWhole(body.read, options) : collect(body.chunks, options);
  return decoded(reading.catch(throwAborted), options);
}

/** Runtimes tell of a client that went away by errors of their own. Of a body that somebody else reads, the standard says TypeError. */
function throwAborted(error: unknown): never {
  throw BellwireError.is(error) || error instanceof TypeError ? error : goneAway(error);
}

export function goneAway(cause: unknown): BellwireError {
  const message = "The client went away before the body had arrived.";
  return new BellwireError({ code: "ABORTED", message, cause, retryable: true });
}

async function decoded(reading: Promise<Uint8Array>, options: ReadBodyOptions): Promise<Uint8Array> {
  const raw = await reading;
  const said = options.contentEncoding.trim().toLowerCase();
  // What is gzip shows in its first bytes, and proxies that unpack it, or pack it, do not always say so.
  if (isGzip(raw)) return decompress(raw, "gzip", options);
  return said === "" || said === "identity" || said === "gzip" || said === "x-gzip"
    ? raw
    : decompress(raw, said, options);
}

/** No JSON begins like this. */
function isGzip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

async function decompress(raw: Uint8Array, encoding: string, options: ReadBodyOptions): Promise<Uint8Array> {
  const decompressor = Object.hasOwn(decompressors, encoding) ? decompressors[encoding] : undefined;
  if (decompressor === undefined) {
    const message = `The content-encoding ${JSON.stringify(encoding.slice(0, 50))} is not supported; send gzip, deflate, br or none.`;
    throw new BellwireError({ code: "PAYLOAD_ENCODING_UNSUPPORTED", message });
  }
  const stream = decompressor(raw);
  stream.end(raw);
  try {
    return await collect(toChunks(stream), options);
  } catch (error) {
    if (BellwireError.is(error)) throw error;
    const message = `The body is not valid ${encoding}.`;
    throw new BellwireError({ code: "PAYLOAD_NOT_JSON", message, cause: error });
  }
}

async function* toChunks(stream: NodeJS.ReadableStream): AsyncGenerator<Uint8Array> {
  for await (const chunk of stream) yield typeof chunk === "string" ? Buffer.from(chunk) : chunk;
}

function readWhole(
  read: () => Promise<ArrayBuffer>,
  { maxBytes, timeoutMs, timeLimit }: ReadBodyOptions,
): Promise<Uint8Array> {
  const window = timeLimit.open();
  return new Promise((resolve, reject) => {
    const call = { place: 0, timeOut: () => reject(timedOut(timeoutMs)) };
    window.enter(call);
    const take = (buffer: ArrayBuffer) => {
      window.leave(call);
      if (buffer.byteLength > maxBytes) reject(tooLarge(maxBytes));
      else resolve(new Uint8Array(buffer));
    };
    read().then(take, (error: unknown) => {
      window.leave(call);
      reject(error);
    });
  });
}

function collect(
  chunks: AsyncIterable<Uint8Array>,
  { maxBytes, timeoutMs, timeLimit }: ReadBodyOptions,
): Promise<Uint8Array> {
  const iterator = chunks[Symbol.asyncIterator]();
  const window = timeLimit.open();
  return new Promise((resolve, reject) => {
    const parts: Uint8Array[] = [];
    let size = 0;
    let isOver = false;
    const fail = (error: unknown) => {
      isOver = true;
      window.leave(call);
      // Nobody reads on; a sender in mid-body is told so by the response.
      iterator.return?.()?.catch(() => undefined);
      reject(error);
    };
    const call = { place: 0, timeOut: () => fail(timedOut(timeoutMs)) };
    window.enter(call);
    const take = (next: IteratorResult<Uint8Array>) => {
      if (isOver) return;
      if (next.done === true) {
        window.leave(call);
        resolve(concat(parts, size));
        return;
      }
      size += next.value.byteLength;
      parts.push(next.value);
      if (size > maxBytes) fail(tooLarge(maxBytes));
      else iterator.next().then(take, fail);
    };
    iterator.next().then(take, fail);
  });
}

function concat(parts: readonly Uint8Array[], size: number): Uint8Array {
  const [only] = parts;
  return parts.length === 1 && only !== undefined ? only : Buffer.concat(parts, size);
}

function tooLarge(maxBytes: number): BellwireError {
  const message = `The body has more than ${maxBytes} bytes (maxBodyBytes). Send smaller batches or raise the limit.`;
  return new BellwireError({ code: "PAYLOAD_TOO_LARGE", message, details: { maxBytes } });
}

function timedOut(timeoutMs: number): BellwireError {
  const message = `The body did not arrive within ${timeoutMs} ms (bodyTimeout).`;
  return new BellwireError({ code: "PAYLOAD_TIMEOUT", message, details: { timeoutMs }, retryable: true });
}

function alreadyParsed(fix: string): BellwireError {
  const message = `A body parser ran before the webhook and did not keep the bytes, which the signature covers. ${fix}`;
  return new BellwireError({ code: "CONFIG_BODY_ALREADY_PARSED", message, retryable: true });
}
