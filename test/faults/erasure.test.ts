import { createSegmentSource, defineTrigger, runnerError, type Storage } from "bellwire";
import { identify, recordingRunner, track } from "bellwire/testing";
import Database from "libsql";
import pg from "pg";
import { describe, expect, it } from "vitest";
import { type FaultTarget, openStorage, useSharedDatabases } from "../support/fault-storage.js";

const { stores } = useSharedDatabases();
const rounds = Number(process.env["ERASURES"] ?? 15);

const triggers = [
  defineTrigger({ key: "welcome", event: "Signed Up", workflow: "welcome", recipients: "userId" }),
  defineTrigger({ key: "mention", event: "Mentioned", workflow: "mention", recipients: "properties.who" }),
  defineTrigger({
    key: "announce",
    event: "Announced",
    workflow: "announce",
    recipients: { collection: { "@literal": "groups" }, id: "properties.group" },
    actor: "properties.by",
    expand: true,
  }),
];

/** A source as one of several processes has it: its own connections, and a runner that fails now and then. */
function open(storage: Storage) {
  const runner = recordingRunner({ maxRecipients: 3 });
  runner.failNext(
    ...Array.from({ length: 1_000 }, (_, index) => (index % 3 === 0 ? runnerError("retryable", "busy") : null)).flatMap(
      (error) => error ?? [],
    ),
  );
  return createSegmentSource({ storage, runner, triggers, unidentified: { hold: "10m", then: "create" } });
}

/** Every text of every row of every table. */
async function dump({ database, schema }: FaultTarget): Promise<string> {
  if (schema === "") {
    const handle = new Database(database);
    const tables = handle
      .prepare("SELECT name FROM sqlite_master WHERE type = 'table' AND name LIKE 'bellwire%'")
      .all();
    const rows = tables.map((table) =>
      handle.prepare(`SELECT * FROM ${String(Reflect.get(table as object, "name"))}`).all(),
    );
    handle.close();
    return JSON.stringify(rows);
  }
  const pool = new pg.Pool({ connectionString: database });
  const { rows: tables } = await pool.query(
    "SELECT table_name FROM information_schema.tables WHERE table_schema = $1",
    [schema],
  );
  const rows = [];
  for (const { table_name: table } of tables)
    rows.push((await pool.query(`SELECT * FROM "${schema}"."${table}"`)).rows);
  await pool.end();
  return JSON.stringify(rows);
}

describe.each(stores)("%s", (_, locate) => {
  it(
    "of a user who is deleted while everything about them is in flight, in two processes, no table names them",
    async () => {
      const target = locate("erasure");
      const [first, second] = [openStorage(target), openStorage(target)];
      await first.storage.migrate();
      const sources = [open(first.storage), open(second.storage)];
      const [one, other] = [sources[0] ?? expect.fail(), sources[1] ?? expect.fail()];
      const gone: string[] = [];
      for (let round = 0; round < rounds; round += 1) {
        const [user, phone, friend] = [`victim-${round}`, `device-${round}`, `friend-${round}`];
        gone.push(user, phone);
        const at = { timestamp: new Date(Date.now() - 60_000).toISOString() };
        const all = (source: typeof one, part: string) => [
          () =>
            source.handleSegmentPayload(
              identify(user, { email: `${user}@example.com` }, { anonymousId: phone, ...at }),
            ),
          () => source.handleSegmentPayload({ type: "identify", anonymousId: phone, traits: { seen: part }, ...at }),
          () => source.handleSegmentPayload({ type: "page", name: "Home", anonymousId: phone, ...at }),
          () => source.handleSegmentPayload(track("Signed Up", { id: user }, { userId: user, ...at })),
          () => source.handleSegmentPayload({ type: "group", groupId: `team-${round}`, userId: user, ...at }),
          () => source.handleSegmentPayload({ type: "group", groupId: `team-${round}`, userId: friend, ...at }),
          () => source.handleSegmentPayload(track("Mentioned", { who: [user, friend] }, { userId: friend, ...at })),
          () =>
            source.handleSegmentPayload(
              track("Announced", { group: `team-${round}`, by: user }, { userId: friend, ...at }),
            ),
          () => source.recover(),
          () => source.users.notifyIdentified([user]),
        ];
        await one.handleSegmentPayload([identify(friend, {}, at), identify(user, {}, { anonymousId: phone, ...at })]);
        await one.handleSegmentPayload({ type: "group", groupId: `team-${round}`, userId: user, ...at });
        const racing = [...all(one, "a"), ...all(other, "b")].map((call) => ({ call, rank: Math.random() }));
        const calls = racing.sort((left, right) => left.rank - right.rank).map(({ call }) => call);
        const half = Math.floor(calls.length / 2);
        const deleting =
          round % 2 === 0
            ? () => other.users.delete(user)
            : () => other.handleSegmentPayload({ type: "delete", userId: user });
        await Promise.all([...calls.slice(0, half), deleting, ...calls.slice(half)].map((call) => call()));
      }
      // What was being sent when the deletion came in settles; what is left is sent.
      for (const source of sources) await source.recover();
      const kept = await dump(target);
      for (const id of gone) expect(kept.includes(id), `${id} is named`).toBe(false);
      expect(kept).toContain("friend-0");
      for (const source of sources) await source.close();
      await Promise.all([first.close(), second.close()]);
    },
    60_000 + rounds * 5_000,
  );
});
