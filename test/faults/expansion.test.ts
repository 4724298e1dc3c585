import { type ChildProcess, fork } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { track } from "bellwire/testing";
import { describe, expect, it } from "vitest";
import { type FaultTarget, openStorage, useSharedDatabases } from "../support/fault-storage.js";
import { linesOf } from "../support/lines.js";

/** Few in every run of the tests; 100,000 with `npm run test:faults`. */
const members = Number(process.env["MEMBERS"] ?? 5_000);
/** Processes that are killed on the way, one after the other. */
const kills = 3;
const script = fileURLToPath(new URL("./expansion.mjs", import.meta.url));
const { folder, stores } = useSharedDatabases();
const environment = "default";

const idOf = (index: number) => `user-${String(index).padStart(6, "0")}`;

async function fill(target: FaultTarget): Promise<void> {
  const { storage, close } = openStorage(target);
  await storage.migrate();
  const at = new Date();
  for (let from = 0; from < members; from += 2_000) {
    const ids = Array.from({ length: Math.min(2_000, members - from) }, (_, index) => idOf(from + index));
    await storage.users.update({ environment, changes: ids.map((id) => ({ id, at, attributes: {} })) });
    const memberships = ids.map((userId) => ({ groupId: "everyone", userId, isMember: true, at }));
    await storage.groups.update({ environment, changes: [], memberships });
  }
  await close();
}

let plans = 0;
function begin(plan: object): ChildProcess {
  plans += 1;
  const file = join(folder, `expansion-${plans}.json`);
  writeFileSync(file, JSON.stringify(plan));
  return fork(script, [file]);
}

interface Peak {
  readonly peakRss: number;
  readonly startRss: number;
}

describe.each(stores)("%s", (name, locate) => {
  it(
    `one event notifies ${members} members, each once, though ${kills} processes are killed on the way`,
    async () => {
      const target = locate("expansion");
      await fill(target);
      const effects = join(folder, `${name}.expansion`);
      const event = track("Announced", { group: "everyone" }, { messageId: "m-1", userId: "ada" });
      const runs = Math.ceil(members / 100);
      for (let kill = 1; kill <= kills; kill += 1) {
        const child = begin({ ...target, effects, ...(kill === 1 && { event }) });
        const exited = new Promise<string | null>((resolve) => child.once("exit", (_, signal) => resolve(signal)));
        await expect
          .poll(() => linesOf(effects).length, { timeout: 120_000, interval: 2 })
          .toBeGreaterThanOrEqual((runs * kill) / (kills + 2));
        child.kill("SIGKILL");
        expect(await exited, "killed before it was done").toBe("SIGKILL");
      }
      const last = begin({ ...target, effects });
      const { peakRss, startRss } = await new Promise<Peak>((resolve) => last.once("message", resolve as never));
      const byKey = new Map<string, string>();
      for (const line of linesOf(effects)) {
        const [key = "", recipients = ""] = line.split("\t");
        expect(byKey.get(key) ?? recipients, "what one key stands for never changes").toBe(recipients);
        byKey.set(key, recipients);
      }
      const notified = [...byKey.values()].flatMap((recipients) => recipients.split(","));
      expect(notified).toHaveLength(members);
      expect(new Set(notified).size).toBe(members);
      expect(byKey.size, "a run once planned is full").toBeLessThanOrEqual(runs);
      const mb = (bytes: number) => `${Math.round(bytes / 2 ** 20)} MB`;
      const again = linesOf(effects).length - byKey.size;
      console.log(
        `${name}: ${members} members in ${byKey.size} runs, each once; ${kills} processes killed, ${again} runs begun again under their key; peak ${mb(peakRss)} (${mb(startRss)} at the start)`,
      );
      expect(peakRss).toBeLessThan(256 * 2 ** 20);
    },
    120_000 + members * 10,
  );
});
