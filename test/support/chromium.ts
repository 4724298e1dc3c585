import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type BrowserContext, chromium } from "playwright-core";

const executablePath = process.env["CHROMIUM"] ?? "/usr/bin/chromium";

export const hasChromium = existsSync(executablePath);
/** Stands in the names of tests that are skipped without one. */
export const withoutChromium = hasChromium ? "" : " (this machine has no Chromium)";

export interface Chromium {
  /** A window of its own, with nothing kept from others. */
  readonly open: (
    options?: Parameters<Awaited<ReturnType<typeof chromium.launch>>["newContext"]>[0],
  ) => Promise<BrowserContext>;
  readonly close: () => Promise<void>;
}

/** A real browser that talks to nobody but the page's own server. */
export async function startChromium(): Promise<Chromium> {
  const folder = mkdtempSync(join(tmpdir(), "bellwire-chromium-"));
  const browser = await chromium.launch({
    executablePath,
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
    env: { ...process.env, XDG_CONFIG_HOME: folder, XDG_CACHE_HOME: folder },
  });
  return {
    open: (options) => browser.newContext(options),
    close: async () => {
      await browser.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
