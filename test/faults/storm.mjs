// One of several processes that share a database and receive the events of a rush of sign-ups.
import { appendFileSync, readFileSync } from "node:fs";
import { createSegmentSource, defineTrigger, functionRunner } from "../../dist/index.js";
import { openBuiltStorage } from "./open-built-storage.mjs";

const plan = JSON.parse(readFileSync(process.argv[2], "utf8"));
const source = createSegmentSource({
  storage: await openBuiltStorage(plan),
  runner: functionRunner((run, { idempotencyKey }) =>
    appendFileSync(plan.effects, `${idempotencyKey}\t${run.recipients[0]}\n`),
  ),
  unidentified: plan.unidentified,
  triggers: [defineTrigger({ key: "welcome", event: "Signed Up", workflow: "welcome", recipients: "userId" })],
});
source.start({ pollInterval: "200ms" });

// Webhooks of a few events each, in the order of their time, a few at once.
const deliveries = plan.deliveries.sort((left, right) => left.at - right.at);
let next = 0;
const lane = async () => {
  while (next < deliveries.length) {
    const batch = deliveries.slice(next, next + 5).map(({ event }) => event);
    next += batch.length;
    for (;;) {
      const result = await source.handleSegmentPayload(batch).catch(() => null);
      if (result !== null && !result.retryable) break;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
};
await Promise.all(Array.from({ length: 4 }, lane));
process.send({ done: true });
process.once("message", async () => {
  await source.close();
  process.exit(0);
});
