import type { MaintainResult } from "./segment-source.js";
import type { SourceContext } from "./source-context.js";

const batchSize = 1_000;

/** Applies retention, a bounded number of rows at a time so that no lock is held for long. */
export async function maintain(context: SourceContext): Promise<MaintainResult> {
  const { storage, retention } = context.options;
  const total = { payloads: 0, events: 0 };
  for (;;) {
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
