import { cpSync, existsSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { build } from "esbuild";
import { chromium, type Page } from "playwright-core";
import { type Heard, heardFrom, startHost } from "./host.ts";

/** Chromium to run pages in; `undefined` where there is none. */
export const CHROMIUM = [process.env.LOWRANK_CHROMIUM, "/usr/bin/chromium"].find(
  (path) => path !== undefined && existsSync(path),
);

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
export interface OpenPage extends Heard {
  readonly page: Page;
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
  const fileAt = (path: string): string => {
    const [prefix, root] = roots.find(([prefix]) => path.startsWith(prefix)) as readonly [string, string];
    return join(root, path === "/" ? "index.html" : path.slice(prefix.length));
  };
  const { origin, close } = await startHost(fileAt, isolated ? ISOLATION : {});
  const browser = await chromium.launch({
    executablePath: CHROMIUM as string,
    args: ["--no-sandbox", ...(webgpu ? SOFTWARE_GPU : [])],
  });
  const page = await browser.newPage();
  const heard = heardFrom(page);
  await page.goto(`${origin}/${webgpu ? "?webgpu" : ""}`);
  return {
    page,
    ...heard,
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
      await close();
    },
  };
}

interface Asking {
  ask(task: string, given?: object): Promise<unknown>;
}
