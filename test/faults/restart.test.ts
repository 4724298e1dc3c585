import { createSegmentSource, defineTrigger, functionRunner } from "bellwire";
import { postgresStorage } from "bellwire/postgres";
import { identify, track } from "bellwire/testing";
import pg from "pg";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type RunningPostgres, startPostgres } from "../support/postgres.js";

/** Few in every run of the tests, 20,000 with `npm run test:faults`. */
const events = Number(process.env["EVENTS"] ?? 3_000);
const batchSize = 20;

let server: RunningPostgres;
beforeAll(async () => {
  server = await startPostgres();
});
afterAll(() => server.stop());

it(
  `PostgreSQL restarted and connections cut while ${events} events arrive: none is lost`,
  async () => {
    const pool = new pg.Pool({ connectionString: server.connectionString, max: 8, connectionTimeoutMillis: 2_000 });
    pool.on("error", () => undefined);
    const storage = postgresStorage({ pool });
    await storage.migrate();
    const effects = new Map<string, number>();
    const source = createSegmentSource({
      storage,
      runner: functionRunner(
        (_, { idempotencyKey }) => void effects.set(idempotencyKey, (effects.get(idempotencyKey) ?? 0) + 1),
      ),
      triggers: [defineTrigger({ key: "welcome", event: "Signed Up", workflow: "welcome", recipients: "userId" })],
      lease: "1s",
      runTimeout: "500ms",
    });

    const eventsOf = (id: number) => [
      identify(`user-${id}`, { plan: "pro" }, { messageId: `i-${id}` }),
      track("Signed Up", {}, { userId: `user-${id}`, messageId: `m-${id}` }),
    ];
    let next = 0;
    let refusals = 0;
    const deliver = async () => {
      while (next < events / 2) {
        const ids = Array.from({ length: batchSize / 2 }, (_, index) => next + index);
        next += ids.length;
        for (;;) {
          const result = await source.handleSegmentPayload(ids.flatMap(eventsOf)).catch((error: { code: string }) => {
            expect(error.code).toMatch(/^STORAGE_/);
            return null;
          });
          if (result !== null && !result.retryable) break;
          refusals += 1;
          await new Promise((resolve) => setTimeout(resolve, 100));
        }
      }
    };
    let arriving = true;
    const arrival = Promise.all(Array.from({ length: 4 }, deliver)).finally(() => {
      arriving = false;
    });
    let faults = 0;
    while (arriving) {
      if (faults % 2 === 0) await cutConnections();
      else await server.restart();
      faults += 1;
      await new Promise((resolve) => setTimeout(resolve, 400));
    }
    await arrival;

    const { rows } = await pool.query("SELECT count(*)::int AS count FROM bellwire_events");
    expect(rows).toEqual([{ count: events }]);
    for (const status of ["in_progress", "failed"] as const) {
      expect((await source.events.list({ status, limit: 1 })).items).toEqual([]);
    }
    expect(effects.size).toBe(events / 2);
    expect((await source.events.names()).map(({ count }) => count)).toEqual([events / 2, events / 2]);
    const repeated = [...effects.values()].filter((count) => count > 1).length;
    console.log(
      `${events} events, ${faults} faults, ${refusals} deliveries refused and repeated, ${repeated} runs repeated under their key, 0 lost`,
    );
    expect(refusals).toBeGreaterThan(0);
    await source.close();
    await pool.end();
  },
  60_000 + events * 30,
);

async function cutConnections(): Promise<void> {
  const admin = new pg.Client({ connectionString: server.connectionString });
  await admin.connect();
  await admin.query(
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'",
  );
  await admin.end();
}
