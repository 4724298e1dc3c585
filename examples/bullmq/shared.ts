import { defineTrigger, type SegmentSourceOptions, type WorkflowRunner } from "bellwire";
import { postgresStorage } from "bellwire/postgres";
import type pg from "pg";

export interface Shared {
  readonly pool: pg.Pool;
  readonly webhookToken: string;
}

/** What the processes that receive and those that work have in common. */
export async function sourceOptions(
  { pool, webhookToken }: Shared,
  runner: WorkflowRunner,
): Promise<SegmentSourceOptions> {
  const storage = postgresStorage({ pool, schema: "notifications" });
  await storage.migrate();
  return {
    environments: { production: { webhookToken } },
    storage,
    runner,
    unidentified: "create",
    triggers: [defineTrigger({ key: "welcome", event: "Signed Up", workflow: "welcome", recipients: "userId" })],
  };
}
