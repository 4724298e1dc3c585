import { isPromiseLike } from "./promise-like.js";

/** Structured logging as pino writes it: an object of fields first, then the message. A pino logger fits as it is. */
export interface Logger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

const ignore = () => undefined;

/** Drops everything; the default, because a library does not write to the host's terminal unasked. */
export const silentLogger: Logger = { debug: ignore, info: ignore, warn: ignore, error: ignore };

/** A logger whose failures stay its own: a host's logger that throws or rejects never breaks event handling. */
export function safeLogger(logger: Logger): Logger {
  const guard = (level: keyof Logger) => (fields: object, message: string) => {
    try {
      const returned: unknown = logger[level](fields, message);
      if (isPromiseLike(returned)) Promise.resolve(returned).catch(ignore);
    } catch {
      // Nowhere left to report it.
    }
  };
  return { debug: guard("debug"), info: guard("info"), warn: guard("warn"), error: guard("error") };
}
