import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import Database from "libsql";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { postgresStorage } from "../../src/adapters/storage/postgres.js";
import { sqliteStorage } from "../../src/adapters/storage/sqlite.js";
import type { Storage } from "../../src/storage/storage.js";
import { type RunningPostgres, startPostgres } from "../support/postgres.js";

/** Kills on each storage: few in every run of the tests, thousands with `npm run test:faults`. */
const kills = Number(process.env["KILLS"] ?? 32);
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

const folder = mkdtempSync(join(tmpdir(), "bellwire-faults-"));
let server: RunningPostgres;
beforeAll(async () => {
  server = await startPostgres();
});
afterAll(async () => {
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
});

const stores: readonly (readonly [string, () => { database: string; schema: string }])[] = [
  ["SQLite", () => ({ database: join(folder, "faults.db"), schema: "" })],
  ["PostgreSQL", () => ({ database: server.connectionString, schema: "faults" })],
];

function open(target: { database: string; schema: string }): {
  storage: Storage & { migrate(): Promise<void> };
  close: () => Promise<unknown>;
} {
  if (target.schema === "") {
    const database = new Database(target.database);
    return { storage: sqliteStorage({ database }), close: async () => database.close() };
  }
  const pool = new pg.Pool({ connectionString: target.database });
  pool.on("error", () => undefined);
  return { storage: postgresStorage({ pool, schema: target.schema }), close: () => pool.end() };
}

function runVictim(plan: object): Promise<string> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [victim, JSON.stringify(plan)], { stdio: ["ignore", "inherit", "inherit"] });
    child.once("exit", (code, signal) => resolve(signal ?? String(code)));
  });
}

const linesOf = (path: string) =>
  existsSync(path) ? readFileSync(path, "utf8").trimEnd().split("\n").filter(Boolean) : [];

function unacknowledged(sent: readonly string[], acknowledged: string): readonly string[] {
  const known = new Set(linesOf(acknowledged));
  return sent.filter((id) => !known.has(id));
}

describe.each(stores)("killed at every point, on %s", (name, locate) => {
  it(
    `${kills} times: nothing acknowledged is lost, nothing planned is forgotten, and every key stands for one request`,
    async () => {
      const target = locate();
      const effects = join(folder, `${name}.effects`);
      const acknowledged = join(folder, `${name}.acknowledged`);
      writeFileSync(effects, "");
      writeFileSync(acknowledged, "");
      const { storage, close } = open(target);
      await storage.migrate();

      const sent: string[] = [];
      let survived = 0;
      for (let kill = 0; kill < kills; kill += 1) {
        const point = points[kill % points.length];
        const fresh = Array.from({ length: 4 }, (_, index) => `${kill}-${index}`);
        sent.push(...fresh);
        // Retried batches are grouped differently.
        const open = unacknowledged(sent, acknowledged).slice(-6);
        const plan = {
          ...target,
          effects,
          acknowledged,
          point,
          nth: 1 + (kill % 3),
          process: kill,
          batches: [fresh.slice(0, 2), open, fresh.slice(2)],
        };
        const end = await runVictim(plan);
        if (end !== "SIGKILL") survived += 1;
      }
      const left = unacknowledged(sent, acknowledged);
      const batches = left.map((id) => [id]);
      expect(await runVictim({ ...target, effects, acknowledged, process: -1, batches, recover: true })).toBe("0");

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
      await close();
      const repeated = linesOf(effects).length - requests.size;
      console.log(
        `${name}: ${kills - survived} kills, ${sent.length} events, ${requests.size} runs, ${repeated} repeated under their key, 0 lost`,
      );
      expect(requests.size).toBe(sent.length * 2);
      expect(survived).toBeLessThan(kills / 2);
    },
    60_000 + kills * 2_000,
  );
});
