import { anything, checkOptions } from "../mapping/option-checks.js";
import type { MaintainResult, SegmentSource } from "./segment-source.js";
import { type SourceContext, throwIfAborted } from "./source-context.js";

const batchSize = 1_000;

type MaintainOptions = NonNullable<Parameters<SegmentSource["maintain"]>[0]>;

/** Applies retention, a bounded number of rows at a time so that no lock is held for long. */
export async function maintain(context: SourceContext, call: MaintainOptions = {}): Promise<MaintainResult> {
  checkOptions(call, { signal: anything }, { at: "maintain: " });
  const { storage, retention } = context.options;
  const total = { payloads: 0, events: 0 };
  for (;;) {
    throwIfAborted(call.signal);
    const purged = await context.storageCall("events.purge", (signal) =>
      storage.events.purge({
        payloadsOlderThanMs: retention.payloadsMs,
        eventsOlderThanMs: retention.eventsMs,
        limit: batchSize,
        signal,
      }),
    );
    total.payloads += purged.payloads;
    total.events += purged.events;
    if (purged.payloads < batchSize && purged.events < batchSize) return total;
  }
}
