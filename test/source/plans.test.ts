import { createHook } from "node:async_hooks";
import { createSegmentSource, defineTrigger, functionRunner, memoryStorage, type Storage } from "bellwire";
import { track } from "bellwire/testing";
import { expect, it, vi } from "vitest";

const triggers = Array.from({ length: 4 }, (_, index) =>
  defineTrigger({
    key: `t${index}`,
    event: "Paid",
    workflow: "receipt",
    recipients: "userId",
    data: { sum: "properties.sum" },
  }),
);

/** Counts the calls of every port. */
function counting(storage: Storage): { readonly storage: Storage; readonly calls: string[] } {
  const calls: string[] = [];
  const count = <Port extends object>(name: string, port: Port): Port =>
    new Proxy(port, {
      get(target, key) {
        const member: unknown = Reflect.get(target, key);
        if (typeof member !== "function") return member;
        return (...given: unknown[]) => {
          calls.push(`${name}.${String(key)}`);
          return Reflect.apply(member, target, given);
        };
      },
    });
  const { events, runs, users, groups, triggers: switches } = storage;
  return {
    calls,
    storage: {
      ...storage,
      events: count("events", events),
      runs: count("runs", runs),
      users: count("users", users),
      groups: count("groups", groups),
      triggers: count("triggers", switches),
    },
  };
}

it.each([1, 1_000])("%i events cost three storage calls and one call of the runner for each run", async (size) => {
  const { storage, calls } = counting(memoryStorage());
  const started = vi.fn();
  const source = createSegmentSource({ storage, runner: functionRunner(started), triggers });
  await source.users.identify({ id: "ada" });
  // Overrides are read once in a while.
  await source.handleSegmentPayload(track("Other"));
  calls.length = 0;
  await source.handleSegmentPayload(Array.from({ length: size }, () => track("Paid", { sum: 7 }, { userId: "ada" })));
  expect(calls).toEqual(["users.known", "events.record", "runs.settle"]);
  expect(started).toHaveBeenCalledTimes(4 * size);
});

it("an event costs a few promises, and each of its runs two more", async () => {
  const promisesOf = async (count: number) => {
    const runner = functionRunner(() => undefined);
    const source = createSegmentSource({ storage: memoryStorage(), runner, triggers: triggers.slice(0, count) });
    await source.users.identify({ id: "ada" });
    const events = Array.from({ length: 50 }, () => JSON.stringify(track("Paid", { sum: 7 }, { userId: "ada" })));
    await source.handleSegmentPayload(track("Other"));
    let promises = 0;
    const hook = createHook({
      init: (_id, type) => {
        if (type === "PROMISE") promises += 1;
      },
    }).enable();
    for (const event of events) await source.handleSegmentPayload(event);
    hook.disable();
    return promises / events.length;
  };
  const [none, one, four] = [await promisesOf(0), await promisesOf(1), await promisesOf(4)];
  expect(none).toBeLessThan(22);
  expect(one).toBeLessThan(40);
  expect((four - one) / 3).toBeLessThan(2.5);
});

it("makes no text of a request for memory storage unless somebody reads it", async () => {
  const source = createSegmentSource({ storage: memoryStorage(), runner: functionRunner(() => undefined), triggers });
  await source.users.identify({ id: "ada" });
  const stringify = vi.spyOn(JSON, "stringify");
  const isRequest = ([value]: readonly unknown[]) => typeof value === "object" && value !== null && "action" in value;
  try {
    await source.handleSegmentPayload(track("Paid", { sum: 7 }, { userId: "ada" }));
    expect(stringify.mock.calls.filter(isRequest)).toEqual([]);
  } finally {
    stringify.mockRestore();
  }
});

it("hands plain objects to a storage that does not say it reads members by name", async () => {
  const memory = memoryStorage();
  const { readsByName: _, ...events } = memory.events;
  const requests: string[] = [];
  const storage: Storage = {
    ...memory,
    events: {
      ...events,
      async record(params) {
        const copies = structuredClone(params.events);
        expect(copies[0]?.names).toEqual(["ada"]);
        expect(copies[0]?.decision.triggers).toEqual(JSON.parse(JSON.stringify(params.events[0]?.decision.triggers)));
        expect(copies[0]?.decision.triggers[0]).toMatchObject({
          trigger: triggers[0]?.key,
          status: "planned",
          recipients: [{ recipient: "ada", run: 0 }],
          runs: [copies[0]?.runs[0]?.idempotencyKey],
          trace: { paths: [{ field: "recipients" }, { field: "data.sum", value: 7 }] },
        });
        requests.push(...copies.flatMap(({ runs }) => runs.map(({ request }) => request)));
        return memory.events.record({ ...params, events: copies });
      },
    },
  };
  const source = createSegmentSource({ storage, runner: functionRunner(() => undefined), triggers });
  await source.users.identify({ id: "ada" });
  await source.handleSegmentPayload(track("Paid", { sum: 7 }, { userId: "ada" }));
  expect(requests.map((request) => JSON.parse(request))).toEqual(
    triggers.map(() => expect.objectContaining({ action: "trigger", recipients: ["ada"], data: { sum: 7 } })),
  );
});
