import { createServer, type IncomingHttpHeaders } from "node:http";

export interface EngineRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

/** What the server does with one request. */
export type EngineReply =
  | { readonly status: number; readonly headers?: Record<string, string>; readonly body?: unknown }
  /** Takes the request and cuts the connection. */
  | "reset"
  /** Takes the request and never answers. */
  | "silence"
  /** Answers 200 with a body that never ends. */
  | "endless";

export interface EngineServer {
  readonly url: string;
  readonly requests: readonly EngineRequest[];
  /** Makes the next requests end so, one each. */
  readonly replyNext: (...replies: readonly EngineReply[]) => void;
  readonly close: () => Promise<void>;
}

/** A vendor's HTTP on 127.0.0.1: `reply` is what it answers when nothing else was asked for. */
export async function startEngine(reply: (request: EngineRequest) => EngineReply): Promise<EngineServer> {
  const requests: EngineRequest[] = [];
  const replies: EngineReply[] = [];
  const server = createServer((incoming, response) => {
    const chunks: Buffer[] = [];
    incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
    incoming.on("end", () => {
      const text = Buffer.concat(chunks).toString("utf8");
      const request = { method: incoming.method ?? "", path: incoming.url ?? "", headers: incoming.headers, text };
      requests.push(request);
      const answer = replies.shift() ?? reply(request);
      if (answer === "silence") return;
      if (answer === "reset") {
        incoming.socket.destroy();
        return;
      }
      if (answer === "endless") {
        response.writeHead(200, { "content-type": "application/json" }).write('{"');
        return;
      }
      const { status, headers = {}, body } = answer;
      response.writeHead(status, { "content-type": "application/json", ...headers });
      response.end(body === undefined ? undefined : JSON.stringify(body));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}`,
    requests,
    replyNext: (...next) => void replies.push(...next),
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
