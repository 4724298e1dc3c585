import { connect, type Socket } from "node:net";
import { createSegmentSource, memoryStorage } from "bellwire";
import { recordingRunner } from "bellwire/testing";
import { afterEach, describe, expect, it } from "vitest";
import { frameworks } from "../support/frameworks.js";
import type { RunningServer } from "../support/listen.js";

const maxBodyBytes = 20_000;
const event = '{"type":"page","messageId":"m-1"}';

/** One connection; answers come as they are written. */
class Connection {
  readonly #socket: Socket;
  #received = "";

  constructor(port: number) {
    this.#socket = connect(port, "127.0.0.1");
    this.#socket.on("data", (chunk) => (this.#received += chunk.toString("latin1")));
    this.#socket.on("error", () => undefined);
  }

  write(text: string): void {
    this.#socket.write(text);
  }

  post(path: string): void {
    this.write(
      `POST ${path} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n`,
    );
  }

  chunk(text: string): void {
    this.write(`${text.length.toString(16)}\r\n${text}\r\n`);
  }

  /** The statuses of so many answers, or `closed`. */
  async answers(count: number): Promise<readonly string[]> {
    const found = () => [...this.#received.matchAll(/HTTP\/1\.1 (\d+)/g)].map((match) => match[1] ?? "");
    const deadline = Date.now() + 8_000;
    while (found().length < count && !this.#socket.closed && Date.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    return this.#socket.closed ? [...found(), "closed"] : found();
  }

  close(): void {
    this.#socket.destroy();
  }
}

/** Bridges to `Request` read bodies by themselves, and close the connection of one that was left. */
const bridges = ["hono", "a bare fetch handler"];

describe.each(frameworks)("%s", (name, start) => {
  const running: RunningServer[] = [];
  afterEach(async () => {
    for (const server of running.splice(0)) await server.close();
  });
  const open = async () => {
    const environments = { open: { authentication: "none" } } as const;
    const source = createSegmentSource({ environments, storage: memoryStorage(), runner: recordingRunner() });
    const server = await start(source, { maxBodyBytes, bodyTimeout: "200ms" });
    running.push(server);
    const { port, pathname } = new URL(`${server.url}/open`);
    return { connection: new Connection(Number(port)), pathname };
  };

  it("answers before a body has ended, and goes on with the connection", async () => {
    const { connection, pathname } = await open();
    connection.post(pathname);
    for (let sent = 0; sent < 400_000; sent += 20_000) connection.chunk(" ".repeat(20_000));
    const first = await connection.answers(1);
    connection.chunk(" ".repeat(100_000));
    connection.write("0\r\n\r\n");
    connection.post(pathname);
    connection.chunk(event);
    connection.write("0\r\n\r\n");
    const both = await connection.answers(2);
    connection.close();
    expect([first, both]).toEqual([["413"], ["413", bridges.includes(name) ? "closed" : "200"]]);
  });

  it.skipIf(bridges.includes(name))("does not read for ever what nobody wants", async () => {
    const { connection, pathname } = await open();
    connection.post(pathname);
    const megabyte = " ".repeat(1024 * 1024);
    for (let sent = 0; sent < 10; sent += 1) connection.chunk(megabyte);
    expect(await connection.answers(2)).toContain("closed");
    connection.close();
  });
});
