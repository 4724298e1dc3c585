/**
 * Keeps to a rate over the whole of a work: what took longer than it should is caught up with.
 * @returns waits after so many were done; ends early when the signal does, so that the caller can say so
 */
export function createPace(
  perSecond: number | undefined,
  signal: AbortSignal | undefined,
): (count: number) => Promise<void> {
  if (perSecond === undefined) return async () => undefined;
  const startedAt = performance.now();
  let done = 0;
  return async (count) => {
    done += count;
    const waitMs = startedAt + (done / perSecond) * 1_000 - performance.now();
    if (waitMs <= 0 || signal?.aborted === true) return;
    await new Promise<void>((resolve) => {
      const end = () => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", end);
        resolve();
      };
      const timer = setTimeout(end, waitMs);
      signal?.addEventListener("abort", end, { once: true });
    });
  };
}
