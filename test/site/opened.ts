import { createReadStream, existsSync, statSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join, normalize } from "node:path";
import { type BrowserContext, chromium, type Page } from "playwright-core";
import { build } from "vite";
import { CHROMIUM } from "../browser/site.ts";
import { temporary } from "../running.ts";

/** Folder of the host that the page lies in: it must not matter. */
export const PATH = "/some/folder/";

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html",
  ".css": "text/css",
  ".js": "text/javascript",
  ".mjs": "text/javascript",
  ".wasm": "application/wasm",
};

/** The page as it is published. @returns its folder. */
export async function builtSite(): Promise<string> {
  const outDir = temporary();
  await build({ root: "site", configFile: "site/vite.config.ts", logLevel: "error", build: { outDir } });
  return outDir;
}

/** A page that is open, and all that it asked the network for. */
export interface OpenSite {
  readonly page: Page;
  readonly context: BrowserContext;
  readonly address: string;
  readonly requests: readonly string[];
  /** Messages of the console, and errors. */
  readonly said: readonly string[];
  /** Stops the host, as if there were no network. */
  unplug(): Promise<void>;
  close(): Promise<void>;
}

/**
 * Serves the page from a plain host, which sends no headers for threads, and opens it.
 * @param serviceWorkers `block` as browsers do in some private windows.
 */
export async function openSite(folder: string, serviceWorkers: "allow" | "block" = "allow"): Promise<OpenSite> {
  const server = createServer(({ url = "/" }, response) => {
    const path = normalize(decodeURIComponent(new URL(url, "http://host").pathname));
    const file = join(folder, path === PATH ? "index.html" : path.slice(PATH.length));
    if (!path.startsWith(PATH) || !existsSync(file)) return response.writeHead(404).end();
    const type = TYPES[extname(file)] ?? "application/octet-stream";
    response.writeHead(200, { "content-type": type, "content-length": statSync(file).size });
    return createReadStream(file).pipe(response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}${PATH}`;
  const browser = await chromium.launch({ executablePath: CHROMIUM as string, args: ["--no-sandbox"] });
  const context = await browser.newContext({ acceptDownloads: true, serviceWorkers });
  const page = await context.newPage();
  const requests: string[] = [];
  const said: string[] = [];
  context.on("request", (request) => requests.push(request.url()));
  page.on("console", (message) => said.push(message.text()));
  page.on("pageerror", (error) => said.push(String(error)));
  await page.goto(address);
  const unplug = async (): Promise<void> => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve)); // once more says that it is closed
  };
  return {
    ...{ page, context, address, requests, said, unplug },
    async close() {
      await browser.close();
      await unplug();
    },
  };
}

/** Waits until the page has a worker and a model. */
export const isReady = (page: Page): Promise<unknown> =>
  page.waitForSelector("#provisions:not([disabled])", { timeout: 30_000 });
