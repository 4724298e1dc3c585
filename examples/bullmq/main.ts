import pg from "pg";
import { start as startServer } from "./server.js";
import { start as startWorker } from "./worker.js";

const { DATABASE_URL, REDIS_PORT = "6379", PORT = "3000", WEBHOOK_TOKEN = "dev-token" } = process.env;
const shared = {
  pool: new pg.Pool({ connectionString: DATABASE_URL }),
  webhookToken: WEBHOOK_TOKEN,
  connection: { host: "127.0.0.1", port: Number(REDIS_PORT), maxRetriesPerRequest: null },
};

const running =
  process.argv[2] === "worker"
    ? await startWorker({
        ...shared,
        sendWelcome: ({ recipients }) => void process.stdout.write(`welcome ${JSON.stringify(recipients)}\n`),
      })
    : await startServer({ ...shared, port: Number(PORT) });
process.stdout.write("url" in running ? `listening on ${running.url}\n` : "working\n");

process.once("SIGTERM", async () => {
  await running.close();
  await shared.pool.end();
});
