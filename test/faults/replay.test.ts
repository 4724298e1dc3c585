import { spawn } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createSegmentSource, defineTrigger } from "bellwire";
import { identify, recordingRunner, track } from "bellwire/testing";
import { expect, it } from "vitest";
import { openStorage, useSharedDatabases } from "../support/fault-storage.js";
import { linesOf } from "../support/lines.js";
import { root } from "../support/packed.js";

/** Few in every run of the tests; 10,000 with `npm run test:faults`. */
const count = Number(process.env["REPLAY"] ?? 400);
const here = (file: string) => fileURLToPath(new URL(file, import.meta.url));
const { folder, stores } = useSharedDatabases();
const onPostgres = stores[1]?.[1] ?? expect.fail("no PostgreSQL");

it(
  `${count} stored events on PostgreSQL: compared under a changed mapping, then replayed with stops and restarts, each once`,
  async () => {
    const target = onPostgres("replay");
    const { storage, close } = openStorage(target);
    await storage.migrate();
    const welcome = defineTrigger({ key: "welcome", event: "Signed Up", workflow: "welcome", recipients: "userId" });
    const source = createSegmentSource({ storage, runner: recordingRunner(), triggers: [welcome] });
    const people = Array.from({ length: count }, (_, index) => `user-${index}`);
    for (let from = 0; from < count; from += 500) {
      const some = people.slice(from, from + 500);
      const events = some.map((userId, index) => {
        const properties = { plan: "pro", ...(index % 4 === 0 && { invitedBy: "user-0" }) };
        return track("Signed Up", properties, { userId, messageId: `m-${userId}` });
      });
      await source.handleSegmentPayload([...some.map((id) => identify(id, {}, { messageId: `i-${id}` })), ...events]);
    }
    await close();

    const effects = join(folder, "replay.effects");
    const env = { ...process.env, DATABASE_URL: target.database, SCHEMA: target.schema, EFFECTS: effects };
    const bellwire = (argv: readonly string[], stopAt = Number.POSITIVE_INFINITY) =>
      new Promise<{ code: number | null; out: string; err: string }>((resolve) => {
        const config = ["--config", here("./replay-config.mjs"), "--name", "Signed Up"];
        const child = spawn(process.execPath, [join(root, "dist", "cli.cjs"), ...argv, ...config], { env });
        let [out, err] = ["", ""];
        child.stdout.on("data", (part) => {
          out += String(part);
        });
        child.stderr.on("data", (part) => {
          err += String(part);
        });
        // Once: a second one ends the process at once, as everywhere.
        const watch = setInterval(() => {
          if (linesOf(effects).length < stopAt) return;
          clearInterval(watch);
          child.kill("SIGINT");
        }, 10);
        child.once("close", (code) => {
          clearInterval(watch);
          resolve({ code, out, err });
        });
      });

    const comparedAt = performance.now();
    const compared = await bellwire(["compare", "--proposed", here("./replay-proposed.mjs")]);
    const comparing = performance.now() - comparedAt;
    expect(compared).toMatchObject({
      code: 0,
      out: expect.stringContaining(`of ${count} events would notify somebody else.`),
    });
    expect(compared.out).toContain("notified → path_unresolved");
    expect(compared.out.split("\n").length).toBeLessThan(100);

    const replayedAt = performance.now();
    let stops = 0;
    // Slowly enough that a stop finds it at work, however few there are.
    const replay = ["replay", "--replay-id", "fix-1", "--yes", "--batch-size", "20", "--rate", String(count)];
    for (const share of [0.2, 0.5, 0.8]) {
      const ended = await bellwire(replay, count * share);
      if (ended.code !== 130) break;
      stops += 1;
      expect(ended.err).toContain("Start it again with --replay-id fix-1");
    }
    const last = await bellwire(replay);
    const replaying = performance.now() - replayedAt;
    expect(last).toMatchObject({ code: 0 });
    const sent = linesOf(effects).map((line) => line.split("\t"));
    console.log(
      `${count} events: compared in ${(comparing / 1_000).toFixed(1)} s, replayed in ${(replaying / 1_000).toFixed(1)} s with ${stops} stops; ${sent.length} sent, ${sent.length - new Set(sent.map(([key]) => key)).size} of them twice`,
    );
    expect(stops).toBeGreaterThan(0);
    expect(sent).toHaveLength(count);
    expect(new Set(sent.map(([key]) => key)).size).toBe(count);
    expect(new Set(sent.map(([, recipient]) => recipient))).toEqual(new Set(people));
  },
  60_000 + count * 30,
);
