import { createSegmentSource, memoryStorage, type Storage } from "bellwire";
import { identify, recordingRunner } from "bellwire/testing";
import { describe, expect, it } from "vitest";

async function setUp(change: (storage: Storage) => Storage = (storage) => storage) {
  const source = createSegmentSource({ storage: change(memoryStorage()), runner: recordingRunner() });
  await source.handleSegmentPayload([
    identify("ada", { email: "Ada@example.com", plan: "pro" }, { timestamp: "2026-01-01T00:00:00Z" }),
    identify("ada", { plan: "free" }, { timestamp: "2026-01-02T00:00:00Z" }),
    identify("adam", {}),
    identify("bob", { email: "bob@example.com" }),
  ]);
  const ids = async (search?: string) => (await source.users.list({ search })).items.map(({ id }) => id);
  return { source, ids };
}

describe("users.list", () => {
  it("is in the order of ids, and searches by the start of an id or an email", async () => {
    const { source, ids } = await setUp();
    expect(await ids()).toEqual(["ada", "adam", "bob"]);
    expect(await ids(" ada ")).toEqual(["ada", "adam"]);
    expect(await ids("ada@EXAMPLE.com")).toEqual(["ada"]);
    expect(await ids("  ")).toEqual(["ada", "adam", "bob"]);
    const first = await source.users.list({ limit: 2 });
    const rest = await source.users.list({ limit: 2, cursor: first.nextCursor ?? undefined });
    expect([first.items[0]?.email, rest.items.map(({ id }) => id)]).toEqual(["Ada@example.com", ["bob"]]);
  });

  it("says what is missing where the host's own users table can not", async () => {
    const { source } = await setUp((storage) => {
      const { list: _list, history: _history, ...users } = storage.users;
      return { ...storage, users };
    });
    await expect(source.users.list()).rejects.toMatchObject({
      code: "STORAGE_UNSUPPORTED",
      message: expect.stringContaining("users.list"),
    });
    expect(await source.users.history("ada")).toBeNull();
  });
});

it.each(["__proto__", "constructor", "prototype"])("an attribute %s never reaches a prototype", async (key) => {
  const { source } = await setUp();
  const properties = JSON.parse(`{"${key}":{"isAdmin":true},"plan":"pro"}`);
  await source.users.identify({ id: "eve", properties });
  await source.groups.identify({ id: "acme", traits: properties });
  expect((await source.users.get("eve"))?.properties).toEqual({ plan: "pro" });
  expect((await source.groups.get("acme"))?.traits).toEqual({ plan: "pro" });
  expect(Reflect.get({}, "isAdmin")).toBeUndefined();
});

it("users.identify tells of changes, and of nothing where nothing changed", async () => {
  const { source } = await setUp();
  const told: string[] = [];
  source.on("user", ({ user }) => told.push(user.status));
  await source.users.identify({ id: "carol", email: "c@example.com" });
  const { status } = await source.users.identify({ id: "carol", email: "c@example.com", at: new Date(0) });
  expect([status, told]).toEqual(["unchanged", ["created"]]);
});

it.each([
  ["no number", Number.NaN, 4],
  ["none", 0, 1],
])("a limit that is %s is brought into bounds", async (_name, limit, count) => {
  const { source } = await setUp();
  await source.users.identify({ id: "carol" });
  expect((await source.users.list({ limit })).items).toHaveLength(count);
});

it("users.history has each attribute with the time at which it was said", async () => {
  const { source } = await setUp();
  expect(await source.users.history("ada")).toEqual([
    { path: "email", value: "Ada@example.com", at: new Date("2026-01-01T00:00:00Z") },
    { path: "properties.plan", value: "free", at: new Date("2026-01-02T00:00:00Z") },
  ]);
  expect(await source.users.history("nobody")).toBeNull();
});
