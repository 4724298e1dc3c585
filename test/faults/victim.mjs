// A process that handles events and kills itself at a named point. It runs the built library, as a user's process would.
import { appendFileSync, readFileSync } from "node:fs";
import { createSegmentSource, defineTrigger, functionRunner } from "../../dist/index.js";
import { openBuiltStorage } from "./open-built-storage.mjs";

const plan = JSON.parse(readFileSync(process.argv[2], "utf8"));

let reached = 0;
function pass(point) {
  if (point !== plan.point) return;
  reached += 1;
  if (reached === plan.nth) process.kill(process.pid, "SIGKILL");
}

/** A port whose method passes the points before and after it. */
function observed(port, method) {
  const original = port[method].bind(port);
  return {
    ...port,
    [method]: async (parameters) => {
      pass(`before ${method}`);
      const answer = await original(parameters);
      pass(`after ${method}`);
      return answer;
    },
  };
}

const storage = await openBuiltStorage(plan);
const runner = functionRunner((run, { idempotencyKey }) => {
  pass("before call");
  appendFileSync(plan.effects, `${idempotencyKey}\t${JSON.stringify(run)}\n`);
  pass("after call");
});
const source = createSegmentSource({
  storage: {
    ...storage,
    events: observed(storage.events, "record"),
    runs: observed(storage.runs, "settle"),
    users: observed(storage.users, "update"),
  },
  runner,
  lease: "250ms",
  runTimeout: "100ms",
  triggers: [
    defineTrigger({ key: "first", event: "Signed Up", workflow: "first", recipients: "userId" }),
    // Another plan in every process: what was planned first is what has to be sent.
    defineTrigger({
      key: "second",
      event: "Signed Up",
      workflow: "second",
      recipients: "userId",
      data: { process: { "@literal": plan.process } },
    }),
  ],
});

const eventsOf = (id) => [
  {
    type: "identify",
    userId: `user-${id}`,
    messageId: `i-${id}`,
    timestamp: "2026-01-01T00:00:00Z",
    traits: { email: `${id}@example.com` },
  },
  { type: "track", event: "Signed Up", userId: `user-${id}`, messageId: `m-${id}`, timestamp: "2026-01-01T00:00:01Z" },
];

for (const ids of plan.batches) {
  for (;;) {
    const result = await source.handleSegmentPayload(ids.flatMap(eventsOf)).catch(() => null);
    if (result !== null && !result.retryable) break;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  appendFileSync(plan.acknowledged, ids.map((id) => `${id}\n`).join(""));
}
if (plan.recover) {
  await new Promise((resolve) => setTimeout(resolve, 300));
  while ((await source.recover()).claimed > 0);
}
process.exit(0);
