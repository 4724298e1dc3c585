import { previewPayload } from "./preview.js";
import { type ReplaySource, replayEvents } from "./replay.js";
import type { SegmentSource } from "./segment-source.js";
import { audit } from "./source-audit.js";
import { resolveEnvironment, type SourceContext } from "./source-context.js";
import { withTriggers } from "./with-triggers.js";

export function createSourceReplay(
  context: SourceContext,
  { events, handle }: Pick<ReplaySource, "events" | "handle">,
): SegmentSource["replay"] {
  const source: ReplaySource = {
    events,
    handle,
    now: context.options.clock.now,
    preview: (payload, call, triggers) => previewPayload(withTriggers(context, triggers), payload, call),
    checkTriggers: (triggers) => void withTriggers(context, triggers),
    maxEventAgeMs: (trigger) => context.registry.get(trigger)?.maxEventAgeMs ?? null,
    audit: ({ environment, subject, by, detail }) => {
      const environments = [resolveEnvironment(context.options, environment)];
      return audit(context, { action: "events_replayed", subject, environments, by, detail });
    },
  };
  return async (options) => {
    // The triggers that are named may be stored ones.
    await context.overrides.current();
    return replayEvents(source, options);
  };
}
