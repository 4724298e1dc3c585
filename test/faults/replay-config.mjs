import { appendFileSync } from "node:fs";
import pg from "pg";
import { createSegmentSource, defineTrigger } from "../../dist/index.js";
import { postgresStorage } from "../../dist/postgres.js";

/** Where it is, and what was sent, come from the environment, as in a deployment. */
const { DATABASE_URL: connectionString, SCHEMA: schema, EFFECTS: effects } = process.env;
const pool = new pg.Pool({ connectionString });

export const welcome = defineTrigger({
  key: "welcome",
  event: "Signed Up",
  workflow: "welcome",
  recipients: "userId",
  data: { plan: "properties.plan" },
});

export default createSegmentSource({
  storage: postgresStorage({ pool, schema }),
  runner: {
    capabilities: { maxRecipients: null, idempotencyWindowMs: 86_400_000 },
    trigger: async ({ recipients }, { idempotencyKey }) => {
      appendFileSync(effects, `${idempotencyKey}\t${recipients.join()}\n`);
      return { workflowRunId: null };
    },
  },
  triggers: [welcome],
});

export const close = () => pool.end();
