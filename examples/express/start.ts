import { randomBytes } from "node:crypto";
import type { AddressInfo } from "node:net";
import {
  createSegmentSource,
  defineEvent,
  defineTrigger,
  formatExplanation,
  functionRunner,
  memoryStorage,
  type SegmentSource,
  type Storage,
} from "bellwire";
import { segmentWebhook } from "bellwire/express";
import { signSegmentPayload } from "bellwire/testing";
import express from "express";
import { z } from "zod";

export interface Deps {
  /** 0 takes any free port. */
  readonly port: number;
  readonly webhookToken?: string | undefined;
  readonly segmentSecret?: string | undefined;
  readonly color?: boolean;
  /** @default in memory */
  readonly storage?: Storage;
  readonly log: (line: string) => void;
}

export interface Server {
  readonly url: string;
  readonly source: SegmentSource;
  readonly close: () => Promise<void>;
}

const person = z.looseObject({ id: z.string(), email: z.email().optional() });

const commentCreated = defineEvent(
  "Comment Created",
  z.object({
    title: z.string(),
    commenter: person,
    mentioned: z.array(z.union([z.string(), person])),
  }),
);

const newComment = defineTrigger({
  key: "comment-created",
  event: commentCreated,
  workflow: "new-comment",
  recipients: "properties.mentioned",
  actor: "properties.commenter.id",
  data: { title: "properties.title", app: { "@literal": "docs" } },
});

/** Starts a server that receives Segment events and prints what becomes of each. */
export async function start({ port, log, color = false, ...given }: Deps): Promise<Server> {
  const webhookToken = given.webhookToken ?? randomBytes(12).toString("hex");
  const segmentSecret = given.segmentSecret ?? randomBytes(12).toString("hex");

  const source = createSegmentSource({
    key: "web",
    environments: {
      development: { webhookToken },
      production: { webhookToken, sharedSecrets: [segmentSecret] },
    },
    storage: given.storage ?? memoryStorage(),
    runner: functionRunner({
      "new-comment": (run, { idempotencyKey }) => {
        log(`\n  workflow run ${run.workflow}`);
        log(`    recipients ${JSON.stringify(run.recipients)}`);
        log(`    actor      ${JSON.stringify(run.actor)}`);
        log(`    data       ${JSON.stringify(run.data)}`);
        return { workflowRunId: `demo-${idempotencyKey.slice(3, 11)}` };
      },
    }),
    triggers: [newComment],
  });
  source.on("event", ({ environment, outcome }) => log(`\n[${environment}]\n${formatExplanation(outcome, { color })}`));

  const app = express();
  app.post("/webhooks/segment/:environment/:token", segmentWebhook(source));

  const server = app.listen(port, "127.0.0.1");
  await new Promise((resolve, reject) => server.once("listening", resolve).once("error", reject));
  const { port: bound } = server.address() as AddressInfo;
  const url = `http://127.0.0.1:${bound}`;
  log(welcome(url, webhookToken, segmentSecret));
  return {
    url,
    source,
    close: async () => {
      await source.close();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function welcome(url: string, token: string, secret: string): string {
  const webhook = (environment: string) => `${url}/webhooks/segment/${environment}/${token}`;
  const event = JSON.stringify({
    type: "track",
    event: "Comment Created",
    messageId: `hello-bellwire-${randomBytes(4).toString("hex")}`,
    userId: "linus",
    properties: {
      title: "Looks good!",
      commenter: { id: "linus" },
      mentioned: [{ id: "ada", email: "ada@example.com" }, "grace"],
    },
  });
  const curl = (environment: string, header: string) =>
    `curl -X POST '${webhook(environment)}' -H 'content-type: application/json' ${header}-d '${event}'`;
  return `Bellwire listens for Segment events:

  development  ${webhook("development")}
  production   ${webhook("production")}
               shared secret ${secret}

Send one (ada is described in the event; grace is not known yet):

  ${curl("development", "")}

The same to production, signed as Segment signs:

  ${curl("production", `-H 'x-signature: ${signSegmentPayload(event, secret)}' `)}

Send it twice to see a duplicate.`;
}
