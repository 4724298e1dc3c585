// A process that is stopped in the middle of a dispatch for longer than its lease, and then goes on as if nothing had been.
import { createSegmentSource, defineTrigger, functionRunner } from "../../dist/index.js";
import { openBuiltStorage } from "./open-built-storage.mjs";

const plan = JSON.parse(process.argv[2]);
const tell = (message) => new Promise((resolve) => process.send(message, resolve));

const source = createSegmentSource({
  storage: await openBuiltStorage(plan),
  lease: "1s",
  runTimeout: "900ms",
  logger: {
    debug() {},
    info() {},
    error() {},
    warn: (facts, message) => void tell({ warning: message, keys: facts.keys }),
  },
  runner: functionRunner(async (run, { idempotencyKey }) => {
    await tell({ calling: idempotencyKey, request: JSON.stringify(run) });
    // Stopped here: the parent answers with SIGSTOP, and much later with SIGCONT.
    await new Promise((resolve) => setTimeout(resolve, 100));
    return { workflowRunId: `zombie-${plan.id}` };
  }),
  triggers: [defineTrigger({ key: "first", event: "Signed Up", workflow: "first", recipients: "userId" })],
});
const result = await source.handleSegmentPayload([
  { type: "identify", userId: `user-${plan.id}`, messageId: `i-${plan.id}`, traits: {} },
  { type: "track", event: "Signed Up", userId: `user-${plan.id}`, messageId: `m-${plan.id}` },
]);
await tell({ done: result.events[1].status });
process.exit(0);
