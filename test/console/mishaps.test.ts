import { createSegmentSource, defineTrigger, memoryStorage, type SegmentSource } from "bellwire";
import { type ConsoleUser, createConsole } from "bellwire/console";
import { identify, recordingRunner, track } from "bellwire/testing";
import type { Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type Chromium, hasChromium, startChromium, withoutChromium } from "../support/chromium.js";
import { openPage, settled, violationsOf } from "../support/console-page.js";
import { consoleServers } from "../support/console-servers.js";

const everything = { name: "ada", roles: ["view", "operate", "reveal"] } as const;

describe.skipIf(!hasChromium)(`the console, when something goes wrong${withoutChromium}`, { timeout: 90_000 }, () => {
  let chromium: Chromium;
  const open: { close(): unknown }[] = [];
  beforeAll(async () => {
    chromium = await startChromium();
  });
  afterEach(async () => {
    for (const one of open.splice(0).reverse()) await one.close();
  });
  afterAll(() => chromium?.close());

  const makeSource = (triggers: Parameters<typeof createSegmentSource>[0]["triggers"] = []) =>
    createSegmentSource({
      environments: { production: { webhookToken: "tok" } },
      storage: memoryStorage(),
      runner: recordingRunner(),
      triggers,
    });

  const serve = async (source: SegmentSource, authorize: () => ConsoleUser | Response | null = () => everything) => {
    const panel = createConsole({ source, pollInterval: 100, authorize });
    const server = await consoleServers[0]![1](source, panel);
    const context = await chromium.open({ viewport: { width: 1280, height: 800 }, reducedMotion: "reduce" });
    open.push(panel, server, context);
    const go = async (page: Page, path: string) => {
      await page.goto(`${server.url}/bellwire/segment/production/${path}`);
      return page;
    };
    return { panel, url: server.url, openPage: async (path: string) => go((await openPage(context)).page, path), go };
  };

  const many = (count: number, userId = "ada") =>
    Array.from({ length: count }, (_, index) => track(`Event ${index}`, {}, { messageId: `m-${index}`, userId }));

  it("tells who is sent to a sign-in that they are signed out, and loads the page anew for them", async () => {
    const source = makeSource();
    let isSignedIn = true;
    const signIn = new Response(null, { status: 302, headers: { location: "/" } });
    const { panel, openPage } = await serve(source, () => (isSignedIn ? everything : signIn.clone()));
    const page = await openPage("events");
    await page.getByText("Live", { exact: true }).waitFor();
    isSignedIn = false;
    panel.close();
    await page.getByText("Signed out").waitFor();
    await page.getByText("You are not signed in any more").waitFor();
    await page.getByRole("button", { name: "Load the page" }).click();
    await page.getByText("home").waitFor();
  });

  it("forgets that a page could not be read once it can", async () => {
    const source = makeSource();
    for (let from = 0; from < 150; from += 50)
      await source.handleSegmentPayload(
        Array.from({ length: 50 }, (_, index) => identify(`user-${from + index}`, { plan: "pro" })),
      );
    const { openPage } = await serve(source);
    const page = await openPage("users");
    let isAway = true;
    await page.route("**/api/users?*cursor*", (route) => (isAway ? route.abort() : route.continue()));
    await page.getByRole("button", { name: "More" }).click();
    await page.getByText("The server can not be reached just now.").waitFor();
    isAway = false;
    await page.getByRole("button", { name: "More" }).click();
    await page.getByRole("alert").waitFor({ state: "detached" });
    await expect.poll(() => page.getByRole("row").count()).toBe(151);
  });

  it("reads on in the log from where it could not", async () => {
    const source = makeSource();
    await source.handleSegmentPayload(many(300));
    const { openPage } = await serve(source);
    const page = await openPage("events");
    await page.getByText("Event 299").first().waitFor();
    let begunAnew = 0;
    page.on("request", (request) => {
      if (/\/api\/events\?(?!.*cursor)/.test(request.url())) begunAnew += 1;
    });
    await page.route("**/api/events?*cursor*", (route) => route.abort());
    await page.evaluate("document.querySelector('.virtual').scrollTo(0, 1e9)");
    await page.getByRole("alert").waitFor();
    await page.unroute("**/api/events?*cursor*");
    await page.getByRole("button", { name: "Try again" }).click();
    await page.getByRole("alert").waitFor({ state: "detached" });
    await expect.poll(() => page.getByRole("grid").getAttribute("aria-rowcount")).toBe("301");
    expect(begunAnew).toBe(0);
  });

  it("marks rows of an earlier filter while those of the new one are on their way", async () => {
    const source = makeSource();
    await source.handleSegmentPayload(many(3));
    const { openPage } = await serve(source);
    const page = await openPage("events");
    await page.getByText("Event 2").first().waitFor();
    let answer: () => void = () => undefined;
    const held = new Promise<void>((resolve) => {
      answer = resolve;
    });
    await page.route("**/api/events?*failed*", async (route) => {
      await held;
      await route.continue();
    });
    await page.getByRole("button", { name: "failed" }).click();
    await page.locator("[role=grid][aria-busy=true]").waitFor();
    answer();
    await page.getByText("No event fits these filters").waitFor();
  });

  it("adds to a search what comes in live as the server would find it, and reads a filtered list once", async () => {
    const source = makeSource();
    await source.handleSegmentPayload(track("Rare", {}, { messageId: "r-1", userId: "ada" }));
    for (let round = 0; round < 6; round += 1)
      await source.handleSegmentPayload(
        Array.from({ length: 100 }, (_, index) =>
          track("Often", {}, { messageId: `${round}-${index}`, userId: "ada" }),
        ),
      );
    const { openPage } = await serve(source);
    const page = await openPage("overview");
    let read = 0;
    await page.route("**/api/events?*", (route) => {
      read += 1;
      return route.continue();
    });
    await page.getByRole("link", { name: "Events", exact: true }).click();
    await page.getByLabel(/^Search/).fill(" rare");
    await expect.poll(() => page.getByRole("row").count()).toBe(2);
    await page.getByText("Live", { exact: true }).waitFor();
    await source.handleSegmentPayload(track("Rare Too", {}, { messageId: "r-2", userId: "ada" }));
    await page.getByText("r-2").waitFor();
    expect(read).toBe(2);
  });

  it("says inside of a dialog what failed", async () => {
    const source = makeSource();
    await source.users.identify({ id: "ada" });
    const { openPage } = await serve(source);
    const page = await openPage("users?user=ada");
    await page.route("**/api/users/delete?*", (route) => route.abort());
    await page.getByRole("button", { name: "Delete…" }).click();
    await page.getByLabel(/Type/).fill("ada");
    await page.getByRole("button", { name: "Delete for good" }).click();
    await page.getByRole("dialog").getByRole("alert").getByText("can not be reached").waitFor();
    expect(await violationsOf(page)).toEqual([]);
  });

  it("says why an event can not be replayed that is gone in between", async () => {
    const source = makeSource();
    await source.handleSegmentPayload(track("Paid", {}, { messageId: "m-1", userId: "ada" }));
    const { openPage } = await serve(source);
    const page = await openPage("events?event=m-1");
    await page.getByTitle("Copy path userId").waitFor();
    await page.route("**/api/replay?*", (route) =>
      route.continue({ postData: JSON.stringify({ messageId: "gone", dryRun: true }) }),
    );
    await page.getByRole("button", { name: "Replay…" }).click();
    await page.getByRole("dialog").getByText("it can not be replayed").waitFor();
    expect(await page.getByRole("button", { name: "Replay now" }).isDisabled()).toBe(true);
  });

  it("does not let one of two who edit a trigger overwrite the other unseen", async () => {
    const source = makeSource();
    await source.triggers.save({ key: "order", event: "Paid", workflow: "receipt", recipients: "userId" });
    const { openPage } = await serve(source);
    const [first, second] = [await openPage("triggers?edit=order"), await openPage("triggers?edit=order")];
    const save = async (page: Page, workflow: string) => {
      await page.getByLabel(/^Workflow/).fill(workflow);
      await page.getByRole("button", { name: "Compare and save…" }).click();
      await page.getByRole("dialog").getByRole("button", { name: "Save", exact: true }).click();
    };
    const workflow = async () => (await source.triggers.list())[0]?.definition.workflow;
    await save(first, "by-the-first");
    await first.getByText("Saved by ada").waitFor();
    await save(second, "by-the-second");
    await second.getByText("order was changed by ada in the meantime").waitFor();
    expect(await workflow()).toBe("by-the-first");
    await second.getByRole("button", { name: "Cancel" }).click();
    await second.getByRole("link", { name: "Back to the triggers" }).click();
    await second.getByRole("link", { name: "order" }).click();
    await second.getByRole("link", { name: "Edit" }).click();
    await expect.poll(() => second.getByLabel(/^Workflow/).inputValue()).toBe("by-the-first");
    await save(second, "by-the-second");
    await expect.poll(workflow).toBe("by-the-second");
  });

  it("takes no key for a new trigger that another has, and keeps the key of one that is edited", async () => {
    const source = makeSource();
    await source.triggers.save({ key: "order", event: "Paid", workflow: "receipt", recipients: "userId" });
    const { openPage, go } = await serve(source);
    const page = await openPage("triggers?new=event&type=track&name=Paid");
    await page.getByLabel(/^Key names/).fill("order");
    await page.getByText('there is a trigger "order" already').waitFor();
    expect(await page.getByRole("button", { name: "Compare and save…" }).isDisabled()).toBe(true);
    await go(page, "triggers?edit=order");
    await page.getByRole("button", { name: "JSON" }).click();
    const text = page.getByLabel("Definition");
    await text.fill((await text.inputValue()).replace('"order"', '"other"'));
    await page.getByText('stays "order"').waitFor();
  });

  it("keeps JSON that the form can not show, and says that it can not", async () => {
    const source = makeSource();
    const when = { any: [{ path: "properties.total", operator: "exists" as const }] };
    await source.triggers.save({ key: "order", event: "Paid", workflow: "receipt", recipients: "userId", when });
    const { openPage } = await serve(source);
    const page = await openPage("triggers?edit=order");
    await page.getByText("The form can not show all of this.").waitFor();
    expect(await page.getByRole("button", { name: "Form" }).isDisabled()).toBe(true);
    await page.getByRole("button", { name: "JSON" }).click();
    expect(JSON.parse(await page.getByLabel("Definition").inputValue())).toMatchObject({ key: "order", when });
  });

  it("shows every recipient on demand, and leads to no user whose id is masked", async () => {
    const source = makeSource([
      defineTrigger({ key: "team", event: "Announced", workflow: "team", recipients: "properties.to" }),
    ]);
    const to = [...Array.from({ length: 120 }, (_, index) => `member-${index}`), "ada@example.com"];
    await source.handleSegmentPayload(track("Announced", { to }, { messageId: "m-1", userId: "ada" }));
    const { openPage } = await serve(source, () => ({ name: "grace", roles: ["view"] }));
    const page = await openPage("events?event=m-1");
    await page.getByText("member-49", { exact: true }).waitFor();
    expect(await page.getByText("member-119", { exact: true }).count()).toBe(0);
    await page.getByRole("button", { name: "Show all 121" }).click();
    await page.getByRole("link", { name: "member-119" }).waitFor();
    expect(await page.getByRole("link", { name: "••••••" }).count()).toBe(0);
    await page.getByText("••••••").first().waitFor();
  });

  it("leads from a bar of the timeline to the events of that time, by an address that means the same everywhere", async () => {
    const source = makeSource();
    await source.handleSegmentPayload(many(3));
    const { openPage } = await serve(source);
    const page = await openPage("overview");
    const bars = page.locator(".sparkline a");
    await bars.last().waitFor();
    expect(await bars.count()).toBe(48);
    await bars.nth(46).click();
    await page.getByText("No event fits these filters").waitFor();
    const { searchParams } = new URL(page.url());
    const [from = "", to = ""] = [searchParams.get("from") ?? "", searchParams.get("to") ?? ""];
    expect(Date.parse(to) - Date.parse(from)).toBe(30 * 60 * 1_000);
    await page.getByLabel("To", { exact: true }).fill("");
    await page.getByText("Event 2").first().waitFor();
    await page.getByLabel("From", { exact: true }).fill("2026-01-31T18:30");
    await expect
      .poll(() => new URL(page.url()).searchParams.get("from"))
      .toMatch(/^2026-0[12]-\d\dT\d\d:\d\d:00\.000Z$/);
  });

  it("breaks long texts, so that nothing is pushed out of sight", async () => {
    const source = makeSource();
    const long = "without-a-gap".repeat(14);
    await source.triggers.save({ key: long, event: long, workflow: long, recipients: "userId" }, { by: long });
    await source.handleSegmentPayload(track(long, { [long]: long }, { messageId: "m-1", userId: long }));
    const { openPage, go } = await serve(source);
    const page = await openPage("overview");
    const found: string[] = [];
    for (const path of [
      `events?event=m-1&name=${long}&userId=${long}`,
      `triggers?trigger=${long}`,
      `triggers?edit=${long}`,
      `users?user=${long}`,
      "names",
      "audit",
    ]) {
      await go(page, path);
      await page.getByText(long).first().waitFor();
      await settled(page);
      // What scrolls sideways, and what reaches beyond the window.
      const cut = await page.evaluate<readonly string[]>(
        `[...document.querySelectorAll("main *")].filter((one) => one.getClientRects().length > 0 &&
          (getComputedStyle(one).overflowX === "auto" ? one.scrollWidth > one.clientWidth :
            one.getBoundingClientRect().right > innerWidth + 1 && one.closest(".cut, .row, .led-to, .off-screen") === null)
        ).map((one) => one.outerHTML.slice(0, 120))`,
      );
      found.push(...cut.map((html) => `${path}: ${html}`));
    }
    expect(found).toEqual([]);
  });

  it("keeps the focus of a keyboard where it was, and above what lies under a detail", async () => {
    const trigger = { event: "Paid", workflow: "receipt", recipients: "userId" };
    const source = makeSource([defineTrigger({ ...trigger, key: "of-code" })]);
    await source.triggers.save({ ...trigger, key: "order" });
    const { openPage } = await serve(source);
    const page = await openPage("triggers");
    const focus = () =>
      page.evaluate<string>(
        "(document.activeElement.ariaLabel ?? document.activeElement.id) || document.activeElement.textContent",
      );
    await page.getByRole("switch", { name: "of-code active in production" }).focus();
    await page.keyboard.press("Space");
    await page.getByText("of-code is inactive in production").waitFor();
    expect(await focus()).toBe("of-code active in production");
    await page.setViewportSize({ width: 375, height: 740 });
    await page.getByRole("link", { name: "of-code" }).focus();
    await page.keyboard.press("Enter");
    await expect.poll(focus).toMatch(/^Back to the list/);
    const stops = new Set<string>();
    for (let step = 0; step < 8; step += 1) {
      await page.keyboard.press("Tab");
      stops.add(await focus());
    }
    expect([...stops]).toEqual(expect.arrayContaining(["Its events", "Copy JSON"]));
    expect([...stops].filter((stop) => /^(?:Overview|order|New trigger)$/.test(stop))).toEqual([]);
    await page.keyboard.press("Escape");
    await expect.poll(focus).toBe("of-code");
    await page.getByRole("link", { name: "order" }).click();
    await page.getByRole("button", { name: "Remove…" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Remove", exact: true }).click();
    await page.getByText("Removed order").waitFor();
    await expect.poll(focus).toBe("main");
  });

  it("opens by an address that is no encoding of anything, and says of a trigger that is gone that it is", async () => {
    const source = makeSource();
    const { openPage, url } = await serve(source);
    const page = await openPage("triggers?trigger=gone");
    await page.getByText('There is no trigger "gone" any more.').waitFor();
    await page.goto(`${url}/bellwire/100%/production/events`);
    await page.getByRole("heading", { name: "Events" }).waitFor();
  });
});
