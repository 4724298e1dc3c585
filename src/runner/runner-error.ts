import { BellwireError } from "../core/errors.js";

/** `permanent`: never try again. `retryable`: surely not done, try again. `ambiguous`: unknown whether it was done. */
export type RunnerFailureKind = "permanent" | "retryable" | "ambiguous";

const codes = {
  permanent: "RUNNER_PERMANENT",
  retryable: "RUNNER_RETRYABLE",
  ambiguous: "RUNNER_AMBIGUOUS",
} as const;

/** How a `WorkflowRunner` reports a failed attempt. `retryAfterMs` is the engine's own word on when to come back. */
export function runnerError(
  kind: RunnerFailureKind,
  message: string,
  options: { readonly retryAfterMs?: number; readonly cause?: unknown } = {},
): BellwireError {
  const { retryAfterMs } = options;
  return new BellwireError({
    code: codes[kind],
    message,
    retryable: kind !== "permanent",
    details: retryAfterMs === undefined ? {} : { retryAfterMs },
    cause: options.cause,
  });
}

/** For a run that a runner's answer to several leaves out: it may have been started. */
export function tooFewAnswers(): BellwireError {
  return runnerError("ambiguous", "The runner answered for too few runs.");
}

export interface RunnerFailure {
  readonly kind: RunnerFailureKind;
  readonly message: string;
  readonly retryAfterMs: number | null;
}

/** Reads any rejection of a runner; what is not a runner's error is ambiguous. Never throws. */
export function classifyRunnerFailure(error: unknown): RunnerFailure {
  if (!BellwireError.is(error)) {
    const message = error instanceof Error ? error.message : `rejected with ${typeof error}`;
    return { kind: "ambiguous", message, retryAfterMs: null };
  }
  const retryAfterMs = error.details["retryAfterMs"];
  return {
    kind:
      error.code === "RUNNER_PERMANENT" ? "permanent" : error.code === "RUNNER_RETRYABLE" ? "retryable" : "ambiguous",
    message: error.message,
    retryAfterMs: typeof retryAfterMs === "number" ? retryAfterMs : null,
  };
}
