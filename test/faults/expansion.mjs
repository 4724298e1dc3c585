// A process that notifies the members of a group, and may be killed at any moment. It runs the built library.
import { appendFileSync, readFileSync } from "node:fs";
import { createSegmentSource, defineTrigger, functionRunner } from "../../dist/index.js";
import { openBuiltStorage } from "./open-built-storage.mjs";

const plan = JSON.parse(readFileSync(process.argv[2], "utf8"));
const source = createSegmentSource({
  storage: await openBuiltStorage(plan),
  runner: functionRunner(
    (run, { idempotencyKey }) => appendFileSync(plan.effects, `${idempotencyKey}\t${run.recipients.join(",")}\n`),
    { maxRecipients: 100 },
  ),
  dispatch: "background",
  lease: "1s",
  runTimeout: "500ms",
  triggers: [
    defineTrigger({
      key: "announce",
      event: "Announced",
      workflow: "announcement",
      recipients: { collection: { "@literal": "groups" }, id: "properties.group" },
      expand: true,
    }),
  ],
});
const startRss = process.memoryUsage().rss;
// Not the peak that the operating system tells, which a forked process has from its parent.
let peakRss = startRss;
const sampling = setInterval(() => {
  peakRss = Math.max(peakRss, process.memoryUsage().rss);
}, 5);
if (plan.event !== undefined) await source.handleSegmentPayload(plan.event);
source.start({ pollInterval: "100ms" });
for (;;) {
  const found = await source.events.get("m-1");
  if (found !== null && found.outcome.status !== "in_progress") break;
  await new Promise((resolve) => setTimeout(resolve, 100));
}
clearInterval(sampling);
process.send({ peakRss, startRss });
await source.close();
process.exit(0);
