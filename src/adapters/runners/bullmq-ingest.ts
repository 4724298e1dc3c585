import { BellwireError } from "../../core/errors.js";
import { checkOptions, milliseconds, number, type OptionChecks } from "../../mapping/option-checks.js";
import type { PayloadResult } from "../../outcome/outcome.js";
import type { SegmentEventType } from "../../segment/event.js";
import type { HandleSegmentPayloadOptions } from "../../source/payload-options.js";
import type { SegmentSource } from "../../source/segment-source.js";
import {
  type BullmqJob,
  type BullmqQueue,
  carrierCheck,
  queueCheck,
  settleWithin,
  type TraceCarrier,
  unrecoverable,
} from "./bullmq-queue.js";

/** A payload as it arrived. */
export interface IngestJobData {
  readonly encoding: "text" | "base64" | "json";
  readonly payload: unknown;
  readonly environment: string | null;
  readonly defaultType: SegmentEventType | null;
  /** ISO 8601. */
  readonly receivedAt: string;
  readonly trace?: Readonly<Record<string, string>>;
}

export interface BullmqIngestOptions {
  readonly queue: BullmqQueue<IngestJobData>;
  /** Attempts of the worker; with the doubling wait 14 of them last for two hours. @default 14 */
  readonly attempts?: number | undefined;
  /** How long to wait for the backend before answering 503, in milliseconds. @default 3,000 */
  readonly timeoutMs?: number | undefined;
  readonly trace?: TraceCarrier | undefined;
}

const ingestChecks: OptionChecks<BullmqIngestOptions> = {
  queue: queueCheck,
  attempts: number,
  timeoutMs: milliseconds,
  trace: carrierCheck,
};

/**
 * A source for the process that only receives: `segmentWebhook(bullmqIngest(source, { queue }))` authenticates, puts the body in
 * the queue and answers; workers elsewhere handle it with `createIngestProcessor(source)`. Outcomes are not known when the answer
 * is given, so the result has no events. Everything but `handleSegmentPayload` is the source's own.
 * @throws `CONFIG_INVALID`
 */
export function bullmqIngest(source: SegmentSource, options: BullmqIngestOptions): SegmentSource {
  checkOptions(options, ingestChecks, { at: "bullmqIngest: ", required: ["queue"] });
  const { queue, attempts = 14, timeoutMs = 3_000, trace } = options;
  return {
    ...source,
    async handleSegmentPayload(payload: unknown, call: HandleSegmentPayloadOptions = {}): Promise<PayloadResult> {
      const data: IngestJobData = {
        ...encode(payload),
        environment: call.environment ?? null,
        defaultType: call.defaultType ?? null,
        receivedAt: (call.receivedAt ?? new Date()).toISOString(),
        ...(trace && { trace: trace.inject() }),
      };
      const adding = queue.add("segment-payload", data, {
        attempts,
        backoff: { type: "exponential", delay: 1_000 },
        // What was handled is in storage; what could not be handled is all there is of it.
        removeOnComplete: true,
        removeOnFail: false,
      });
      try {
        await settleWithin(
          adding,
          timeoutMs,
          () => new Error(`BullMQ did not take the payload within ${timeoutMs} ms`),
        );
      } catch (cause) {
        const message = "The payload could not be put in the queue. Hand it in again.";
        throw new BellwireError({ code: "STORAGE_FAILED", message, cause, retryable: true });
      }
      return { events: [], retryable: false };
    },
  };
}

/**
 * The worker's side of `bullmqIngest`: `new Worker(name, createIngestProcessor(source))`. A payload that fails for now is tried
 * again by BullMQ; one that is no Segment payload fails for good and stays among the failed jobs.
 */
export function createIngestProcessor(
  source: Pick<SegmentSource, "handleSegmentPayload">,
  { trace }: { readonly trace?: TraceCarrier } = {},
): (job: BullmqJob<IngestJobData>) => Promise<{ readonly events: number }> {
  const handle = async (data: IngestJobData) => {
    const { environment, defaultType } = data;
    const result = await source.handleSegmentPayload(decode(data), {
      receivedAt: new Date(data.receivedAt),
      ...(environment !== null && { environment }),
      ...(defaultType !== null && { defaultType }),
    });
    if (result.retryable) throw new Error("Some of the payload's runs failed for now.");
    return { events: result.events.length };
  };
  return async ({ data }) => {
    try {
      const work = () => handle(data);
      return trace === undefined || data.trace === undefined ? await work() : await trace.run(data.trace, work);
    } catch (error) {
      throw BellwireError.is(error) && !error.retryable ? unrecoverable(error) : error;
    }
  };
}

/** Text where the bytes are text: a third smaller, and readable for whoever looks into the queue. */
function encode(payload: unknown): Pick<IngestJobData, "encoding" | "payload"> {
  if (typeof payload === "string") return { encoding: "text", payload };
  if (!(payload instanceof Uint8Array)) return { encoding: "json", payload };
  try {
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(payload);
    return { encoding: "text", payload: text };
  } catch {
    return { encoding: "base64", payload: Buffer.from(payload).toString("base64") };
  }
}

function decode({ encoding, payload }: IngestJobData): unknown {
  return encoding === "base64" ? Buffer.from(String(payload), "base64") : payload;
}
