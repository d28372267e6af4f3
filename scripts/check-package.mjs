// Packs the package into a folder and checks it as it would be published: `node scripts/check-package.mjs FOLDER`.
// What is in it, how large it is, and what publint and arethetypeswrong say of it. Prints the tarball's path at the end.
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { publint } from "publint";
import { formatMessage } from "publint/utils";

/** The files that belong to a package. Whatever else `npm pack` takes is a mistake. */
const ALLOWED = [
  /^(README\.md|LICENSE|CHANGELOG\.md|package\.json)$/,
  /^dist\/[\w./-]+\.(js|d\.ts)$/,
  /^recipes\/[\w-]+\.yaml$/,
  /^examples\/[\w-]+\.ts$/,
  /^examples\/browser\/[\w.-]+\.(html|m?js)$/,
  /^docs\/[\w./-]+\.(md|svg)$/,
  /^foundation\/model\/(config\.json|model\.safetensors|tokenizer\.json|tokenizer_config\.json|manifest\.json|README\.md)$/,
];
/** Bytes of the largest file outside the embedded model and the bundles. */
const LARGEST = 100_000;
const [folder] = process.argv.slice(2);
if (!folder) throw new Error("usage: check-package.mjs FOLDER");

const said = execFileSync("npm", ["pack", "--silent", "--json", "--pack-destination", folder], { encoding: "utf8" });
const [packed] = JSON.parse(said.slice(said.indexOf("[")));
const tarball = join(folder, packed.filename);
const problems = [];

for (const { path, size } of packed.files) {
  if (!ALLOWED.some((form) => form.test(path))) problems.push(`${path} does not belong to the package`);
  else if (size > LARGEST && !/^(foundation|dist\/bundled)\//.test(path)) problems.push(`${path} has ${size} bytes`);
}
const has = new Set(packed.files.map(({ path }) => path));
const model = ["config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json", "README.md"];
const wanted = [
  "README.md",
  "LICENSE",
  "CHANGELOG.md",
  "recipes/demo.yaml",
  "examples/server.ts",
  "dist/index.d.ts",
  "dist/cli/main.js",
];
const embedded = existsSync("foundation/model") ? model.map((name) => `foundation/model/${name}`) : [];
for (const path of [...wanted, ...embedded]) if (!has.has(path)) problems.push(`${path} is missing`);

const { buffer } = readFileSync(tarball);
const manifest = JSON.parse(readFileSync("package.json", "utf8"));
const { messages } = await publint({ pack: { tarball: buffer }, strict: true });
for (const message of messages) problems.push(`publint: ${formatMessage(message, manifest)}`);

const sizes = new Map();
for (const { path, size } of packed.files) {
  const [root] = path.includes("/") ? path.split("/") : ["beside them"];
  sizes.set(root, (sizes.get(root) ?? 0) + size);
}
const megabytes = (bytes) => `${(bytes / 1e6).toFixed(2)} MB`;
console.log(`${packed.filename}: ${packed.entryCount} files, packed ${megabytes(packed.size)}, unpacked ${megabytes(packed.unpackedSize)}`); // biome-ignore format: one line
for (const [root, size] of sizes) console.log(`  ${root.padEnd(12)} ${megabytes(size)}`);
for (const problem of problems) console.log(`problem: ${problem}`);
if (problems.length > 0) process.exit(1);

const attw = join("node_modules", ".bin", "attw");
execFileSync(attw, [tarball, "--profile", "esm-only", "--no-emoji"], { stdio: "inherit" });
console.log(tarball);
