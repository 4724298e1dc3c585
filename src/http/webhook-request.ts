/** A request as every framework can state it. */
export interface WebhookRequest {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  /** Where the webhook is mounted, where the framework says so. */
  readonly basePath?: string | undefined;
  /** By lower-case name; a list where the header stands more than once. */
  readonly header: (name: string) => string | readonly string[] | undefined;
  /** Route parameters, where the framework has them; otherwise both are read from the end of the path. */
  readonly environment?: string | undefined;
  readonly token?: string | undefined;
  readonly body: WebhookBody;
}

export type WebhookBody =
  /** Not read yet. */
  | { readonly kind: "stream"; readonly chunks: AsyncIterable<Uint8Array> }
  /** Not read yet, of a length that its header tells, and cheaper read as a whole than in chunks. */
  | { readonly kind: "whole"; readonly read: () => Promise<ArrayBuffer> }
  /** Read and kept as it came. */
  | { readonly kind: "bytes"; readonly bytes: Uint8Array }
  /** Read and parsed by somebody who did not keep the bytes; `fix` is the line that mends it. */
  | { readonly kind: "eaten"; readonly fix: string };

export interface WebhookResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}
