import fc from "fast-check";
import Database from "libsql";
import pg from "pg";
import { it } from "vitest";
import { postgresStorage } from "../../src/adapters/storage/postgres.js";
import { sqliteStorage } from "../../src/adapters/storage/sqlite.js";
import { memoryStorage } from "../../src/storage/memory-storage.js";
import type { FullStorage } from "../../src/storage/storage.js";
import { environment, second } from "../../src/testing/storage-fixtures.js";
import type { UserAttributes } from "../../src/users/user.js";
import { agree, playing, playsOf, type Steps, sorted, stepOf } from "../support/plays.js";
import { startPostgres } from "../support/postgres.js";

const ids = ["ada", "bob", "grace"] as const;
const visitors = ["phone", "laptop"] as const;
const groups = ["acme", "other"] as const;

const step = stepOf<FullStorage>();
const at = fc.integer({ min: 0, max: 9 });
const anyone = fc.constantFrom(...ids, ...visitors);
const attributes = fc.constantFrom<UserAttributes>(
  {},
  { email: "Ada@example.com" },
  { email: "other@example.com", name: "Ada" },
  { email: null },
  { properties: { plan: "pro", address: { city: "Porto" } } },
  { properties: { plan: "free", address: null } },
);
const change = fc.record({
  id: fc.constantFrom(...ids),
  at,
  attributes,
  anonymousId: fc.option(fc.constantFrom(...visitors)),
});

const steps: readonly Steps<FullStorage>[] = [
  step("update", fc.array(change, { minLength: 1, maxLength: 3 }), (changes) => async ({ users }) => {
    const made = changes.map(({ anonymousId, ...told }) => {
      const dated = { ...told, at: second(told.at) };
      return anonymousId === null ? dated : { ...dated, anonymousId };
    });
    return users.update({ environment, changes: made });
  }),
  step(
    "updateVisitors",
    fc.tuple(fc.constantFrom(...visitors), at, attributes),
    ([anonymousId, when, said]) =>
      ({ users }) =>
        users.updateVisitors!({ environment, changes: [{ anonymousId, at: second(when), attributes: said }] }),
  ),
  step(
    "merge",
    fc.tuple(anyone, fc.constantFrom(...ids)),
    ([from, into]) =>
      async ({ users }) =>
        users.merge!({ environment, from, into }),
  ),
  step(
    "delete",
    fc.tuple(anyone, at),
    ([id, when]) =>
      async ({ users }) =>
        sorted(await users.delete({ environment, id, at: second(when) })),
  ),
  step(
    "groups.update",
    fc.tuple(fc.constantFrom(...groups), at, fc.array(fc.tuple(anyone, fc.boolean()), { maxLength: 2 })),
    ([id, when, told]) =>
      async (storage) =>
        storage.groups.update({
          environment,
          changes: [{ id, at: second(when), traits: { size: when } }],
          memberships: told.map(([userId, isMember]) => ({ groupId: id, userId, isMember, at: second(when) })),
        }),
  ),
  step(
    "moveMember",
    fc.tuple(anyone, anyone),
    ([from, into]) =>
      async (storage) =>
        from === into ? null : storage.groups.moveMember({ environment, from, into }),
  ),
  step("eraseMember", anyone, (userId) => async (storage) => storage.groups.eraseMember({ environment, userId })),
  step(
    "groups.delete",
    fc.tuple(fc.constantFrom(...groups), at),
    ([id, when]) =>
      async (storage) =>
        storage.groups.delete({ environment, id, at: second(when) }),
  ),
];

async function stateOf({ users, groups: kept }: FullStorage): Promise<unknown> {
  const everybody = [...ids, ...visitors];
  const known = await users.known!({ environment, ids: everybody });
  const listed = async (search: string | undefined) => (await users.list!({ environment, search, limit: 10 })).items;
  const membersOf = async (...groupIds: readonly string[]) =>
    sorted((await kept.members({ environment, groupIds, limit: 10 })).items);
  return {
    found: await Promise.all(everybody.map((id) => users.find({ environment, ids: [id] }))),
    known: everybody.map((id) => known.get(id)),
    histories: await Promise.all(
      everybody.map(async (id) => sorted((await users.history!({ environment, id })) ?? ["nobody"])),
    ),
    listed: [await listed(undefined), await listed("a"), await listed("ada@EXAMPLE.com")],
    groups: sorted(await kept.find({ environment, ids: [...groups] })),
    members: [await membersOf("acme"), await membersOf("other"), await membersOf("acme", "other")],
  };
}

it("memory and SQLite agree about users and groups, whatever is said of them in whichever order", async () => {
  const play = async (made: Parameters<typeof agree<FullStorage>>[1]) => {
    const database = new Database(":memory:");
    const sqlite = sqliteStorage({ database });
    await sqlite.migrate();
    await agree([memoryStorage(), sqlite], made, stateOf).finally(() => database.close());
  };
  await fc.assert(fc.asyncProperty(playsOf(...steps), play), playing());
});

it("memory and PostgreSQL agree about users and groups, whatever is said of them in whichever order", async () => {
  const server = await startPostgres();
  const pool = new pg.Pool({ connectionString: server.connectionString, max: 1 });
  // The server may cut idle connections; pg would end the process otherwise.
  pool.on("error", () => undefined);
  const postgres = postgresStorage({ pool });
  const play = async (made: Parameters<typeof agree<FullStorage>>[1]) => {
    await pool.query(
      "TRUNCATE bellwire_users, bellwire_merged_users, bellwire_anonymous, bellwire_groups, bellwire_members, bellwire_deleted_users",
    );
    await agree([memoryStorage(), postgres], made, stateOf);
  };
  try {
    await postgres.migrate();
    await fc.assert(fc.asyncProperty(playsOf(...steps), play), playing(1 / 3));
  } finally {
    await pool.end();
    await server.stop();
  }
});
