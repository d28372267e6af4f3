import { readdirSync, readFileSync } from "node:fs";
import { build } from "esbuild";
import { expect, test } from "vitest";

test("the package bundles for a browser, and holds no module of Node", async () => {
  const { metafile, outputFiles, warnings } = await build({
    stdin: { contents: 'export * from "lowrank"', resolveDir: "." },
    bundle: true,
    write: false,
    metafile: true,
    format: "esm",
    platform: "browser",
    tsconfigRaw: {}, // as in a user's project: the package says what stands for `#platform`
  });
  expect(warnings.map(({ text }) => text)).toEqual([]);
  const inputs = Object.keys(metafile.inputs);
  expect(inputs).toContain("dist/platform/web/index.js");
  expect(inputs.filter((path) => /platform\/node|session\/node|onnxruntime-node|^node:/.test(path))).toEqual([]);
  expect(outputFiles[0]?.text).not.toMatch(/from\s*"node:|require\("(fs|path|os|crypto)"\)/);
});

test("Node's entries lead to no module of a browser", () => {
  const bundles = readdirSync("dist/bundled").map((name) => readFileSync(`dist/bundled/${name}`, "utf8"));
  expect(bundles.length).toBeGreaterThan(4);
  expect(bundles.filter((source) => /onnxruntime-web|navigator\.storage/.test(source))).toEqual([]);
});
