import type { AddressInfo } from "node:net";
import Router from "@koa/router";
import { createSegmentSource, defineTrigger, functionRunner, type WorkflowFunction } from "bellwire";
import { segmentWebhook } from "bellwire/koa";
import { type SqliteDatabase, sqliteStorage } from "bellwire/sqlite";
import Koa from "koa";

export interface Deps {
  readonly port: number;
  readonly webhookToken: string;
  /** A handle of libsql, better-sqlite3 or node:sqlite. */
  readonly database: SqliteDatabase;
  /** Stands for whatever sends the notification. */
  readonly sendWelcome: WorkflowFunction;
}

/** Welcomes every user who signs up; the sign-up event may be all that is known of them. */
export async function start({ port, webhookToken, database, sendWelcome }: Deps) {
  const storage = sqliteStorage({ database });
  await storage.migrate();
  const source = createSegmentSource({
    environments: { production: { webhookToken } },
    storage,
    runner: functionRunner({ welcome: sendWelcome }),
    unidentified: "create",
    triggers: [
      defineTrigger({
        key: "welcome",
        event: "Signed Up",
        workflow: "welcome",
        recipients: "userId",
        tenant: "context.groupId",
        when: { path: "properties.plan", operator: "not_equal_to", value: "internal" },
      }),
    ],
  });
  source.start(); // repeats what failed, also what was left by the process before this one

  const router = new Router();
  router.post("/webhooks/segment/:environment/:token", segmentWebhook(source));
  const server = new Koa().use(router.routes()).listen(port, "127.0.0.1");
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
