import { afterEach, describe, expect, it } from "vitest";
import { start as startExpress } from "../../examples/express/start.js";
import { start as startFetch } from "../../examples/fetch/start.js";
import { start as startKoa } from "../../examples/koa/start.js";
import { signSegmentPayload } from "../../src/segment/signature.js";

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const server of open.splice(0)) await server.close();
});
const post = (url: string, body: string, headers: Record<string, string> = {}) =>
  fetch(url, { method: "POST", body, headers });

describe("examples/express", () => {
  it("prints curl commands that work, and what came of each event", async () => {
    const lines: string[] = [];
    const server = await startExpress({ port: 0, log: (line) => lines.push(line) });
    open.push(server);
    const curls = [
      ...(lines[0] ?? "").matchAll(
        /curl -X POST '(.+?)' -H 'content-type: application\/json' (?:-H 'x-signature: (\w+)' )?-d '(.+?)'/g,
      ),
    ];
    expect(curls).toHaveLength(2);
    for (const [, url = "", signature, body = ""] of curls) {
      const headers: Record<string, string> = signature === undefined ? {} : { "x-signature": signature };
      expect((await post(url, body, headers)).status).toBe(200);
    }
    const [, url = "", , body = ""] = curls[0] ?? [];
    await post(url, body);
    const printed = lines.join("\n");
    for (const expected of [
      /recipients \[\{"id":"ada"/,
      /actor +"linus"/,
      /"title":"Looks good!"/,
      /grace {2}skipped: not_identified/,
      /duplicate/,
    ]) {
      expect(printed).toMatch(expected);
    }
  });
});

describe("examples/koa", () => {
  it("welcomes who signs up, and not who works here", async () => {
    const welcomed: unknown[] = [];
    const server = await startKoa({
      port: 0,
      webhookToken: "t",
      sendWelcome: (run) => void welcomed.push(run.recipients),
    });
    open.push(server);
    const url = `${server.url}/webhooks/segment/production/t`;
    const signUp = (userId: string, plan: string) => ({
      type: "track",
      event: "Signed Up",
      userId,
      properties: { plan },
    });
    await post(url, JSON.stringify([signUp("ada", "pro"), signUp("grace", "internal")]));
    expect(welcomed).toEqual([["ada"]]);
  });
});

describe("examples/fetch", () => {
  it("answers requests, and sends a receipt", async () => {
    const receipts: unknown[] = [];
    const app = startFetch({ sharedSecret: "s", sendReceipt: (run) => void receipts.push(run) });
    open.push(app);
    const body = JSON.stringify({
      type: "track",
      event: "Order Completed",
      userId: "ada",
      context: { traits: { email: "ada@example.com" } },
      properties: { total: 12, order_id: "o-1" },
    });
    const request = (signature: string) =>
      new Request("http://127.0.0.1/webhooks/segment/production", {
        method: "POST",
        body,
        headers: { "x-signature": signature },
      });
    expect((await app.fetch(request(signSegmentPayload(body, "s")))).status).toBe(200);
    expect((await app.fetch(request(signSegmentPayload(body, "other")))).status).toBe(401);
    expect(receipts).toMatchObject([
      {
        recipients: [{ id: "ada", email: "ada@example.com" }],
        data: { total: 12, greeting: "Thank you for order o-1" },
      },
    ]);
  });
});
