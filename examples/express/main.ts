import { start } from "./start.js";

const server = await start({
  port: Number(process.env["PORT"] ?? 3000),
  webhookToken: process.env["WEBHOOK_TOKEN"],
  segmentSecret: process.env["SEGMENT_SECRET"],
  color: process.stdout.isTTY,
  log: (line) => console.log(line),
});

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => void server.close().then(() => process.exit(0)));
}
