import type { AddressInfo } from "node:net";
import { createSegmentSource, defineTrigger, functionRunner, type WorkflowRunRequest } from "bellwire";
import { segmentWebhook } from "bellwire/express";
import { postgresStorage } from "bellwire/postgres";
import express from "express";
import type pg from "pg";
import { migration, ownUsers } from "./own-users.js";

export interface Deps {
  readonly port: number;
  readonly webhookToken: string;
  readonly pool: pg.Pool;
  readonly send: (run: WorkflowRunRequest) => void;
}

/** Users live in the host's own table; whoever signs up before their row is there is welcomed when it is. */
export async function start({ port, webhookToken, pool, send }: Deps) {
  await pool.query(migration);
  const storage = postgresStorage({ pool, schema: "notifications" });
  await storage.migrate();
  const source = createSegmentSource({
    environments: { production: { webhookToken } },
    storage: { ...storage, users: ownUsers(pool) },
    runner: functionRunner((run) => send(run)),
    unidentified: { hold: "15m", then: "skip" },
    triggers: [defineTrigger({ key: "welcome", event: "Signed Up", workflow: "welcome", recipients: "userId" })],
  });
  source.start();

  const app = express();
  app.post("/webhooks/segment/:environment/:token", segmentWebhook(source));
  const server = app.listen(port, "127.0.0.1");
  await new Promise((resolve, reject) => server.once("listening", resolve).once("error", reject));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    source,
    close: async () => {
      await new Promise((resolve) => server.close(resolve));
      await source.close();
    },
  };
}
