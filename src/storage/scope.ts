/** Every port method accepts one; an adapter may ignore it, the caller stops waiting either way. */
export interface Abortable {
  readonly signal?: AbortSignal | undefined;
}

/** Events and users of different environments never meet; sources of one environment share its users. */
export interface SourceScope {
  readonly environment: string;
  readonly source: string;
}
