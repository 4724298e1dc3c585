import { randomBytes } from "node:crypto";
import type { AddressInfo } from "node:net";
import {
  createSegmentSource,
  defineEvent,
  defineTrigger,
  formatExplanation,
  functionRunner,
  type Logger,
  memoryStorage,
  type SegmentSource,
  type Storage,
} from "bellwire";
import { createConsole } from "bellwire/console";
import { consoleHandler, segmentWebhook } from "bellwire/express";
import { signSegmentPayload } from "bellwire/testing";
import express from "express";
import { z } from "zod";

export interface Deps {
  /** 0 takes any free port. */
  readonly port: number;
  readonly webhookToken?: string | undefined;
  readonly segmentSecret?: string | undefined;
  readonly color?: boolean;
  /** Who is written down for changes made in the console. @default "you" */
  readonly user?: string | undefined;
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
    // Takes any workflow, so that triggers made in the console have somewhere to go.
    runner: functionRunner((run, { idempotencyKey }) => {
      log(`\n  workflow run ${run.workflow}`);
      log(`    recipients ${JSON.stringify(run.recipients)}`);
      log(`    actor      ${JSON.stringify(run.actor)}`);
      log(`    data       ${JSON.stringify(run.data)}`);
      return { workflowRunId: `demo-${idempotencyKey.slice(3, 11)}` };
    }),
    triggers: [newComment],
  });
  const logger = createLogger(log);
  source.on("event", ({ environment, outcome }) => log(`\n[${environment}]\n${formatExplanation(outcome, { color })}`));

  const panel = createConsole({
    source,
    // Only this machine reaches the port. The host is checked as well, or a page elsewhere could reach it under a name of its own.
    authorize: (request) =>
      new URL(request.url).hostname === "127.0.0.1"
        ? { name: given.user ?? "you", roles: ["view", "operate", "reveal"] }
        : null,
  });

  const app = express();
  // Also the paths of Segment's SDKs, and a browser that was given the URL, get an answer that explains.
  app.use("/webhooks/segment", segmentWebhook(source, { logger }));
  app.use(consoleHandler(panel));

  const server = app.listen(port, "127.0.0.1");
  await new Promise((resolve, reject) => server.once("listening", resolve).once("error", reject));
  const { port: bound } = server.address() as AddressInfo;
  const url = `http://127.0.0.1:${bound}`;
  log(welcome(url, webhookToken, segmentSecret));
  return {
    url,
    source,
    close: async () => {
      panel.close();
      await source.close();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Prints what the webhook refuses; of events the outcome is printed. */
function createLogger(log: Deps["log"]): Logger {
  const print = (_fields: object, message: string) => log(`\n✗ refused  ${message}`);
  return { debug: print, info: print, warn: print, error: print };
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
  return `The console, where you see events and switch triggers:

  ${url}/bellwire

It listens for Segment events:

  development  ${webhook("development")}
  production   ${webhook("production")}
               shared secret ${secret}

Send one (ada is described in the event; grace is not known yet):

  ${curl("development", "")}

The same to production, signed as Segment signs:

  ${curl("production", `-H 'x-signature: ${signSegmentPayload(event, secret)}' `)}

Send it twice to see a duplicate.`;
}
