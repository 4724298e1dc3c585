import { BellwireError } from "../core/errors.js";
import type { SourceContext } from "./source-context.js";

/** Logs and emits what failed and no caller is told about. @param message what it means for the source */
export function reportError(
  { options, emitter }: SourceContext,
  environment: string,
  error: BellwireError,
  message: string,
): void {
  const { key: source, logger } = options;
  logger.error({ err: error, source, environment }, message);
  emitter.emit("error", { source, environment, error });
}

export function toStorageError(cause: unknown, message: string): BellwireError {
  if (BellwireError.is(cause)) return cause;
  return new BellwireError({ code: "STORAGE_FAILED", message, cause, retryable: true });
}
