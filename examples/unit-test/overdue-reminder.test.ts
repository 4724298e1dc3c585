import { createSegmentSource, memoryStorage } from "bellwire";
import { recordingRunner, track } from "bellwire/testing";
import { describe, expect, it } from "vitest";
import { overdueReminder } from "./triggers.js";

const setUp = () => {
  const runner = recordingRunner();
  const source = createSegmentSource({
    storage: memoryStorage(),
    runner,
    triggers: [overdueReminder],
    unidentified: "create",
  });
  return { runner, handle: source.handleSegmentPayload };
};
const account = { id: "acme", admins: ["ada", "grace"] };

describe("the overdue reminder", () => {
  it("goes to every admin of the account, in the account's tenant", async () => {
    const { runner, handle } = setUp();
    await handle(track("Invoice Overdue", { amount: 250, account }));
    expect(runner.runs[0]?.request).toMatchObject({
      recipients: ["ada", "grace"],
      tenant: "acme",
      data: { amount: 250 },
    });
  });

  it("is not sent for small amounts", async () => {
    const { handle } = setUp();
    const { events } = await handle(track("Invoice Overdue", { amount: 99, account }));
    expect(events[0]?.triggers[0]).toMatchObject({ status: "skipped", reason: "condition_false" });
  });

  it("says what is wrong when the event does not fit", async () => {
    const { handle } = setUp();
    const { events } = await handle(track("Invoice Overdue", { amount: "250", account }));
    expect(events[0]?.triggers[0]).toMatchObject({ status: "skipped", reason: "schema_mismatch" });
  });
});
