import { configInvalid } from "../core/errors.js";

/** What a framework's bridge mounts: a `Request` goes in, a `Response` comes out, below one path. */
export interface MountedApp<Original> {
  /** Without a trailing slash; empty for the root. */
  readonly basePath: string;
  /** Never rejects. @param original the framework's own request */
  fetch(request: Request, original?: Original): Promise<Response>;
}

/** @throws `CONFIG_INVALID` */
export function requireMountedApp(app: unknown): void {
  const has = (member: string, type: string) =>
    typeof app === "object" && app !== null && typeof Reflect.get(app, member) === type;
  if (has("basePath", "string") && has("fetch", "function")) return;
  throw configInvalid(
    "consoleHandler: takes the console that createConsole made: consoleHandler(createConsole({ source, authorize })).",
  );
}
