import { describe, expect, it } from "vitest";
import { postgresStorage } from "../../../src/adapters/storage/postgres.js";
import { sqliteStorage } from "../../../src/adapters/storage/sqlite.js";

const calls: Readonly<Record<string, () => unknown>> = {
  "postgresStorage()": () => Reflect.apply(postgresStorage, undefined, []),
  "postgresStorage without a pool": () => Reflect.apply(postgresStorage, undefined, [{ pool: undefined }]),
  "postgresStorage with a connection string": () =>
    Reflect.apply(postgresStorage, undefined, [{ pool: "postgres://" }]),
  "sqliteStorage()": () => Reflect.apply(sqliteStorage, undefined, []),
  "sqliteStorage with a path": () => Reflect.apply(sqliteStorage, undefined, [{ database: "a.db" }]),
  "sqliteStorage with something else": () => Reflect.apply(sqliteStorage, undefined, [{ database: {} }]),
};

it.each([
  ["by the storage, which owns the transaction", false, 8],
  ["by nobody within a transaction of the host's, which it took back whole", true, 1],
])("a deadlock is tried again %s", async (_name, isOfHost, tries) => {
  let asked = 0;
  const client = {
    query: async () => {
      asked += 1;
      throw Object.assign(new Error("deadlock detected"), { code: "40P01" });
    },
  };
  const storage = postgresStorage({ pool: client });
  const { users } = isOfHost ? storage.withClient(client) : storage;
  await expect(users.find({ environment: "production", ids: ["ada"] })).rejects.toMatchObject({ code: "40P01" });
  expect(asked).toBe(tries);
});

describe("a storage that is given no handle says so, and what to give", () => {
  it.each(Object.entries(calls))("%s", (name, call) => {
    const [storage = ""] = name.split(/[ (]/);
    const handle = storage === "postgresStorage" ? "pool: .* a Pool of pg" : "database: .* new Database";
    expect(call).toThrow(expect.objectContaining({ code: "CONFIG_INVALID", message: expect.stringMatching(handle) }));
  });
});
