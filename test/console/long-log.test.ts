import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createSegmentSource, defineTrigger, type Storage } from "bellwire";
import { createConsole } from "bellwire/console";
import { postgresStorage } from "bellwire/postgres";
import { sqliteStorage } from "bellwire/sqlite";
import { recordingRunner, track } from "bellwire/testing";
import Database from "libsql";
import pg from "pg";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Chromium, hasChromium, startChromium, withoutChromium } from "../support/chromium.js";
import { openPage } from "../support/console-page.js";
import { consoleServers } from "../support/console-servers.js";
import { startPostgres } from "../support/postgres.js";

/** `EVENTS=100000 npm run test:console` for the figures of the README. */
const events = Number(process.env["EVENTS"] ?? 1_000);
const batch = 500;

interface Kept {
  readonly storage: Storage;
  readonly close: () => Promise<void>;
}

const databases: readonly (readonly [name: string, open: () => Promise<Kept>])[] = [
  [
    "SQLite",
    async () => {
      const folder = mkdtempSync(join(tmpdir(), "bellwire-console-"));
      const database = new Database(join(folder, "log.db"));
      const storage = sqliteStorage({ database });
      await storage.migrate();
      const close = async () => {
        database.close();
        rmSync(folder, { recursive: true, force: true });
      };
      return { storage, close };
    },
  ],
  [
    "PostgreSQL",
    async () => {
      const server = await startPostgres();
      const pool = new pg.Pool({ connectionString: server.connectionString });
      // The server may go before an idle connection has.
      pool.on("error", () => undefined);
      const storage = postgresStorage({ pool });
      await storage.migrate();
      const close = async () => {
        await pool.end();
        await server.stop();
      };
      return { storage, close };
    },
  ],
];

/** Loads and scrolls through everything. @returns the longest that a frame took, in ms */
async function scrollThrough(page: Page): Promise<number> {
  return page.evaluate<number>(`new Promise((resolve) => {
    const list = document.querySelector(".virtual");
    let last = performance.now();
    let slowest = 0;
    let still = 0;
    const step = (now) => {
      slowest = Math.max(slowest, now - last);
      last = now;
      const before = list.scrollTop;
      list.scrollTop += 3_000;
      still = list.scrollTop === before ? still + 1 : 0;
      if (still > 60) resolve(slowest);
      else requestAnimationFrame(step);
    };
    requestAnimationFrame(step);
  })`);
}

describe.skipIf(!hasChromium)(`a log of ${events} events${withoutChromium}`, () => {
  let chromium: Chromium;
  beforeAll(async () => {
    chromium = await startChromium();
  });
  afterAll(() => chromium?.close());

  it.each(databases)(
    "in %s: the page answers to keys within a second or two",
    async (name, open) => {
      const { storage, close } = await open();
      const source = createSegmentSource({
        key: "web",
        environments: { production: { webhookToken: "tok" } },
        storage,
        runner: recordingRunner(),
        unidentified: "create",
        triggers: [defineTrigger({ key: "welcome", event: "Event 1", workflow: "welcome", recipients: "userId" })],
      });
      for (let from = 0; from < events; from += batch) {
        const payload = Array.from({ length: batch }, (_, index) =>
          track(`Event ${index % 40}`, { index }, { messageId: `m-${from + index}`, userId: `user-${index % 97}` }),
        );
        await source.handleSegmentPayload(payload);
      }
      const panel = createConsole({ source, authorize: () => ({ name: "ada", roles: ["view", "operate", "reveal"] }) });
      const server = await consoleServers[0]![1](source, panel);
      const { page, complaints } = await openPage(await chromium.open());
      const times: number[] = [];
      for (let round = 0; round < 3; round += 1) {
        const began = performance.now();
        await page.goto(`${server.url}/bellwire/web/production/events`);
        await page.locator("[role=row] a").first().waitFor();
        await page.keyboard.press("j");
        await page.locator("[role=row][aria-selected=true]").waitFor();
        times.push(performance.now() - began);
      }
      const slowest = await scrollThrough(page);
      console.log(`${name}, ${events} events: slowest frame while all were scrolled through ${slowest.toFixed(0)} ms`);
      console.log(`${name}, ${events} events: interactive after ${times.map((ms) => ms.toFixed(0)).join(", ")} ms`);
      for (const path of ["events?limit=200", "names", "overview", "users", "runs?status=held", "audit", "triggers"]) {
        const began = performance.now();
        const response = await fetch(`${server.url}/bellwire/api/${path}`);
        await response.arrayBuffer();
        expect([path, response.status]).toEqual([path, 200]);
        console.log(`${name}: ${path} in ${(performance.now() - began).toFixed(0)} ms`);
      }
      expect(Math.min(...times)).toBeLessThan(3_000);
      expect(complaints).toEqual([]);
      panel.close();
      await server.close();
      await source.close();
      await close();
    },
    600_000,
  );
});
