import assert from "node:assert/strict";
import type { Storage } from "../storage/storage.js";
import { environment, newEvent, newRun, recordParams, resultOf, type StorageCase, scope } from "./storage-fixtures.js";

const happened = new Date("2026-03-01T11:59:00.000Z");
const eraseMentions = async (storage: Storage, userIds: string | readonly string[], limit = 1_000) => {
  let [erased, cursor]: [number, string | undefined] = [0, undefined];
  do {
    const page = await storage.events.eraseMentions({
      environment,
      userIds: [userIds].flat(),
      at: happened,
      limit,
      cursor,
    });
    erased += page.erased;
    cursor = page.nextCursor ?? undefined;
  } while (cursor !== undefined);
  return erased;
};
const requestTo = (...recipients: readonly unknown[]) => JSON.stringify({ action: "trigger", recipients, actor: null });
const decisionAbout = (...recipients: readonly string[]) => ({
  triggers: [
    {
      trigger: "welcome",
      workflow: "welcome",
      action: "trigger",
      status: "planned",
      recipients: recipients.map((recipient) => ({ recipient })),
      runs: [],
    } as const,
  ],
});

export const mentionCases: readonly StorageCase[] = [
  [
    "eraseMentions: takes the user out of other people's events, a page at a time, and leaves the rest",
    async ({ storage }) => {
      const grace = { userId: "grace", payload: { to: ["ada", "bob"] } };
      await storage.events.record(
        recordParams([
          newEvent("both", {
            ...grace,
            decision: decisionAbout("ada", "bob"),
            runs: [newRun("both", { request: requestTo("ada", "bob") })],
          }),
          newEvent("only", {
            ...grace,
            decision: decisionAbout("ada"),
            runs: [newRun("only", { request: requestTo({ id: "ada" }) })],
          }),
          newEvent("skipped", { ...grace, decision: decisionAbout("ada") }),
          newEvent("other", {
            ...grace,
            decision: decisionAbout("adam"),
            runs: [newRun("other", { request: requestTo("adam") })],
          }),
          newEvent("object", {
            ...grace,
            runs: [newRun("object", { request: requestTo({ collection: "x", id: "ada" }) })],
          }),
        ]),
      );
      assert.equal(await eraseMentions(storage, "ada", 2), 3);
      assert.equal(await eraseMentions(storage, "ada", 2), 0);
      const get = (messageId: string) => storage.events.get({ ...scope, messageId });
      const both = await get("both");
      assert.deepEqual(
        both?.runs.map(({ request }) => request),
        [requestTo("bob")],
      );
      assert.deepEqual([both?.payload, both?.decision], [null, { triggers: [] }]);
      const only = await get("only");
      assert.deepEqual([only?.runs, only?.status], [[], "processed"]);
      assert.equal((await get("skipped"))?.payload, null);
      assert.notEqual((await get("other"))?.payload, null);
      assert.notEqual((await get("object"))?.payload, null);
    },
  ],
  [
    "eraseMentions: a run that was taken out settles nothing, and the event ends with those that are left",
    async ({ storage }) => {
      const runs = [newRun("gone", { request: requestTo("ada") }), newRun("left", { request: requestTo("bob") })];
      const [recorded] = await storage.events.record(recordParams([newEvent("a", { userId: "grace", runs })]));
      assert.equal(await eraseMentions(storage, "ada"), 1);
      const settled = await storage.runs.settle({ results: (recorded?.claimed ?? []).map((each) => resultOf(each)) });
      assert.deepEqual(settled, [false, true]);
      assert.equal((await storage.events.get({ ...scope, messageId: "a" }))?.status, "processed");
    },
  ],
  [
    "eraseMentions: an id that senders write as a number goes like any other, out of data, tenant and cancellation key too",
    async ({ storage }) => {
      const request = JSON.stringify({
        action: "trigger",
        recipients: ["bob"],
        actor: { id: 42 },
        tenant: "42",
        cancellationKey: "42",
        data: { by: { id: 42, email: "a@example.com" }, to: [42, "bob"], of: "42", room: 421 },
      });
      await storage.events.record(
        recordParams([newEvent("numbers", { userId: "grace", runs: [newRun("numbers", { request })] })]),
      );
      assert.equal(await eraseMentions(storage, "42"), 1);
      const event = await storage.events.get({ ...scope, messageId: "numbers" });
      assert.deepEqual(JSON.parse(event?.runs[0]?.request ?? ""), {
        action: "trigger",
        recipients: ["bob"],
        actor: null,
        tenant: null,
        cancellationKey: null,
        data: { by: null, to: ["bob"], of: null, room: 421 },
      });
    },
  ],
  [
    "eraseMentions: of a user with several ids all go wherever one is named, and nothing where none is",
    async ({ storage }) => {
      const request = (recipient: string) =>
        JSON.stringify({
          action: "trigger",
          recipients: [recipient, "bob"],
          actor: null,
          data: { to: "old@example.com" },
        });
      const runs = [newRun("named", { request: request("ada") })];
      const others = [newRun("other", { request: request("eve") })];
      await storage.events.record(
        recordParams([
          newEvent("named", { userId: "grace", runs }),
          newEvent("other", { userId: "grace", runs: others }),
        ]),
      );
      assert.equal(await eraseMentions(storage, ["ada", "old@example.com"]), 1);
      const get = async (messageId: string) =>
        (await storage.events.get({ ...scope, messageId }))?.runs[0]?.request ?? "";
      assert.doesNotMatch(await get("named"), /ada|old@/);
      assert.match(await get("other"), /old@/);
    },
  ],
  [
    "eraseMentions: leaves what happened and came later",
    async ({ storage }) => {
      const later = new Date(happened.getTime() + 60_000);
      const runs = (key: string) => [newRun(key, { request: requestTo("ada", "bob") })];
      const of = (key: string) => ({ userId: "grace", runs: runs(key), decision: decisionAbout("ada", "bob") });
      await storage.events.record(
        recordParams([
          newEvent("later", { ...of("later"), occurredAt: later, receivedAt: later }),
          newEvent("early clock", { ...of("early"), occurredAt: later, receivedAt: happened }),
        ]),
      );
      assert.equal(await eraseMentions(storage, "ada"), 1);
      const event = await storage.events.get({ ...scope, messageId: "later" });
      assert.deepEqual([event?.runs[0]?.request, event?.payload === null], [requestTo("ada", "bob"), false]);
    },
  ],
];
