import { createSegmentSource, defineTrigger, memoryStorage, runnerError, type SegmentSource } from "bellwire";
import { type ConsoleRole, createConsole } from "bellwire/console";
import { recordingRunner, track } from "bellwire/testing";
import type { BrowserContext } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type Chromium, hasChromium, startChromium, withoutChromium } from "../support/chromium.js";
import { openPage, violationsOf } from "../support/console-page.js";
import { consoleServers } from "../support/console-servers.js";
import { hostileTexts } from "../support/hostile-texts.js";

describe.skipIf(!hasChromium)(`the console in a real browser${withoutChromium}`, { timeout: 90_000 }, () => {
  let chromium: Chromium;
  const open: { close(): unknown }[] = [];
  beforeAll(async () => {
    chromium = await startChromium();
  });
  afterEach(async () => {
    for (const one of open.splice(0).reverse()) await one.close();
  });
  afterAll(() => chromium?.close());

  interface Setup {
    readonly roles?: readonly ConsoleRole[];
    readonly width?: number;
    readonly signedIn?: () => boolean;
  }

  const serve = async (
    source: SegmentSource,
    { roles = ["view", "operate", "reveal"], width = 1280, ...given }: Setup = {},
  ) => {
    const panel = createConsole({
      source,
      pollInterval: 100,
      authorize: () => (given.signedIn?.() === false ? null : { name: "ada", roles }),
    });
    const server = await consoleServers[0]![1](source, panel);
    const context: BrowserContext = await chromium.open({ viewport: { width, height: 800 }, reducedMotion: "reduce" });
    open.push(panel, server, context);
    const { page, complaints } = await openPage(context);
    const go = (path: string) => page.goto(`${server.url}/bellwire/segment/production/${path}`);
    return { page, complaints, go, url: server.url };
  };

  const makeSource = (triggers: Parameters<typeof createSegmentSource>[0]["triggers"] = []) =>
    createSegmentSource({
      environments: { production: { webhookToken: "tok" } },
      storage: memoryStorage(),
      runner: recordingRunner(),
      triggers,
    });
  const numbered = (from: number, to: number) =>
    Array.from({ length: to - from }, (_, index) =>
      track(`Event ${from + index}`, {}, { messageId: `m-${from + index}`, userId: "ada" }),
    );

  it("shows texts of others as texts, whatever they say, wherever they stand", async () => {
    const runner = recordingRunner();
    const source = createSegmentSource({
      environments: { production: { webhookToken: "tok" } },
      storage: memoryStorage(),
      runner,
      unidentified: "create",
      triggers: hostileTexts.map((text) =>
        defineTrigger({
          key: text,
          event: text,
          workflow: text,
          recipients: "userId",
          when: { path: "properties.text", operator: "equal_to", value: text },
        }),
      ),
    });
    // Keys that could reach a prototype are never kept.
    const harmless = hostileTexts.filter((text) => text !== "__proto__" && text !== "constructor");
    const everything = Object.fromEntries(hostileTexts.map((text) => [text, text]));
    for (const [index, text] of hostileTexts.entries()) {
      if (index % 2 === 0) runner.failNext(runnerError("permanent", text));
      const event = track(text, { text, everything }, { messageId: `m-${index}`, userId: text });
      await source.handleSegmentPayload([
        event,
        { type: "identify", userId: text, traits: { name: text, [text]: text } },
      ]);
    }
    await source.triggers.disable(hostileTexts[0], { by: hostileTexts[0] });
    const { page, complaints, go } = await serve(source);
    const last = hostileTexts.length - 1;
    await go(`events?type=track&event=m-${last}`);
    const inspector = page.getByRole("complementary", { name: "event" });
    for (let index = last; index >= 0; index -= 7) {
      const title = inspector.getByRole("heading", { level: 2 });
      await expect.poll(() => title.textContent(), { interval: 10 }).toBe(hostileTexts[index]);
      await inspector.getByTitle("Copy path properties.text").waitFor();
      const closed = inspector.locator("[aria-expanded=false]");
      while ((await closed.count()) > 0) await closed.first().click();
      const values = await inspector.locator(".tree-value").allTextContents();
      expect(values).toEqual(expect.arrayContaining(harmless.map((text) => JSON.stringify(text))));
      for (let step = 0; step < 7; step += 1) await page.keyboard.press("j");
    }
    for (const screen of ["names", "triggers", "runs?status=failed", "users", "audit"]) {
      await go(screen);
      await page.getByText(hostileTexts[0], { exact: false }).first().waitFor({ state: "attached" });
    }
    expect(await page.evaluate("window.hurt")).toBeUndefined();
    expect(
      await page.locator("#app :is(script, iframe, img, object, embed, form[action], a[href^='javascript'])").count(),
    ).toBe(0);
    expect(complaints).toEqual([]);
  });

  it("is driven by keys: / j k Enter Esc ?", async () => {
    const source = makeSource();
    await source.handleSegmentPayload(numbered(0, 30));
    const { page, complaints, go } = await serve(source);
    await go("events");
    await page.getByText("Event 29").first().waitFor();
    const selected = () => page.locator("[role=row][aria-selected=true]").textContent();
    for (const key of ["j", "j", "j", "k"]) await page.keyboard.press(key);
    expect(await selected()).toContain("Event 28");
    await page.keyboard.press("Enter");
    const heading = page.getByRole("complementary", { name: "event" }).getByRole("heading", { level: 2 });
    await expect.poll(() => heading.textContent()).toBe("Event 28");
    await page.keyboard.press("j");
    await expect.poll(() => heading.textContent()).toBe("Event 27");
    await page.keyboard.press("Escape");
    await heading.waitFor({ state: "detached" });
    expect(await selected()).toContain("Event 27");
    await page.keyboard.press("/");
    await page.keyboard.type("Event 3");
    await expect.poll(() => page.getByRole("row").count()).toBe(2);
    await page.keyboard.press("Escape");
    await page.keyboard.press("?");
    await page.getByRole("dialog", { name: "Keyboard" }).waitFor();
    expect(await violationsOf(page)).toEqual([]);
    await page.keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "detached" });
    expect(complaints).toEqual([]);
  });

  it("reaches everything with Tab, in the order of the page, with a way past the navigation", async () => {
    const source = makeSource();
    await source.handleSegmentPayload(numbered(0, 3));
    const { page, go } = await serve(source);
    await go("events");
    await page.getByText("Event 2").first().waitFor();
    const stops: string[] = [];
    for (let step = 0; step < 30; step += 1) {
      await page.keyboard.press("Tab");
      const stop = await page.evaluate<string>(
        "(document.activeElement.getAttribute('aria-label') ?? document.activeElement.textContent).trim()",
      );
      stops.push(stop);
      if (stop === "Events, newest first") break;
    }
    expect(stops.slice(0, 2)).toEqual(["Skip to the content", "Source and environment"]);
    expect(stops.slice(2, 9)).toEqual(["Overview", "Events", "Event names", "Triggers", "Runs", "Users", "Audit"]);
    expect(stops.at(-1)).toBe("Events, newest first");
  });

  it("draws only what is in sight of a long log, and loads the rest as it is scrolled", async () => {
    const source = makeSource();
    for (let from = 0; from < 3_000; from += 500) await source.handleSegmentPayload(numbered(from, from + 500));
    const { page, complaints, go } = await serve(source);
    await go("events");
    await page.getByText("Event 2999").first().waitFor();
    const rows = () => page.getByRole("row").count();
    expect(await rows()).toBeLessThan(80);
    await expect
      .poll(
        async () => {
          await page.evaluate("document.querySelector('.virtual').scrollTo(0, 1e9)");
          return page.getByText("Event 0", { exact: true }).count();
        },
        { interval: 20 },
      )
      .toBeGreaterThan(0);
    expect(await rows()).toBeLessThan(80);
    expect(complaints).toEqual([]);
  });

  it("holds new events back while somebody reads further down, and says how many", async () => {
    const source = makeSource();
    await source.handleSegmentPayload(numbered(0, 100));
    const { page, go } = await serve(source);
    await go("events");
    await page.getByText("Live", { exact: true }).waitFor();
    await page.evaluate("document.querySelector('.virtual').scrollTo(0, 900)");
    await source.handleSegmentPayload(numbered(100, 103));
    await page.getByRole("button", { name: "3 new events" }).click();
    await page.getByText("Event 102").first().waitFor();
  });

  it("asks every few seconds where no stream comes through", async () => {
    const source = makeSource();
    const { page, go } = await serve(source);
    await page.route("**/api/stream?*", (route) => route.fulfill({ status: 502, body: "" }));
    await go("events");
    await page.getByText("Live, by polling").waitFor();
    await source.handleSegmentPayload(numbered(0, 1));
    await page.getByText("Event 0").first().waitFor();
  });

  it("goes on by itself after the server was away", async () => {
    const source = makeSource();
    const { page, go } = await serve(source);
    await go("events");
    await page.getByText("Live", { exact: true }).waitFor();
    await page.context().setOffline(true);
    open.find((one): one is ReturnType<typeof createConsole> => "basePath" in one)?.close();
    await page.getByText("Reconnecting").waitFor();
    await source.handleSegmentPayload(numbered(0, 2));
    await page.context().setOffline(false);
    await page.getByText("Event 1").first().waitFor();
    await page.getByText("Live", { exact: true }).waitFor();
  });

  it("shows a viewer without reveal masked values, and switches they can not move", async () => {
    const source = makeSource([
      defineTrigger({ key: "welcome", event: "Signed Up", workflow: "welcome", recipients: "userId" }),
    ]);
    await source.handleSegmentPayload(
      track("Signed Up", { email: "ada@example.com" }, { messageId: "m-1", userId: "ada@example.com" }),
    );
    const { page, complaints, go } = await serve(source, { roles: ["view"] });
    await go("events?event=m-1");
    await page.getByTitle("Copy path properties.email").waitFor();
    expect(await page.content()).not.toContain("ada@example.com");
    expect(await page.getByRole("button", { name: "Replay…" }).count()).toBe(0);
    await go("triggers");
    await page.getByText("welcome").first().waitFor();
    expect(await page.getByRole("switch").first().isDisabled()).toBe(true);
    await go("overview");
    await page.getByText("••••••").first().waitFor();
    expect(await page.content()).not.toContain("/tok");
    expect(complaints).toEqual([]);
  });

  it("tells who is signed out in between that they are", async () => {
    const source = makeSource();
    let signedIn = true;
    const { page, go } = await serve(source, { signedIn: () => signedIn });
    await go("names");
    await page.getByText("No event has reached").waitFor();
    signedIn = false;
    await page.getByRole("link", { name: "Triggers" }).click();
    await page.getByText("You are not signed in").waitFor();
  });

  it("releases, retries and drops runs in bulk, and says before what that means", async () => {
    const runner = recordingRunner();
    const source = createSegmentSource({
      environments: { production: { webhookToken: "tok" } },
      storage: memoryStorage(),
      runner,
      triggers: [
        defineTrigger({
          key: "welcome",
          event: "Signed Up",
          workflow: "welcome",
          recipients: "userId",
          unidentified: { hold: "1h", then: "skip" },
        }),
        defineTrigger({
          key: "receipt",
          event: "Paid",
          workflow: "receipt",
          recipients: "userId",
          unidentified: "create",
        }),
      ],
    });
    await source.handleSegmentPayload(
      ["ada", "grace"].map((id) => track("Signed Up", {}, { messageId: id, userId: id })),
    );
    runner.failNext(runnerError("permanent", "template unknown"));
    await source.handleSegmentPayload(track("Paid", {}, { messageId: "p-1", userId: "linus" }));
    const { page, complaints, go } = await serve(source);
    const choose = async (name: string, confirm: string) => {
      await page.getByLabel("Choose all shown").check();
      await page.getByRole("button", { name: `${name}…` }).click();
      await page.getByRole("dialog").getByRole("button", { name: confirm, exact: true }).click();
    };
    await go("runs?status=held");
    await page.getByLabel("Choose the run of welcome for grace").check();
    await page.getByRole("button", { name: "Drop…" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Drop", exact: true }).click();
    await page.getByText("1 run dropped").waitFor();
    await choose("Release", "Release");
    await page.getByText("1 run released").waitFor();
    await page.getByText("No run is held").waitFor();
    await go("runs?status=failed");
    await choose("Retry", "Retry");
    await page.getByText("1 run to be sent again").waitFor();
    await source.recover();
    expect(runner.runs.map(({ request }) => [request.workflow, request.recipients])).toEqual([
      ["receipt", ["linus"]],
      ["welcome", ["ada"]],
      ["receipt", ["linus"]],
    ]);
    const grace = await source.events.get("grace");
    expect(grace?.outcome.triggers[0]).toMatchObject({ status: "skipped", reason: "dropped" });
    expect(complaints).toEqual([]);
  });

  it("replays an event only after it has shown what that would send", async () => {
    const runner = recordingRunner();
    const source = createSegmentSource({
      environments: { production: { webhookToken: "tok" } },
      storage: memoryStorage(),
      runner,
      unidentified: "create",
      triggers: [defineTrigger({ key: "welcome", event: "Signed Up", workflow: "welcome", recipients: "userId" })],
    });
    await source.handleSegmentPayload(track("Signed Up", {}, { messageId: "m-1", userId: "ada" }));
    const { page, go } = await serve(source);
    await go("events?event=m-1");
    await page.getByRole("button", { name: "Replay…" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByText("may be notified once more").waitFor();
    await dialog.getByText("pending").first().waitFor();
    expect(runner.runs).toHaveLength(1);
    await dialog.getByRole("button", { name: "Replay now" }).click();
    await expect.poll(() => runner.runs.length).toBe(2);
    await page.getByText("Replayed").waitFor();
  });

  it("deletes a user only after their id was typed, and shows who they were no more", async () => {
    const source = makeSource();
    await source.users.identify({ id: "ada", email: "ada@example.com" });
    const { page, go } = await serve(source);
    await go("users?user=ada");
    await page.getByRole("button", { name: "Delete…" }).click();
    const confirm = page.getByRole("button", { name: "Delete for good" });
    expect(await confirm.isDisabled()).toBe(true);
    await page.getByLabel(/Type/).fill("ada");
    await confirm.click();
    await page.getByText("Nobody is known here yet").waitFor();
    expect(await source.users.get("ada")).toBeNull();
  });
});
