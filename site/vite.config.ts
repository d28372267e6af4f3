/** Builds the page into `dist-site/`: static files for any host and any path. */
import { createHash } from "node:crypto";
import { cpSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { defaultClientConditions, defineConfig, type Plugin } from "vite";

const repository = resolve(import.meta.dirname, "..");

/** Headers by which a browser lets a page have threads; elsewhere the service worker adds them. */
const headers = {
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
};

/** The embedded encoder, the provisions, and the list of all files, which the service worker keeps for times without a network. */
const ownFiles: Plugin = {
  name: "own-files",
  apply: "build",
  async writeBundle({ dir: output = "" }) {
    cpSync(join(repository, "foundation/model"), join(output, "model"), { recursive: true });
    const { writeEmbedded } = await import("../dist/index.js");
    await writeEmbedded(join(output, "provisions"));
    const files = readdirSync(output, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(output.length + 1))
      .sort();
    const hash = createHash("sha256");
    for (const file of files) hash.update(readFileSync(join(output, file)));
    const own = files.filter((name) => name !== "service-worker.js");
    const path = join(output, "service-worker.js");
    const source = readFileSync(path, "utf8");
    writeFileSync(
      path,
      source
        .replaceAll("SITE_FILES", JSON.stringify(own))
        .replaceAll("SITE_VERSION", JSON.stringify(hash.digest("hex").slice(0, 16))),
    );
  },
};

/** Modules of the package that no run of this page asks for: data that the page has as files, the network, and starts of LoRA. */
const LEFT_OUT = /dist\/(provisions\/provisions|formats\/hub\/download|data\/parquet|assemble\/(svd-factors|eva))\.js$/;

const leftOut: Plugin = {
  name: "left-out",
  enforce: "pre",
  load: (id) => (LEFT_OUT.test(id) ? "export {};" : undefined),
};

export default defineConfig({
  root: import.meta.dirname,
  base: "./",
  publicDir: false,
  plugins: [ownFiles],
  resolve: {
    alias: { lowrank: join(repository, "dist/web.js") },
    conditions: ["onnxruntime-web-use-extern-wasm", ...defaultClientConditions], // its loader is served beside its wasm already
  },
  worker: {
    format: "es",
    plugins: () => [leftOut],
    rolldownOptions: { output: { codeSplitting: { groups: [{ name: "lowrank", test: /./ }] } } }, // one chunk: it is needed nearly whole, and packs better
  },
  build: {
    outDir: join(repository, "dist-site"),
    emptyOutDir: true,
    target: "es2023",
    modulePreload: false,
    rolldownOptions: {
      input: {
        index: join(import.meta.dirname, "index.html"),
        "service-worker": join(import.meta.dirname, "service-worker.ts"),
      },
      output: { entryFileNames: ({ name }) => (name === "service-worker" ? "[name].js" : "assets/[name]-[hash].js") },
    },
  },
  server: { headers },
  preview: { headers, host: "127.0.0.1", port: 4173 },
});
