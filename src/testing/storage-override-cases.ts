import assert from "node:assert/strict";
import { environment, type StorageCase, second } from "./storage-fixtures.js";

export const overrideCases: readonly StorageCase[] = [
  [
    "overrides: nothing at first, then what was set last, with who and when, by source",
    async ({ storage: { triggers } }) => {
      assert.deepEqual(await triggers.load({ source: "web" }), { triggers: [], environments: [], stored: [] });
      const off = { environment, trigger: "welcome", active: false, changedBy: "ops", changedAt: second(1) };
      const on = { ...off, active: true, changedBy: null, changedAt: second(2) };
      await triggers.setActive({ source: "web", override: off });
      await triggers.setActive({ source: "web", override: { ...off, trigger: "other" } });
      await triggers.setActive({ source: "web", override: on });
      await triggers.setActive({ source: "ios", override: off });
      const identify = { environment, identify: false, changedBy: "ops", changedAt: second(3) };
      await triggers.setEnvironment({ source: "web", override: { ...identify, identify: true } });
      await triggers.setEnvironment({ source: "web", override: identify });
      const loaded = await triggers.load({ source: "web" });
      const sorted = [...loaded.triggers].sort((left, right) => left.trigger.localeCompare(right.trigger));
      assert.deepEqual(sorted, [{ ...off, trigger: "other" }, on]);
      assert.deepEqual(loaded.environments, [identify]);
    },
  ],
  [
    "stored triggers: what was saved last, by source, until it is removed with its overrides",
    async ({ storage: { triggers } }) => {
      const definition = JSON.stringify({ key: "wel\u0000come", recipients: "\ud800", workflow: "w", n: [1e21, null] });
      const first = { key: "wel\u0000come", definition: "{}", savedBy: "ops\u0000", savedAt: second(1) };
      const last = { key: "wel\u0000come", definition, savedBy: null, savedAt: second(2) };
      const other = { key: "other", definition: "not even JSON", savedBy: "ops", savedAt: second(3) };
      await triggers.save({ source: "web", trigger: first });
      await triggers.save({ source: "web", trigger: other });
      await triggers.save({ source: "ios", trigger: first });
      await triggers.save({ source: "web", trigger: last });
      const override = { environment, active: false, changedBy: null, changedAt: second(4) };
      for (const { key: trigger } of [last, other])
        await triggers.setActive({ source: "web", override: { ...override, trigger } });
      const storedOf = async (source: string) =>
        [...(await triggers.load({ source })).stored].sort((left, right) => (left.key < right.key ? -1 : 1));
      assert.deepEqual(await storedOf("web"), [other, last]);
      assert.deepEqual(await storedOf("ios"), [first]);
      assert.equal(await triggers.remove({ source: "web", key: last.key }), true);
      assert.equal(await triggers.remove({ source: "web", key: last.key }), false);
      assert.deepEqual(await storedOf("web"), [other]);
      assert.deepEqual(
        (await triggers.load({ source: "web" })).triggers.map(({ trigger }) => trigger),
        ["other"],
      );
      assert.deepEqual(await storedOf("ios"), [first]);
    },
  ],
];
