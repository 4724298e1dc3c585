import { spawn } from "node:child_process";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import type { Storage } from "../../src/storage/storage.js";
import { type FaultTarget, openStorage, useSharedDatabases } from "../support/fault-storage.js";
import { linesOf } from "../support/lines.js";

/** Kills on each storage: few in every run of the tests, thousands with `npm run test:faults`. */
const kills = Number(process.env["KILLS"] ?? 32);
/** Kills at random moments on each storage. */
const randomKills = Math.ceil(kills / 5);
const points = [
  "before update",
  "after update",
  "before record",
  "after record",
  "before call",
  "after call",
  "before settle",
  "after settle",
];
const victim = fileURLToPath(new URL("./victim.mjs", import.meta.url));

const { folder, stores } = useSharedDatabases();

interface Files {
  readonly effects: string;
  readonly acknowledged: string;
}

function newFiles(name: string): Files {
  const files = { effects: join(folder, `${name}.effects`), acknowledged: join(folder, `${name}.acknowledged`) };
  for (const file of Object.values(files)) writeFileSync(file, "");
  return files;
}

let plans = 0;
/** The plan goes by a file: a command line holds only so much. */
function startVictim(plan: object) {
  plans += 1;
  const file = join(folder, `plan-${plans}.json`);
  writeFileSync(file, JSON.stringify(plan));
  const child = spawn(process.execPath, [victim, file], { stdio: ["ignore", "inherit", "inherit"] });
  const ended = new Promise<string>((resolve) => {
    child.once("exit", (code, signal) => {
      rmSync(file);
      resolve(signal ?? String(code));
    });
  });
  return { ended, kill: () => child.kill("SIGKILL") };
}

function unacknowledged(sent: readonly string[], acknowledged: string): readonly string[] {
  const known = new Set(linesOf(acknowledged));
  return sent.filter((id) => !known.has(id));
}

/** Everything that was acknowledged is there, finished, once, and with one request for each key. */
async function expectNothingLost(storage: Storage, sent: readonly string[], effects: string): Promise<number> {
  const requests = new Map<string, Set<string>>();
  for (const line of linesOf(effects)) {
    const [key = "", request = ""] = line.split("\t");
    requests.set(key, (requests.get(key) ?? new Set()).add(request));
  }
  for (const id of sent) {
    const event = await storage.events.get({ environment: "default", source: "segment", messageId: `m-${id}` });
    expect(event?.status, `the event ${id}`).toBe("processed");
    expect(event?.runs.map((run) => [run.trigger, run.status])).toEqual([
      ["first", "triggered"],
      ["second", "triggered"],
    ]);
    for (const run of event?.runs ?? [])
      expect([...(requests.get(run.idempotencyKey) ?? [])], "the requests of one key").toEqual([run.request]);
    const [user] = await storage.users.find({ environment: "default", ids: [`user-${id}`] });
    expect(user?.email).toBe(`${id}@example.com`);
  }
  expect(requests.size).toBe(sent.length * 2);
  return linesOf(effects).length - requests.size;
}

async function finish(target: FaultTarget, files: Files, sent: readonly string[]): Promise<void> {
  const batches = unacknowledged(sent, files.acknowledged).map((id) => [id]);
  expect(await startVictim({ ...target, ...files, process: -1, batches, recover: true }).ended).toBe("0");
}

describe("killed at every point: nothing acknowledged is lost, nothing planned is forgotten, and every key stands for one request", () => {
  it.concurrent.each(stores)(
    `on %s, ${kills} times`,
    async (name, locate) => {
      const target = locate("points");
      const files = newFiles(`${name}-points`);
      const { storage, close } = openStorage(target);
      await storage.migrate();

      const sent: string[] = [];
      let survived = 0;
      for (let kill = 0; kill < kills; kill += 1) {
        const point = points[kill % points.length];
        const fresh = Array.from({ length: 4 }, (_, index) => `${kill}-${index}`);
        sent.push(...fresh);
        // Retried batches are grouped differently.
        const open = unacknowledged(sent, files.acknowledged).slice(-6);
        const batches = [fresh.slice(0, 2), open, fresh.slice(2)];
        const plan = { ...target, ...files, point, nth: 1 + (kill % 3), process: kill, batches };
        if ((await startVictim(plan).ended) !== "SIGKILL") survived += 1;
      }
      await finish(target, files, sent);
      const repeated = await expectNothingLost(storage, sent, files.effects);
      await close();
      console.log(
        `${name}: ${kills - survived} kills, ${sent.length} events, ${sent.length * 2} runs, ${repeated} repeated under their key, 0 lost`,
      );
      expect(survived).toBeLessThan(kills / 2);
    },
    60_000 + kills * 4_000,
  );
});

describe("killed at random moments, four processes at once: nothing is lost either", () => {
  it.each(stores)(
    `on %s, ${randomKills} times`,
    async (name, locate) => {
      const target = locate("random");
      const files = newFiles(`${name}-random`);
      const { storage, close } = openStorage(target);
      await storage.migrate();
      const sent: string[] = [];
      let killed = 0;
      const lane = async (number: number) => {
        while (killed < randomKills) {
          const fresh = Array.from({ length: 40 }, (_, index) => `${number}-${killed}-${sent.length}-${index}`);
          sent.push(...fresh);
          // Half of them other processes may be handling at this moment too.
          const open = unacknowledged(sent, files.acknowledged).slice(-40);
          const batches = Array.from({ length: 20 }, (_, at) => open.slice(at * 2, at * 2 + 2)).filter(
            (batch) => batch.length > 0,
          );
          const victim = startVictim({ ...target, ...files, process: number, batches });
          const timer = setTimeout(() => victim.kill(), 200 + Math.random() * 600);
          if ((await victim.ended) === "SIGKILL") killed += 1;
          clearTimeout(timer);
        }
      };
      await Promise.all([0, 1, 2, 3].map(lane));
      const distinct = [...new Set(sent)];
      await finish(target, files, distinct);
      const repeated = await expectNothingLost(storage, distinct, files.effects);
      await close();
      console.log(
        `${name}: ${killed} kills at random moments, ${distinct.length} events, ${repeated} runs repeated under their key, 0 lost`,
      );
    },
    120_000 + randomKills * 4_000,
  );
});
