import { identify, track, userStoreConformance } from "bellwire/testing";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { migration, ownUsers } from "../../examples/own-users/own-users.js";
import { start } from "../../examples/own-users/start.js";
import { type RunningPostgres, startPostgres } from "../support/postgres.js";

let server: RunningPostgres;
let pool: pg.Pool;
beforeAll(async () => {
  server = await startPostgres();
  pool = new pg.Pool({ connectionString: server.connectionString });
  // A connection that is still closing when the server stops is cut, and pg would end the process otherwise.
  pool.on("error", () => undefined);
  await pool.query(
    "CREATE TABLE users (id text PRIMARY KEY, email text, full_name text, created_at timestamptz DEFAULT now())",
  );
  await pool.query("INSERT INTO users (id, email) VALUES ('ada', 'ada@example.com')");
}, 60_000);
afterAll(async () => {
  await pool.end();
  await server.stop();
}, 60_000);

describe("examples/own-users", () => {
  it("finds and tells the host's own rows, and sends what waited for one", async () => {
    const sent: unknown[] = [];
    const host = await start({ port: 0, webhookToken: "t", pool, send: (run) => void sent.push(run.recipients) });
    const post = async (...events: readonly object[]) =>
      (await fetch(`${host.url}/webhooks/segment/production/t`, { method: "POST", body: JSON.stringify(events) }))
        .status;
    expect(await post(track("Signed Up", {}, { userId: "ada" }), track("Signed Up", {}, { userId: "grace" }))).toBe(
      200,
    );
    expect(sent).toEqual([["ada"]]);
    await pool.query("INSERT INTO users (id, full_name) VALUES ('grace', 'Grace')");
    await host.source.users.notifyIdentified(["grace"]);
    expect(sent).toEqual([["ada"], ["grace"]]);
    await post(identify("linus", { email: "linus@example.com", name: "Linus", plan: "pro" }));
    const { rows } = await pool.query("SELECT email, full_name FROM users WHERE id = 'linus'");
    expect(rows).toEqual([{ email: "linus@example.com", full_name: "Linus" }]);
    expect((await host.source.users.get("linus"))?.properties).toEqual({ plan: "pro" });

    await post({ type: "delete", userId: "linus", timestamp: new Date().toISOString() });
    const late = { timestamp: new Date(Date.now() - 60_000).toISOString() };
    await post(identify("linus", {}, late), track("Signed Up", {}, { userId: "linus", ...late }));
    expect(await host.source.users.get("linus")).toBeNull();
    expect(sent).toHaveLength(2);
    expect(JSON.stringify((await host.source.events.list()).items)).not.toContain("linus");
    await host.close();
  });
});

describe("its users conform", () => {
  const cases = userStoreConformance(async () => {
    await pool.query(`${migration}; TRUNCATE users, deleted_users`);
    return { users: ownUsers(pool), dispose: () => undefined };
  });
  for (const { name, run } of cases) it(name, run);
});
