// Compiles src/ to dist/. Also npm's `prepare`: a fresh clone is runnable right after `npm ci`.
import { execFileSync } from "node:child_process";
import { chmodSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, relative } from "node:path";
import { build } from "esbuild";

/** What Node starts: the library, the command, a run's thread, and the processes that decode Parquet files and try WebGPU. */
const ENTRIES = [
  ...["index", "cli/main", "training/thread/thread", "data/parquet-process"],
  "session/node/webgpu-process",
];
/** The folder of the bundles. */
const BUNDLED = "bundled";

const tsc = join(dirname(createRequire(import.meta.url).resolve("typescript/package.json")), "bin", "tsc");
rmSync("dist", { recursive: true, force: true });
for (const config of ["tsconfig.json", "tsconfig.web.json"]) {
  execFileSync(process.execPath, [tsc, "-p", config], { stdio: "inherit" });
}

/** A module in a bundle still finds what lies beside its own file. */
const ownUrls = {
  name: "own-urls",
  setup({ onLoad }) {
    onLoad({ filter: /\.js$/ }, ({ path }) => {
      const own = JSON.stringify(`../${relative("dist", path)}`);
      const contents = readFileSync(path, "utf8").replaceAll(
        "import.meta.url",
        `new URL(${own}, import.meta.url).href`,
      );
      return { contents };
    });
  },
};

// Node reads a few large modules in half the time of 400 small ones, and every command and every run reads them.
await build({
  entryPoints: Object.fromEntries(ENTRIES.map((entry) => [entry.replaceAll("/", "-"), `dist/${entry}.js`])),
  outdir: `dist/${BUNDLED}`,
  bundle: true,
  splitting: true,
  format: "esm",
  platform: "node",
  target: "node20",
  packages: "external",
  ignoreAnnotations: true, // modules that only register themselves stay
  tsconfigRaw: {}, // its paths lead to src
  plugins: [ownUrls],
  logLevel: "warning",
});
for (const entry of ENTRIES) {
  const bundle = `${"../".repeat(entry.split("/").length - 1) || "./"}${BUNDLED}/${entry.replaceAll("/", "-")}.js`;
  const isCommand = entry === "cli/main";
  writeFileSync(`dist/${entry}.js`, `${isCommand ? "#!/usr/bin/env node\n" : ""}export * from "${bundle}";\n`);
  if (isCommand) chmodSync(`dist/${entry}.js`, 0o755);
}
