import { join } from "node:path";
import { type BrowserContext, chromium, type Page } from "playwright-core";
import { build } from "vite";
import { type Heard, heardFrom, startHost } from "../browser/host.ts";
import { CHROMIUM } from "../browser/site.ts";
import { temporary } from "../running.ts";

/** Folder of the host that the page lies in: it must not matter. */
export const PATH = "/some/folder/";

/** The page as it is published. @returns its folder. */
export async function builtSite(): Promise<string> {
  const outDir = temporary();
  await build({ root: "site", configFile: "site/vite.config.ts", logLevel: "error", build: { outDir } });
  return outDir;
}

/** A page that is open, and all that it asked the network for. */
export interface OpenSite extends Heard {
  readonly page: Page;
  readonly context: BrowserContext;
  readonly address: string;
  /** Stops the host, as if there were no network. */
  unplug(): Promise<void>;
  close(): Promise<void>;
}

/**
 * Serves the page from a plain host, which sends no headers for threads, and opens it.
 * @param serviceWorkers `block` as browsers do in some private windows.
 */
export async function openSite(folder: string, serviceWorkers: "allow" | "block" = "allow"): Promise<OpenSite> {
  const host = await startHost((path) =>
    path.startsWith(PATH) ? join(folder, path === PATH ? "index.html" : path.slice(PATH.length)) : undefined,
  );
  const address = `${host.origin}${PATH}`;
  const browser = await chromium.launch({ executablePath: CHROMIUM as string, args: ["--no-sandbox"] });
  const context = await browser.newContext({ acceptDownloads: true, serviceWorkers });
  const page = await context.newPage();
  const heard = heardFrom(page);
  await page.goto(address);
  return {
    ...{ page, context, address, ...heard, unplug: host.close },
    async close() {
      await browser.close();
      await host.close();
    },
  };
}

/** Waits until the page has a worker and a model. */
export const isReady = (page: Page): Promise<unknown> =>
  page.waitForSelector("#provisions:not([disabled])", { timeout: 30_000 });
