import { dispatchClaimed } from "./dispatch-claimed.js";
import { type WakeOptions, wakeHeld } from "./holds.js";
import { ownLeaseMs, type SourceContext } from "./source-context.js";

export interface ReleaseOptions extends Omit<WakeOptions, "leaseMs"> {
  /** Keeps work that outlives the call from being forgotten by `close`. */
  readonly track: (work: Promise<void>) => void;
}

/** Sends what is held for users who are known now; in the background it is left to `start()`. */
export async function releaseHeld(context: SourceContext, { track, ...options }: ReleaseOptions): Promise<void> {
  const leasedUntil = context.options.clock.now() + context.options.leaseMs;
  const claimed = await wakeHeld(context, { ...options, leaseMs: ownLeaseMs(context.options) });
  await dispatchClaimed(context, {
    claimed,
    environment: options.environment,
    owner: options.owner,
    leasedUntil,
    wait: context.deadlines.open(),
    signal: undefined,
    track,
  });
}
