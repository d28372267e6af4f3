import { cpSync, createReadStream, existsSync, mkdirSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join, normalize, resolve } from "node:path";
import { build } from "esbuild";
import { chromium, type Page } from "playwright-core";

/** Chromium to run pages in; `undefined` where there is none. */
export const CHROMIUM = [process.env.LOWRANK_CHROMIUM, "/usr/bin/chromium"].find(
  (path) => path !== undefined && existsSync(path),
);

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html",
  ".js": "text/javascript",
  ".mjs": "text/javascript",
  ".wasm": "application/wasm",
};
/** Flags by which Chromium gives a page WebGPU on SwiftShader. */
const SOFTWARE_GPU = [
  ...["--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader"],
  ...["--enable-features=Vulkan", "--ignore-gpu-blocklist"],
];
/** Headers by which the browser lets a page have threads. */
const ISOLATION = {
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-embedder-policy": "require-corp",
};

/** Bundles the page and its worker with esbuild, from the package as it is built, into a folder. */
export async function bundleInto(folder: string): Promise<string> {
  await build({
    entryPoints: ["test/browser/page.js", "test/browser/worker.js"],
    bundle: true,
    splitting: true,
    outdir: folder,
    format: "esm",
    platform: "browser",
    tsconfigRaw: {}, // as in a user's project: the package says what its imports stand for
    logLevel: "warning",
  });
  writeFileSync(
    join(folder, "index.html"),
    '<!doctype html><title>lowrank</title><link rel="icon" href="data:,"><script type="module" src="/page.js"></script>',
  );
  return folder;
}

/** Builds the example with vite in a project that has the package installed. @returns the folder to serve. */
export async function buildExample(project: string): Promise<string> {
  const { build: buildWithVite } = await import("vite"); // which takes seconds to load
  cpSync("examples/browser", project, { recursive: true });
  mkdirSync(join(project, "node_modules"));
  symlinkSync(resolve("."), join(project, "node_modules/lowrank"));
  symlinkSync(resolve("node_modules/onnxruntime-web"), join(project, "node_modules/onnxruntime-web"));
  await buildWithVite({ root: project, logLevel: "error" });
  return join(project, "dist");
}

/** A page that is open, and all that it asked the network for. */
export interface OpenPage {
  readonly page: Page;
  /** URLs that were requested. */
  readonly requests: readonly string[];
  /** Texts that the browser's console shows. */
  readonly said: readonly string[];
  /** The origin that it is served from. */
  readonly origin: string;
  /** Has the worker do a task, and returns what it found. */
  ask<Result>(task: string, given?: object): Promise<Result>;
  /** Loads the page again, whatever its worker is doing; tasks that were asked for end with an error. */
  reload(): Promise<void>;
  close(): Promise<void>;
}

/**
 * Opens a folder's page in a browser of its own.
 * @param isolated True when it is served with the headers that threads need.
 * @param options Further folders that are served, by the path at which they are; `webgpu` for a page with a software adapter.
 */
export async function openPage(
  folder: string,
  isolated: boolean,
  {
    served = {},
    webgpu = false,
  }: { readonly served?: Readonly<Record<string, string>>; readonly webgpu?: boolean } = {},
): Promise<OpenPage> {
  const roots: readonly (readonly [string, string])[] = [
    ["/ort/", "node_modules/onnxruntime-web/dist/"],
    ["/fixtures/", `${join(import.meta.dirname, "../parity/fixtures")}/`],
    ["/embedded/", "foundation/model/"],
    ...Object.entries(served),
    ["/", `${folder}/`],
  ];
  const server = createServer(({ url = "/" }, response) => {
    const path = normalize(decodeURIComponent(new URL(url, "http://page").pathname));
    const [prefix, root] = roots.find(([prefix]) => path.startsWith(prefix)) as readonly [string, string];
    const file = join(root, path === "/" ? "index.html" : path.slice(prefix.length));
    if (!existsSync(file)) return response.writeHead(404).end();
    const type = TYPES[extname(file)] ?? "application/octet-stream";
    response.writeHead(200, {
      "content-type": type,
      "content-length": statSync(file).size,
      ...(isolated && ISOLATION),
    });
    return createReadStream(file).pipe(response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const browser = await chromium.launch({
    executablePath: CHROMIUM as string,
    args: ["--no-sandbox", ...(webgpu ? SOFTWARE_GPU : [])],
  });
  const page = await browser.newPage();
  const requests: string[] = [];
  const said: string[] = [];
  page.context().on("request", (request) => requests.push(request.url()));
  page.on("console", (message) => said.push(message.text()));
  page.on("pageerror", (error) => said.push(String(error)));
  await page.goto(`${origin}/${webgpu ? "?webgpu" : ""}`);
  return {
    page,
    requests,
    said,
    origin,
    ask: (task, given) =>
      page.evaluate(([task, given]) => (globalThis as unknown as Asking).ask(task, given), [
        task,
        given,
      ] as const) as never,
    async reload() {
      await page.reload();
    },
    async close() {
      await browser.close();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

interface Asking {
  ask(task: string, given?: object): Promise<unknown>;
}
