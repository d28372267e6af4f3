import { readFileSync, symlinkSync } from "node:fs";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { build, type Plugin } from "esbuild";

const ROOT = join(import.meta.dirname, "../../..");

/** Gives each module of a bundle the place of its source, from which it finds its fixtures and its neighbours. */
const ownPlaces: Plugin = {
  name: "own-places",
  setup({ onLoad }) {
    onLoad({ filter: /\.ts$/ }, ({ path }) => {
      const contents = readFileSync(path, "utf8")
        .replaceAll("import.meta.url", JSON.stringify(pathToFileURL(path).href))
        .replaceAll("import.meta.dirname", JSON.stringify(dirname(path)));
      return { contents, loader: "ts" };
    });
  },
};

/**
 * Bundles a module and what it imports of this repository into one file of `folder`: loaders of TypeScript are asked at
 * each `import()`, which many reads do. Its source map names the lines of the sources.
 * @returns path of the bundle.
 */
export async function bundle(module: string, folder: string): Promise<string> {
  const outfile = join(folder, "bundle.mjs");
  symlinkSync(join(ROOT, "node_modules"), join(folder, "node_modules"));
  await build({
    ...{ entryPoints: [module], outfile, bundle: true, platform: "node", target: "node20", format: "esm" },
    ...{ packages: "external", sourcemap: "inline", sourcesContent: false, plugins: [ownPlaces] },
    ignoreAnnotations: true, // modules that are imported for what they do
    logLevel: "warning",
  });
  return outfile;
}
