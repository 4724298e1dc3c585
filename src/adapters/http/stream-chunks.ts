import type { BellwireError } from "../../core/errors.js";
import { goneAway } from "../../http/read-body.js";

/** The part of node's `Readable` that is used. */
export interface ReadableStreamOfNode {
  readonly destroyed?: boolean;
  readonly readableEncoding?: BufferEncoding | null;
  /** A text where somebody has called `setEncoding`. */
  read(): Uint8Array | string | null;
  resume?(): unknown;
  destroy?(): unknown;
  on(event: string, listener: (value?: unknown) => void): unknown;
  off(event: string, listener: (value?: unknown) => void): unknown;
}

export function isReadable(stream: object): stream is ReadableStreamOfNode {
  return "read" in stream && typeof stream.read === "function" && "off" in stream && typeof stream.off === "function";
}

interface Waiting {
  readonly resolve: (next: IteratorResult<Uint8Array, undefined>) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * The chunks of a request's body, to be read once. Node's own iterator costs several times as much for a body of one chunk, and
 * takes the connection with it when it is left early, so that the client would never read the answer.
 */
export class StreamChunks implements AsyncIterableIterator<Uint8Array, undefined> {
  readonly #stream: ReadableStreamOfNode;
  #waiting: Waiting | null = null;
  #state: "reading" | "ended" | "left" = "reading";
  #failure: BellwireError | null = null;

  constructor(stream: ReadableStreamOfNode) {
    this.#stream = stream;
  }

  /** Not listened to before: node lets a body go that nobody asked for. */
  [Symbol.asyncIterator](): this {
    const stream = this.#stream;
    if (stream.destroyed === true) this.#failure = goneAway(undefined);
    stream.on("readable", this.#onReadable);
    stream.on("end", this.#onEnd);
    stream.on("error", this.#onGone);
    stream.on("close", this.#onGone);
    return this;
  }

  next(): Promise<IteratorResult<Uint8Array, undefined>> {
    if (this.#failure !== null) return Promise.reject(this.#failure);
    if (this.#state !== "reading") return Promise.resolve(done);
    const chunk = this.#read();
    if (chunk !== null) return Promise.resolve({ done: false, value: chunk });
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
    });
  }

  return(): Promise<IteratorResult<Uint8Array, undefined>> {
    if (this.#state === "reading" && this.#failure === null) {
      this.#state = "left";
      this.#leave();
      this.#discard();
    }
    return Promise.resolve(done);
  }

  readonly #onReadable = () => {
    if (this.#waiting === null) return;
    const chunk = this.#read();
    if (chunk !== null) this.#take()?.resolve({ done: false, value: chunk });
  };

  #read(): Uint8Array | null {
    const chunk = this.#stream.read();
    return typeof chunk === "string" ? Buffer.from(chunk, this.#stream.readableEncoding ?? "utf8") : chunk;
  }

  readonly #onEnd = () => {
    this.#state = "ended";
    this.#leave();
    this.#take()?.resolve(done);
  };

  /** Before the end: what closes after it has no listener any more. */
  readonly #onGone = (cause?: unknown) => {
    this.#failure = goneAway(cause);
    this.#leave();
    this.#take()?.reject(this.#failure);
  };

  #take(): Waiting | null {
    const waiting = this.#waiting;
    this.#waiting = null;
    return waiting;
  }

  /**
   * Node reads on by itself only for a body that nobody began to read: without this the client would wait on the connection for ever. To
   * close it instead could take the answer with it. A body that does not end goes with its connection.
   */
  #discard(): void {
    let discarded = 0;
    this.#stream.on("data", (chunk) => {
      discarded += chunk instanceof Uint8Array || typeof chunk === "string" ? chunk.length : 0;
      if (discarded > maxDiscarded) this.#stream.destroy?.();
    });
    this.#stream.resume?.();
  }

  #leave(): void {
    const stream = this.#stream;
    stream.off("readable", this.#onReadable);
    stream.off("end", this.#onEnd);
    stream.off("error", this.#onGone);
    stream.off("close", this.#onGone);
    // What fails once nobody reads any more is nobody's concern, and must not end the process.
    stream.on("error", ignore);
  }
}

/** Bytes: more than Segment sends. */
const maxDiscarded = 8 * 1024 * 1024;
const done: IteratorResult<Uint8Array, undefined> = { done: true, value: undefined };
const ignore = () => undefined;
