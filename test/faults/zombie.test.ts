import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { createSegmentSource, defineTrigger } from "bellwire";
import { recordingRunner } from "bellwire/testing";
import { describe, expect, it } from "vitest";
import { type FaultTarget, openStorage, useSharedDatabases } from "../support/fault-storage.js";

/** Processes stopped on each storage: few in every run of the tests, 100 with `npm run test:faults`. */
const zombies = Number(process.env["ZOMBIES"] ?? 4);
const atOnce = 4;
const script = fileURLToPath(new URL("./zombie.mjs", import.meta.url));

const { stores } = useSharedDatabases();

interface Zombie {
  readonly child: ChildProcess;
  readonly messages: Readonly<Record<string, string>>[];
  /** Resolves when a message with that member arrives. */
  readonly until: (member: string) => Promise<unknown>;
}

function startZombie(target: FaultTarget, id: string): Zombie {
  const child = fork(script, [JSON.stringify({ ...target, id })], { stdio: ["ignore", "inherit", "inherit", "ipc"] });
  const messages: Record<string, string>[] = [];
  const waiting = new Map<string, (message: unknown) => void>();
  child.on("message", (message: Record<string, string>) => {
    messages.push(message);
    for (const member of Object.keys(message)) waiting.get(member)?.(message);
    if ("calling" in message) child.kill("SIGSTOP");
  });
  const until = (member: string) =>
    new Promise((resolve, reject) => {
      const there = messages.find((message) => member in message);
      if (there !== undefined) return resolve(there);
      waiting.set(member, resolve);
      child.once("exit", () => reject(new Error(`the process ended without ${member}`)));
    });
  return { child, messages, until };
}

describe.each(stores)("stopped for longer than its lease, on %s", (_, locate) => {
  it(
    `${zombies} processes: another one finishes their runs, and what they write down too late is refused`,
    async () => {
      const target = locate("zombies");
      const { storage, close } = openStorage(target);
      await storage.migrate();
      const runner = recordingRunner();
      const source = createSegmentSource({
        storage,
        runner,
        triggers: [defineTrigger({ key: "first", event: "Signed Up", workflow: "other now", recipients: "userId" })],
      });
      for (let from = 0; from < zombies; from += atOnce) {
        const ids = Array.from({ length: Math.min(atOnce, zombies - from) }, (_, index) => String(from + index));
        const stopped = ids.map((id) => startZombie(target, id));
        await Promise.all(stopped.map((zombie) => zombie.until("calling")));
        await expect.poll(() => recovered(), { timeout: 10_000, interval: 200 }).toBe(from + ids.length);
        for (const { child } of stopped) child.kill("SIGCONT");
        await Promise.all(stopped.map((zombie) => zombie.until("done")));

        for (const [index, { messages }] of stopped.entries()) {
          const event = await source.events.get(`m-${ids[index]}`);
          const [run] = event?.record.runs ?? [];
          const call = messages.find((message) => "calling" in message);
          const warnings = messages.flatMap(({ warning }) => (typeof warning === "string" ? [warning] : []));
          expect(warnings.join()).toContain("their lease was lost and another process has them");
          expect(call?.["calling"]).toBe(run?.idempotencyKey);
          expect(run).toMatchObject({ status: "triggered", attempts: 1, request: call?.["request"] });
          expect(run?.workflowRunId, "what the second process wrote stands").toMatch(/^run-/);
        }
      }
      const requests = runner.runs.map(({ context }) => context.idempotencyKey);
      expect(new Set(requests).size).toBe(zombies);
      await source.close();
      await close();

      async function recovered(): Promise<number> {
        await source.recover();
        return runner.runs.length;
      }
    },
    30_000 + zombies * 2_000,
  );
});
