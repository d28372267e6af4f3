// Writes docs/SUPPORT.md from the registries: `npm run docs:support` after adding an architecture, an op or a method.
import { readFileSync, writeFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const FILE = "docs/SUPPORT.md";
const from = (path) => import(new URL(`../dist/${path}`, import.meta.url).href);

/** The text of docs/SUPPORT.md as the built library has it. */
export async function supportText() {
  await from("ops/index.js"); // fills the registry
  const [{ ARCHITECTURES }, { registry }, { METHODS }, { METHOD_DEFINITIONS }] = await Promise.all(
    ["models/index.js", "ops/core/define.js", "methods/keys/index.js", "methods/index.js"].map(from),
  );
  const code = (names) => names.map((name) => `\`${name}\``).join(", ");
  const byName = (a, b) => a.localeCompare(b, "en");
  const ops = [...registry.values()].sort((a, b) => byName(a.name, b.name));
  const yes = (said) => (said ? "yes" : "");

  return `# What is supported

Written by \`npm run docs:support\` from the library's registries; a test compares.

Every method works with every architecture and task (\`head\` needs a head: a classification). The frozen linear weights can be held packed under every method but
\`full\`, which freezes none: \`load_in_4bit\` (NF4 or FP4, with or without double quantization, or a GGUF file's own blocks) or \`load_in_8bit\`.

Tasks: \`SEQ_CLS\` (a label for a text; with a \`problem_type\` any number of labels, or a value), \`TOKEN_CLS\` (a tag for each word), \`CAUSAL_LM\` (the next token),
\`MASKED_LM\` (hidden tokens), \`FEATURE_EXTRACTION\` (embeddings, from pairs for search, pairs with a score, or classes).

## Architectures

| \`model_type\` | tasks | default LoRA targets | head that trains with an adapter | never quantized, beside norms and embeddings |
|---|---|---|---|---|
${ARCHITECTURES.toSorted((a, b) => byName(a.modelType, b.modelType))
  .map(
    ({ modelType, tasks, targetModules, trainedHeads, heads }) =>
      `| \`${modelType}\` | ${[tasks, targetModules, trainedHeads, heads].map(code).join(" | ")} |`,
  )
  .join("\n")}

## Methods

| \`method\` | written at the end |
|---|---|
${METHODS.map((method) => `| \`${method}\` | ${code(METHOD_DEFINITIONS[method].weightFiles)} |`).join("\n")}

## Ops

Each has a float64 reference, an ONNX form and, unless it belongs to a backward pass, a gradient rule for every operand
(or the word that there is none). *Recomputed*: where the backward pass reads the result, it is computed again.

| op | operands (\`?\`: may be left out) | recomputed |
|---|---|---|
${ops.map(({ name, operands, cheap }) => `| ${name} | ${code(operands)} | ${yes(cheap)} |`).join("\n")}
`;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const text = await supportText();
  if (!process.argv.includes("--check")) writeFileSync(FILE, text);
  else if (readFileSync(FILE, "utf8") !== text) {
    console.error(`${FILE} is not what the library has; npm run docs:support writes it again.`);
    process.exitCode = 1;
  }
}
