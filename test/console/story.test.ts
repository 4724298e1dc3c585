import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Server, start } from "../../examples/express/start.js";
import { type Chromium, hasChromium, startChromium, withoutChromium } from "../support/chromium.js";
import { openPage } from "../support/console-page.js";
import { root } from "../support/packed.js";

/** `SCREENSHOTS=1` draws the README's pictures anew. */
const screenshots = process.env["SCREENSHOTS"] === undefined ? null : join(root, ".github", "console");

async function show(page: Page, name: string): Promise<void> {
  if (screenshots === null) return;
  mkdirSync(screenshots, { recursive: true });
  await page.getByText(/^Copied|^Saved|inactive in/).waitFor({ state: "hidden" });
  await page.screenshot({ path: join(screenshots, `${name}.png`), animations: "disabled" });
}

describe.skipIf(!hasChromium)(`the whole story, from an empty npm start${withoutChromium}`, { timeout: 90_000 }, () => {
  let chromium: Chromium;
  let server: Server;
  const printed: string[] = [];
  beforeAll(async () => {
    [chromium, server] = await Promise.all([
      startChromium(),
      start({ port: 0, user: "ada", log: (line) => printed.push(line) }),
    ]);
  });
  afterAll(async () => {
    await server?.close();
    await chromium?.close();
  });

  it("paste the curl, see the event, make a trigger from it, see its run, switch it off, read who did", async () => {
    const context = await chromium.open({
      viewport: { width: 1280, height: 800 },
      permissions: ["clipboard-read", "clipboard-write"],
      reducedMotion: "reduce",
    });
    const { page, complaints } = await openPage(context);
    const address =
      /http:\/\/127\.0\.0\.1:\d+\/bellwire/.exec(printed.join())?.[0] ?? expect.fail("no address printed");
    await page.goto(`${address}/web/development/events`);

    await page.getByText("No event has reached development yet").waitFor();
    await page.getByText("Live", { exact: true }).waitFor();
    await show(page, "empty");
    const paste = async () => {
      await page.goto(`${address}/web/development/events`);
      await page.getByRole("button", { name: "Copy the command" }).click();
      await page.getByText("Copied the curl command").waitFor();
      return page.evaluate<string>("navigator.clipboard.readText()");
    };
    const curl = await paste();
    await promisify(execFile)("sh", ["-c", curl]);

    const row = page.getByRole("row", { name: /Comment Created/ });
    await row.first().waitFor();
    await row.first().getByRole("link").click();
    const inspector = page.getByRole("complementary", { name: "event" });
    await inspector.getByText("looks good!", { exact: false }).first().waitFor();

    await inspector.getByRole("link", { name: "Create a trigger from it" }).click();
    await page.getByLabel("Event name").waitFor();
    expect(await page.getByLabel(/^Key names/).inputValue()).toBe("comment-created-2");
    await page.getByLabel(/^Key names/).fill("comment-digest");
    await page.getByLabel(/^Workflow/).fill("digest");
    await page.getByLabel(/^Recipients/).fill("properties.mentionned");
    await page.getByText("did you mean").first().waitFor();
    await page.getByLabel(/^Recipients/).click();
    await page.getByTitle("Use path properties.mentioned", { exact: true }).click();
    await page.getByLabel(/^Actor/).fill("properties.commenter.id");
    const preview = page.getByRole("region", { name: "Preview" });
    await preview.getByText("1 of the last 1 event would start a run").waitFor();
    await preview.getByText('"title":"Looks good!"', { exact: false }).waitFor();
    await show(page, "trigger");

    await page.getByRole("button", { name: "Compare and save…" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByText("1 of the last 1 event would have notified somebody in addition").waitFor();
    await dialog.getByRole("button", { name: "Save", exact: true }).click();
    await page.getByText("Saved by ada").waitFor();

    const again = () =>
      promisify(execFile)("sh", ["-c", curl.replace(/hello-\w+/, `hello-${randomBytes(6).toString("hex")}`)]);
    await again();
    await page.getByRole("link", { name: "Events", exact: true }).click();
    await page
      .getByRole("row", { name: /comment-digest → 1/ })
      .getByRole("link")
      .first()
      .click();
    const digest = page.getByRole("region", { name: "Trigger comment-digest" });
    await digest.getByText("triggered").first().waitFor();
    await digest.getByText("run", { exact: true }).last().click();
    await digest.getByText(/demo-/).first().waitFor();
    await digest.getByText("run", { exact: true }).last().click();
    await show(page, "event");
    expect(printed.join("\n")).toMatch(/workflow run digest/);

    await page.getByRole("link", { name: "Triggers", exact: true }).click();
    await page.getByRole("switch", { name: "comment-digest active in development" }).click();
    await page.getByText("comment-digest is inactive in development").waitFor();
    await again();
    await page.getByRole("link", { name: "Events", exact: true }).click();
    await page
      .getByRole("row", { name: /comment-digest · trigger inactive/ })
      .getByRole("link")
      .first()
      .click();
    await digest.getByText(/trigger inactive/).waitFor();
    await digest.getByText(/by ada at \d{4}-/).waitFor();
    await show(page, "inactive");

    await page.getByRole("link", { name: "Audit", exact: true }).click();
    const audit = page.getByRole("table", { name: "Changes" });
    await audit.getByRole("row").nth(1).getByText("comment-digest").waitFor();
    expect(complaints).toEqual([]);
    await context.close();
  });
});
