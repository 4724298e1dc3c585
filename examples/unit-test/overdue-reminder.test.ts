import { createTestSource, track } from "bellwire/testing";
import { type BellwireMatchers, bellwireMatchers } from "bellwire/testing/matchers";
import { expect, it } from "vitest";
import { overdueReminder } from "./triggers.js";

declare module "vitest" {
  // biome-ignore lint/suspicious/noExplicitAny: vitest's own declaration, which this one has to repeat
  interface Matchers<T = any> extends BellwireMatchers<T> {}
}
expect.extend(bellwireMatchers);

const account = { id: "acme", admins: ["ada", "grace"] };
const overdue = (amount: number | string) => track("Invoice Overdue", { amount, account });
const setUp = (users = ["ada", "grace"]) => createTestSource({ triggers: [overdueReminder], users });

it("goes to every admin of the account", async () => {
  expect(await setUp().send(overdue(250))).toHaveTriggered("overdue-reminder", { recipients: ["ada", "grace"] });
});

it("carries the amount, in the account's tenant", async () => {
  const { send, runs } = setUp();
  await send(overdue(250));
  expect(runs[0]?.request).toMatchObject({ tenant: "acme", data: { amount: 250 } });
});

it("is not sent for small amounts", async () => {
  expect(await setUp().send(overdue(99))).toHaveSkipped("overdue-reminder", "condition_false");
});

it("leaves out an admin who was never identified", async () => {
  expect(await setUp(["ada"]).send(overdue(250))).toHaveTriggered("overdue-reminder", { recipients: ["ada"] });
});

it("says what is wrong when the event does not fit", async () => {
  expect(await setUp().send(overdue("250"))).toHaveSkipped("overdue-reminder", "schema_mismatch");
});
