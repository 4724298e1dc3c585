import type { AddressInfo } from "node:net";
import type Knock from "@knocklabs/node";
import { createSegmentSource, defineEvent, defineTrigger } from "bellwire";
import { segmentWebhook } from "bellwire/express";
import { knockRunner } from "bellwire/knock";
import { postgresStorage } from "bellwire/postgres";
import express from "express";
import type pg from "pg";
import { z } from "zod";

export interface Deps {
  readonly port: number;
  readonly webhookToken: string;
  readonly sharedSecret: string;
  readonly pool: pg.Pool;
  readonly client: Knock;
}

const commentCreated = defineEvent(
  "Comment Created",
  z.object({ title: z.string(), commenter: z.object({ id: z.string() }), mentioned: z.array(z.string()) }),
);

/** What Knock's Segment source does, in a backend of one's own: users go to Knock, and comments start a workflow there. */
export async function start({ port, webhookToken, sharedSecret, pool, client }: Deps) {
  const storage = postgresStorage({ pool, schema: "notifications" });
  await storage.migrate();
  const source = createSegmentSource({
    key: "web",
    environments: { production: { webhookToken, sharedSecrets: [sharedSecret] } },
    storage,
    runner: knockRunner({ client }),
    triggers: [
      defineTrigger({
        key: "comment-created",
        event: commentCreated,
        workflow: "new-comment",
        recipients: "properties.mentioned",
        actor: "properties.commenter.id",
        tenant: "context.groupId",
        data: { title: "properties.title" },
      }),
    ],
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
