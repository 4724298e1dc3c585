import { fork } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Unidentified } from "bellwire";
import { identify, track } from "bellwire/testing";
import { expect, it } from "vitest";
import { type FaultTarget, openStorage, useSharedDatabases } from "../support/fault-storage.js";
import { linesOf } from "../support/lines.js";

/** Few in every run of the tests; 10,000 with `npm run test:faults`. */
const users = Number(process.env["STORM"] ?? 500);
const processes = 2;
const script = fileURLToPath(new URL("./storm.mjs", import.meta.url));
const { folder, stores } = useSharedDatabases();
const onPostgres = stores[1]?.[1] ?? expect.fail("no PostgreSQL");

/** Each user signs up and is identified, at random moments and in random order, at one process or the other. */
function deliveriesOf(): readonly { readonly at: number; readonly process: number; readonly event: object }[] {
  const spread = users * 2;
  return Array.from({ length: users }, (_, index) => index).flatMap((index) => {
    const id = `user-${index}`;
    const at = Math.random() * spread;
    const anywhere = () => Math.floor(Math.random() * processes);
    const events = [
      track("Signed Up", {}, { userId: id, messageId: `m-${id}` }),
      identify(id, {}, { messageId: `i-${id}` }),
    ];
    return events.map((event) => ({ at: at + Math.random() * 200, process: anywhere(), event }));
  });
}

async function rush(target: FaultTarget, name: string, unidentified: Unidentified): Promise<readonly string[]> {
  const { storage, close } = openStorage(target);
  await storage.migrate();
  const effects = join(folder, `${name}.effects`);
  const deliveries = deliveriesOf();
  const running = Array.from({ length: processes }, (_, number) => {
    const file = join(folder, `${name}-${number}.json`);
    const own = deliveries.filter(({ process }) => process === number);
    writeFileSync(file, JSON.stringify({ ...target, effects, unidentified, deliveries: own }));
    const child = fork(script, [file]);
    return { child, done: new Promise((resolve) => child.once("message", resolve)) };
  });
  await Promise.all(running.map(({ done }) => done));
  const open = async () =>
    (await storage.events.list({ environment: "default", status: "in_progress", limit: 1 })).items.length;
  await expect.poll(open, { timeout: 30_000 }).toBe(0);
  for (const { child } of running) {
    const exited = new Promise((resolve) => child.once("exit", resolve));
    child.send("stop");
    await exited;
  }
  await close();
  return linesOf(effects).map((line) => line.split("\t")[1] ?? "");
}

it(
  `${users} users sign up and are identified in any order over ${processes} processes: with a hold everyone is notified once`,
  async () => {
    const held = await rush(onPostgres("held"), "held", {
      hold: "10m",
      then: "skip",
    });
    const skipped = await rush(onPostgres("skipped"), "skipped", "skip");
    const share = (notified: readonly string[]) => `${((new Set(notified).size / users) * 100).toFixed(1)} %`;
    console.log(
      `${users} users, ${processes} processes: with hold ${share(held)} notified, ${held.length - new Set(held).size} twice; with skip ${share(skipped)}`,
    );
    expect(new Set(held).size).toBe(users);
    expect(held).toHaveLength(users);
    expect(new Set(skipped).size).toBeLessThan(users);
  },
  60_000 + users * 60,
);
