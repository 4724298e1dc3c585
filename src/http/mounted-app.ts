/** What a framework's bridge mounts: a `Request` goes in, a `Response` comes out, below one path. */
export interface MountedApp<Original> {
  /** Without a trailing slash; empty for the root. */
  readonly basePath: string;
  /** Never rejects. @param original the framework's own request */
  fetch(request: Request, original?: Original): Promise<Response>;
}
