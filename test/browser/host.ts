import { createReadStream, existsSync, statSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, normalize } from "node:path";
import type { Page } from "playwright-core";

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html",
  ".css": "text/css",
  ".js": "text/javascript",
  ".mjs": "text/javascript",
  ".wasm": "application/wasm",
};

/** A server of files on this machine. */
export interface Host {
  readonly origin: string;
  /** Ends it, with the connections that are open; once is enough. */
  close(): Promise<void>;
}

/**
 * Serves files.
 * @param fileAt The file for a path of an address; `undefined` for one that is not served.
 */
export async function startHost(
  fileAt: (path: string) => string | undefined,
  headers: Readonly<Record<string, string>> = {},
): Promise<Host> {
  const server = createServer(({ url = "/" }, response) => {
    const file = fileAt(normalize(decodeURIComponent(new URL(url, "http://host").pathname)));
    if (file === undefined || !existsSync(file)) return response.writeHead(404).end();
    const type = TYPES[extname(file)] ?? "application/octet-stream";
    response.writeHead(200, { "content-type": type, "content-length": statSync(file).size, ...headers });
    return createReadStream(file).pipe(response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve)); // once more says that it is closed
    },
  };
}

/** All that a page asks the network for and says from now on. */
export interface Heard {
  /** URLs that were requested. */
  readonly requests: readonly string[];
  /** Texts of the console, and errors. */
  readonly said: readonly string[];
}

/** Listens to a page and its workers. */
export function heardFrom(page: Page): Heard {
  const requests: string[] = [];
  const said: string[] = [];
  page.context().on("request", (request) => requests.push(request.url()));
  page.on("console", (message) => said.push(message.text()));
  page.on("pageerror", (error) => said.push(String(error)));
  return { requests, said };
}
