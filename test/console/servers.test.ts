import { type AddressInfo, connect } from "node:net";
import { createSegmentSource, memoryStorage, type SegmentSource } from "bellwire";
import { type Console, createConsole } from "bellwire/console";
import { consoleHandler } from "bellwire/fastify";
import { recordingRunner, track } from "bellwire/testing";
import fastify from "fastify";
import fastify4 from "fastify4";
import { afterEach, describe, expect, it } from "vitest";
import { consoleServers } from "../support/console-servers.js";
import type { RunningServer } from "../support/listen.js";

const open: (RunningServer | Console)[] = [];
afterEach(async () => {
  for (const one of open.splice(0)) await one.close();
});

function makeConsole(originals: unknown[] = []) {
  const source = createSegmentSource({
    environments: { production: { webhookToken: "tok" } },
    storage: memoryStorage(),
    runner: recordingRunner(),
  });
  const panel = createConsole({
    source,
    pollInterval: 50,
    authorize: (request, original) => {
      originals.push(original);
      const name = request.headers.get("x-user");
      return name === "nobody" ? null : { name: name ?? "ada", roles: ["view", "operate", "reveal"] };
    },
  });
  return { source, panel };
}

/** What a stream says, line by line, until `isEnough`. */
async function listen(
  url: string,
  headers: Record<string, string>,
  isEnough: (text: string) => boolean,
): Promise<string> {
  const abort = new AbortController();
  const response = await fetch(url, { headers, signal: abort.signal });
  expect(response.headers.get("content-type")).toBe("text/event-stream");
  let text = "";
  const decoder = new TextDecoder();
  for await (const chunk of response.body ?? []) {
    text += decoder.decode(chunk);
    if (isEnough(text)) break;
  }
  abort.abort();
  return text;
}

const send = (source: SegmentSource, messageId: string) =>
  source.handleSegmentPayload(track("Signed Up", {}, { messageId, userId: "ada" }));

describe.each(consoleServers)("on %s", (_, start) => {
  const serve = async () => {
    const originals: unknown[] = [];
    const { source, panel } = makeConsole(originals);
    const server = await start(source, panel);
    open.push(panel, server);
    return { source, originals, url: server.url, api: `${server.url}/bellwire/api` };
  };

  it("serves its page and its files, and leaves every other path to the host", async () => {
    const { url, originals } = await serve();
    const page = await fetch(`${url}/bellwire/segment/production/events?status=failed`);
    expect(page.headers.get("content-security-policy")).toContain("default-src 'none'");
    const [, script = ""] = /src="([^"]+)"/.exec(await page.text()) ?? [];
    expect((await fetch(url + script)).headers.get("content-type")).toContain("javascript");
    expect((await fetch(`${url}/bellwire`)).status).toBe(200);
    expect((await fetch(`${url}/bellwire/api/session`, { headers: { "x-user": "nobody" } })).status).toBe(401);
    expect(await (await fetch(url)).text()).toBe("home");
    expect(await (await fetch(`${url}/bellwire-elsewhere`)).text()).not.toContain("Bellwire");
    // A session of the host hangs on its own request.
    if (_ !== "fetch") expect(originals[0]).toMatchObject({ url: expect.stringContaining("/bellwire/segment") });
  });

  it("takes a write, also where a body parser of the host has read it", async () => {
    const { source, api, url } = await serve();
    const write = (origin: string) =>
      fetch(`${api}/identify`, {
        method: "POST",
        headers: { "content-type": "application/json", origin },
        body: JSON.stringify({ on: false }),
      });
    expect((await write("https://evil.test")).status).toBe(403);
    expect(await source.environments.get()).toMatchObject({ identify: true });
    expect((await write(url)).status).toBe(200);
    expect(await source.environments.get()).toMatchObject({ identify: false, changedBy: "ada" });
  });

  it("streams what comes in, and resumes where a broken stream ended", async () => {
    const { source, api } = await serve();
    const first = listen(`${api}/stream?after=1`, {}, (text) => text.includes('"messageId":"m-1"'));
    await new Promise((resolve) => setTimeout(resolve, 60));
    await send(source, "m-1");
    const said = await first;
    expect(said).toContain("event: hello");
    await send(source, "m-2");
    const position = [...said.matchAll(/^id: (\d+)$/gm)].at(-1)?.[1] ?? "";
    const resumed = await listen(`${api}/stream`, { "last-event-id": position }, (text) => text.includes('"m-2"'));
    expect(resumed).toContain('"messageId":"m-2"');
    const tail = (await (await fetch(`${api}/tail?after=${position}`)).json()) as { rows: { messageId: string }[] };
    expect(tail.rows.map(({ messageId }) => messageId)).toContain("m-2");
  });
});

describe("a live stream", () => {
  const server = consoleServers[0]![1];

  it("tells what another process received, and of a run that changed later", async () => {
    const storage = memoryStorage();
    const options = { environments: { production: { webhookToken: "tok" } }, storage, runner: recordingRunner() };
    const here = createSegmentSource(options);
    const elsewhere = createSegmentSource(options);
    const panel = createConsole({
      source: here,
      pollInterval: 30,
      authorize: () => ({ name: "ada", roles: ["view"] }),
    });
    const running = await server(here, panel);
    open.push(panel, running);
    const heard = listen(`${running.url}/bellwire/api/stream?after=1`, {}, (text) => text.includes('"m-1"'));
    await new Promise((resolve) => setTimeout(resolve, 60));
    await send(elsewhere, "m-1");
    expect(await heard).toContain('"messageId":"m-1"');
  });

  it("ends after its time, so that a reader who may no longer look is not served for ever", async () => {
    const { source } = makeConsole();
    const panel = createConsole({ source, streamTimeout: 50, authorize: () => ({ name: "ada", roles: ["view"] }) });
    const response = await panel.fetch(new Request("http://console.test/bellwire/api/stream"));
    expect(await response.text()).toContain("event: hello");
  });

  it("ends when the console is closed", async () => {
    const { panel } = makeConsole();
    const response = await panel.fetch(new Request("http://console.test/bellwire/api/stream"));
    panel.close();
    expect(await response.text()).toContain("event: hello");
  });

  it("tells its reader to read anew when more came than can be told", async () => {
    const { source, panel } = makeConsole();
    open.push(panel);
    const many = Array.from({ length: 600 }, (_, index) => track("Signed Up", {}, { messageId: `m-${index}` }));
    await source.handleSegmentPayload(many);
    const tail = await panel.fetch(new Request("http://console.test/bellwire/api/tail?after=1"));
    expect(await tail.json()).toMatchObject({ reset: true });
  });
});

it.each([
  ["fastify 5", fastify],
  ["fastify 4", fastify4 as unknown as typeof fastify],
])("%s answers what is no path, too", async (_, make) => {
  const { source } = makeConsole();
  const panel = createConsole({ source, basePath: "/", authorize: () => ({ name: "ada", roles: ["view"] }) });
  const app = make();
  app.register(consoleHandler(panel));
  await app.listen({ port: 0, host: "127.0.0.1" });
  open.push(panel, { url: "", close: () => app.close() });
  const { port } = app.server.address() as AddressInfo;
  const answer = await new Promise<string>((resolve, reject) => {
    const socket = connect(port, "127.0.0.1", () =>
      socket.write("GET // HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n"),
    );
    socket.once("data", (chunk) => resolve(String(chunk)));
    socket.once("error", reject);
  });
  expect(answer).toMatch(/^HTTP\/1\.1 [45]\d\d /);
});
