import { defineEvent, defineTrigger, defineWorkflow } from "bellwire";
import { z } from "zod";

const invoiceOverdue = defineEvent(
  "Invoice Overdue",
  z.object({ amount: z.number(), account: z.object({ id: z.string(), admins: z.array(z.string()) }) }),
);

/** What the reminder is written with; a trigger that does not give it does not compile. */
const reminder = defineWorkflow("overdue-reminder", z.object({ amount: z.number() }));

/** The notification logic under test: plain data, nothing runs when it is imported. */
export const overdueReminder = defineTrigger({
  key: "overdue-reminder",
  event: invoiceOverdue,
  workflow: reminder,
  recipients: "properties.account.admins",
  tenant: "properties.account.id",
  data: { amount: "properties.amount" },
  when: { path: "properties.amount", operator: "greater_than", value: 100 },
});
