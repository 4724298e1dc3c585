import { mkdirSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { sqliteStorage } from "bellwire/sqlite";
import Database from "libsql";
import { start } from "./start.js";

const path = resolve(process.env["DATABASE"] ?? ".data/bellwire.db");
mkdirSync(dirname(path), { recursive: true });
const database = new Database(path);
const storage = sqliteStorage({ database });
await storage.migrate();

const port = Number(process.env["PORT"] ?? 3000);
const server = await start({
  port,
  webhookToken: process.env["WEBHOOK_TOKEN"],
  segmentSecret: process.env["SEGMENT_SECRET"],
  color: process.stdout.isTTY,
  user: process.env["USER"],
  storage,
  log: (line) => console.log(line),
}).catch((error: NodeJS.ErrnoException) => {
  if (error.code !== "EADDRINUSE") throw error;
  console.error(`Port ${port} is taken; choose another: PORT=${port + 1} npm start`);
  process.exit(1);
});

console.log(`\nEvents, users and runs are kept in ${path}`);
for (const environment of server.source.environments.names) {
  const { items } = await server.source.events.list({ environment, limit: 3 });
  for (const { outcome } of items)
    console.log(`  from before, in ${environment}: ${outcome.name ?? outcome.type}, ${outcome.status}`);
}

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, async () => {
    await server.close();
    database.close();
    process.exit(0);
  });
}
