import { createSegmentSource, defineTrigger, memoryStorage, runnerError, type SegmentSource } from "bellwire";
import { createConsole } from "bellwire/console";
import { identify, recordingRunner, track } from "bellwire/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Chromium, hasChromium, startChromium, withoutChromium } from "../support/chromium.js";
import { openPage, settled, violationsOf } from "../support/console-page.js";
import { consoleServers } from "../support/console-servers.js";
import type { RunningServer } from "../support/listen.js";

const development = { environment: "development" };

/** A source in which every screen has something to show. */
async function makeSource(): Promise<SegmentSource> {
  const runner = recordingRunner();
  const source = createSegmentSource({
    key: "web",
    environments: { development: { webhookToken: "tok" }, production: { sharedSecrets: ["secret"] } },
    storage: memoryStorage(),
    runner,
    triggers: [
      defineTrigger({
        key: "comment-created",
        event: "Comment Created",
        workflow: "new-comment",
        recipients: "properties.mentioned",
        actor: "properties.commenter.id",
      }),
      defineTrigger({
        key: "comment-digest",
        event: "Comment Created",
        workflow: "digest",
        recipients: "properties.mentionned",
        when: { path: "properties.private", operator: "not_equal_to", value: true },
      }),
      defineTrigger({
        key: "welcome",
        event: "Signed Up",
        workflow: "welcome",
        recipients: "userId",
        unidentified: { hold: "1h", then: "skip" },
      }),
    ],
  });
  const comment = (messageId: string, isPrivate: boolean) =>
    track(
      "Comment Created",
      { title: "Looks good!", private: isPrivate, commenter: { id: "linus" }, mentioned: ["ada", "nobody"] },
      { messageId, userId: "linus" },
    );
  await source.handleSegmentPayload(
    [identify("ada", { email: "ada@example.com", plan: "pro", company: { name: "Engines" } }), comment("c-1", false)],
    development,
  );
  runner.failNext(runnerError("permanent", "template unknown"));
  await source.handleSegmentPayload(
    [
      comment("c-2", true),
      track("Signed Up", {}, { messageId: "held-1", userId: "grace" }),
      track("Order Completed", {}, { messageId: "o-1", userId: "ada" }),
      { type: "tarck" },
    ],
    development,
  );
  await source.triggers.save(
    { key: "order", event: "Order Completed", workflow: "receipt", recipients: "userId" },
    { by: "ada" },
  );
  await source.triggers.disable("welcome", { ...development, by: "grace" });
  return source;
}

/** Every screen, with something in it to know it by. */
const screens: readonly (readonly [path: string, shows: string])[] = [
  ["overview", "production"],
  ["events", "Signed Up"],
  ["events?event=c-1", "path unresolved"],
  ["events?event=c-2", "template unknown"],
  ["events?name=Nothing+like+it", "No event fits these filters"],
  ["names", "comment-digest"],
  ["triggers", "by grace"],
  ["triggers?trigger=order", "Saved by ada"],
  ["triggers?new=event&from=c-1", "would start a run"],
  ["triggers?edit=order", "would start a run"],
  ["runs?status=held", "grace"],
  ["runs?status=failed", "template unknown"],
  ["runs?status=dead", "No run is dead"],
  ["users", "ada@example.com"],
  ["users?user=ada", "Latest events"],
  ["audit", "grace"],
];

/** Each colour scheme and each width is checked by axe-core once, which takes most of the time. */
const looks = [
  ["express 5", "light", 1280, true],
  ["koa 3", "dark", 1280, false],
  ["fastify 5", "light", 375, false],
  ["fetch", "dark", 375, true],
] as const;

describe.skipIf(!hasChromium)(`the screens, in a real browser${withoutChromium}`, { timeout: 90_000 }, () => {
  let chromium: Chromium;
  let source: SegmentSource;
  const open: { close(): unknown }[] = [];
  beforeAll(async () => {
    [chromium, source] = await Promise.all([startChromium(), makeSource()]);
  });
  afterAll(async () => {
    for (const one of open) await one.close();
    await chromium?.close();
  });

  it.each(looks)("over %s, in %s, %i pixels wide", async (framework, colorScheme, width, isChecked) => {
    const panel = createConsole({ source, authorize: () => ({ name: "ada", roles: ["view", "operate", "reveal"] }) });
    const start = consoleServers.find(([name]) => name === framework)?.[1];
    const server: RunningServer = await (start ?? expect.fail())(source, panel);
    open.push(panel, server);
    const context = await chromium.open({ colorScheme, viewport: { width, height: 800 }, reducedMotion: "reduce" });
    const { page, complaints } = await openPage(context);
    const found: unknown[] = [];
    const base = `${server.url}/bellwire/web/development`;
    await page.goto(`${base}/audit`);
    for (const [path, shows] of screens) {
      // As a link does it, without loading the page anew.
      await page.evaluate(`history.pushState(null, "", ${JSON.stringify(`${base}/${path}`)})`);
      await page.evaluate("dispatchEvent(new PopStateEvent('popstate'))");
      await page.getByText(shows).first().waitFor({ state: "attached" });
      await settled(page);
      const overflow = await page.evaluate<number>("document.documentElement.scrollWidth - innerWidth");
      found.push([
        path,
        overflow > 0 ? `${overflow} pixels too wide` : "fits",
        isChecked ? await violationsOf(page) : [],
      ]);
    }
    expect(found).toEqual(screens.map(([path]) => [path, "fits", []]));
    expect(complaints).toEqual([]);
    await context.close();
  });
});
