import type { CliIo } from "./cli-io.js";

/** Says on standard error how far a long work is. */
export interface Progress {
  /** @param total `null` where it is not known */
  update(done: number, total: number | null): void;
  /** Takes the bar away, so that what follows stands on a line of its own. */
  end(): void;
}

const width = 30;
const redrawMs = 100;
const lineMs = 5_000;

/** A bar where somebody watches, and otherwise a line every few seconds. */
export function createProgress(io: CliIo, label: string, isQuiet: boolean, now: () => number = Date.now): Progress {
  const startedAt = now();
  let shownAt = io.isWatched ? Number.NEGATIVE_INFINITY : startedAt;
  let isDrawn = false;
  return {
    update(done, total) {
      const at = now();
      const isDue = io.isWatched ? at - shownAt >= redrawMs || done === total : at - shownAt >= lineMs;
      if (isQuiet || !isDue) return;
      shownAt = at;
      const text = describe(label, done, total, at - startedAt);
      if (io.isWatched) io.writeError(`\r\u001b[2K${text}`);
      else io.writeError(`${text}\n`);
      isDrawn = io.isWatched;
    },
    end() {
      if (isDrawn) io.writeError("\r\u001b[2K");
      isDrawn = false;
    },
  };
}

function describe(label: string, done: number, total: number | null, elapsedMs: number): string {
  const perSecond = elapsedMs < 1 ? 0 : Math.round((done / elapsedMs) * 1_000);
  if (total === null) return `${label}  ${done} events  ${perSecond}/s`;
  const share = total === 0 ? 1 : Math.min(1, done / total);
  const filled = Math.round(share * width);
  const bar = "█".repeat(filled) + "░".repeat(width - filled);
  const left = perSecond === 0 ? "" : `  ${remaining((total - done) / perSecond)}`;
  return `${label}  ${bar}  ${Math.floor(share * 100)} %  ${done}/${total}  ${perSecond}/s${left}`;
}

function remaining(seconds: number): string {
  const whole = Math.max(0, Math.ceil(seconds));
  return whole < 60 ? `${whole} s left` : `${Math.ceil(whole / 60)} min left`;
}
