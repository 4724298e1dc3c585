import assert from "node:assert/strict";
import type { StorageCase } from "./storage-fixtures.js";

const environment = "production";
const at = (second: number) => new Date(Date.UTC(2026, 0, 1, 0, 0, second));

export const overrideCases: readonly StorageCase[] = [
  [
    "overrides: nothing at first, then what was set last, with who and when, by source",
    async ({ storage: { triggers } }) => {
      assert.deepEqual(await triggers.load({ source: "web" }), { triggers: [], environments: [] });
      const off = { environment, trigger: "welcome", active: false, changedBy: "ops", changedAt: at(1) };
      const on = { ...off, active: true, changedBy: null, changedAt: at(2) };
      await triggers.setActive({ source: "web", override: off });
      await triggers.setActive({ source: "web", override: { ...off, trigger: "other" } });
      await triggers.setActive({ source: "web", override: on });
      await triggers.setActive({ source: "ios", override: off });
      const identify = { environment, identify: false, changedBy: "ops", changedAt: at(3) };
      await triggers.setEnvironment({ source: "web", override: { ...identify, identify: true } });
      await triggers.setEnvironment({ source: "web", override: identify });
      const loaded = await triggers.load({ source: "web" });
      const sorted = [...loaded.triggers].sort((left, right) => left.trigger.localeCompare(right.trigger));
      assert.deepEqual(sorted, [{ ...off, trigger: "other" }, on]);
      assert.deepEqual(loaded.environments, [identify]);
    },
  ],
];
