import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import Database from "libsql";
import pg from "pg";
import { expect, it } from "vitest";
import { postgresMigrationSql } from "../../src/adapters/storage/postgres/postgres-migrations.js";
import { postgresStorage } from "../../src/adapters/storage/postgres.js";
import { sqliteMigrationSql } from "../../src/adapters/storage/sqlite/sqlite-migrations.js";
import { sqliteStorage } from "../../src/adapters/storage/sqlite.js";
import type { Storage } from "../../src/storage/storage.js";
import { eventWithRun, recordParams, resultOf, scope } from "../../src/testing/storage-fixtures.js";
import { startPostgres } from "../support/postgres.js";

const run = promisify(execFile);
const victim = fileURLToPath(new URL("./migrating-victim.mjs", import.meta.url));

async function expectToWork(storage: Storage): Promise<void> {
  const [recorded] = await storage.events.record(recordParams([eventWithRun("a")]));
  await storage.runs.settle({ results: [resultOf(recorded?.claimed[0])] });
  expect((await storage.events.get({ ...scope, messageId: "a" }))?.status).toBe("processed");
}

it.concurrent("SQLite: a migration killed after each of its statements is whole or not there, and the next one completes it", async () => {
  const folder = mkdtempSync(join(tmpdir(), "bellwire-migrate-"));
  const { stdout } = await run(process.execPath, [victim, join(folder, "whole.db"), "0"]);
  const statements = Number(stdout);
  expect(statements).toBeGreaterThan(15);
  for (let killAfter = 1; killAfter < statements; killAfter += 1) {
    const path = join(folder, `${killAfter}.db`);
    await expect(run(process.execPath, [victim, path, String(killAfter)])).rejects.toMatchObject({ signal: "SIGKILL" });
    const database = new Database(path);
    const storage = sqliteStorage({ database });
    await storage.migrate();
    await expectToWork(storage);
    database.close();
  }
  rmSync(folder, { recursive: true, force: true });
}, 120_000);

it.concurrent("PostgreSQL: a migration whose backend is killed at each of its statements leaves nothing, and the next one completes it", async () => {
  const server = await startPostgres();
  const pool = new pg.Pool({ connectionString: server.connectionString });
  pool.on("error", () => undefined);
  // A sequence is not taken back with its transaction, so it counts statements across the kill.
  await pool.query(`CREATE TABLE public.kill (at integer); INSERT INTO public.kill VALUES (0); CREATE SEQUENCE public.reached;
    CREATE FUNCTION public.count_statement() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN
      IF nextval('public.reached') = (SELECT at FROM public.kill) THEN PERFORM pg_terminate_backend(pg_backend_pid()); END IF;
    END $$;
    CREATE EVENT TRIGGER count_statements ON ddl_command_end EXECUTE FUNCTION public.count_statement();`);
  const arm = (at: number) =>
    pool.query(`UPDATE public.kill SET at = ${at}; SELECT setval('public.reached', 1, false)`);
  await arm(0);
  await postgresStorage({ pool, schema: "whole" }).migrate();
  const { rows } = await pool.query("SELECT last_value AS statements FROM public.reached");
  const statements = Number(rows[0].statements);
  expect(statements).toBeGreaterThan(10);
  for (let at = 1; at <= statements; at += 1) {
    const storage = postgresStorage({ pool, schema: `killed_${at}` });
    await arm(at);
    await expect(storage.migrate()).rejects.toThrow();
    await arm(0);
    await expect(storage.events.get({ ...scope, messageId: "a" })).rejects.toMatchObject({
      code: "STORAGE_MIGRATION_PENDING",
    });
    await storage.migrate();
    await expectToWork(storage);
  }
  await pool.end();
  await server.stop();
}, 120_000);

/** As version 1 wrote them: an event with a run that is still to be dispatched, and a user. */
const rowsOfVersion1 = (
  table: (name: string) => string,
  extra: { readonly column: string; readonly value: string },
) => [
  `INSERT INTO ${table("events")} (environment, source, message_id, type, occurred_at, received_at, base_status, status${extra.column})
   VALUES ('production', 'web', 'a', 'track', 1, 1, 'processed', 'in_progress'${extra.value})`,
  `INSERT INTO ${table("users")} (environment, id, registers${extra.column === "" ? "" : ", version"})
   VALUES ('production', 'ada', '{"/email":["a@example.com",1]}'${extra.column === "" ? "" : ", 1"})`,
];

async function expectUpgraded(storage: Storage & { migrate(): Promise<void> }): Promise<void> {
  // Installed, and not migrated yet: refused in words that say what to do.
  const record = storage.events.record(recordParams([eventWithRun("new")]));
  await expect(record).rejects.toMatchObject({ code: "STORAGE_MIGRATION_PENDING", retryable: true });
  await storage.migrate();
  const [claimed] = await storage.runs.claim({ ...scope, owner: "p", leaseMs: 1_000, limit: 10 });
  expect(claimed?.run).toMatchObject({ idempotencyKey: "run_a", waitingFor: null, heldUntil: null });
  await storage.runs.settle({ results: [resultOf(claimed)] });
  expect((await storage.events.get({ ...scope, messageId: "a" }))?.status).toBe("processed");
  const [user] = await storage.users.find({ environment: scope.environment, ids: ["ada"] });
  expect(user?.email).toBe("a@example.com");
}

const runColumns =
  "idempotency_key, environment, source, message_id, position, trigger_key, workflow, action, request, received_at, status";
const runValues = "'run_a', 'production', 'web', 'a', 0, 'w', 'w', 'trigger', '{}', 1, 'pending'";

it("SQLite: what version 1 wrote is there after the migration, and is worked off", async () => {
  const database = new Database(":memory:");
  database.exec(sqliteMigrationSql(1));
  for (const sql of rowsOfVersion1((name) => `bellwire_${name}`, { column: "", value: "" })) database.exec(sql);
  database.exec(`INSERT INTO bellwire_runs (event_id, ${runColumns}) VALUES (1, ${runValues})`);
  await expectUpgraded(sqliteStorage({ database }));
});

it("PostgreSQL: what version 1 wrote is there after the migration, and is worked off", async () => {
  const server = await startPostgres();
  const pool = new pg.Pool({ connectionString: server.connectionString });
  pool.on("error", () => undefined);
  await pool.query(postgresMigrationSql("old", 1));
  for (const sql of rowsOfVersion1((name) => `old.bellwire_${name}`, { column: ", pending_runs", value: ", 1" }))
    await pool.query(sql);
  await pool.query(`INSERT INTO old.bellwire_runs (${runColumns}) VALUES (${runValues})`);
  await expectUpgraded(postgresStorage({ pool, schema: "old" }));
  await pool.end();
  await server.stop();
});
