import { readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import type { Prediction } from "../../src/events/reports.ts";
import { exportGguf } from "../../src/formats/gguf/model/write-gguf.ts";
import { readCheckpoint } from "../../src/formats/transformers/checkpoint.ts";
import { embed } from "../../src/verbs/embed.ts";
import { TextGenerator } from "../../src/verbs/generate.ts";
import { predict } from "../../src/verbs/predict.ts";
import { pythonOf } from "../parity/python.ts";
import { fixture, type Keys, readJson, rowsOf, runHere, temporary } from "../running.ts";

const TEXT = "within days the law";
const gguf = `${temporary()}/tiny.gguf`;
const base = await readCheckpoint(fixture("causal/llama"));
const unbiased = new Map([...base.tensors].filter(([name]) => !name.endsWith(".bias"))); // transformers reads no other llama of GGUF
const config = { ...base.config, attention_bias: false, mlp_bias: false };
await exportGguf({ base: { ...base, config, tensors: unbiased }, out: gguf, type: "F32" });

const some = (rows: unknown): Record<string, unknown>[] => (rows as Record<string, unknown>[]).slice(0, 16);
const texts = some(rowsOf().train).map(({ text }) => ({ text }));
const values = some(rowsOf().train).map(({ text }, i) => ({ text, label: i / 4 }));
const several = some(rowsOf().train).map(({ text, label }) => ({ text, labels: [label, "any"] }));
const pairs = some(rowsOf().train).map(({ text }) => ({ anchor: text, positive: `${text} days` }));
const masked = { model_name_or_path: fixture("masked/bert"), task_type: "MASKED_LM" };
const causal = { model_name_or_path: fixture("causal/llama"), task_type: "CAUSAL_LM" };

/** Runs whose cards are tried: recipe keys, rows, and what the library says of {@link TEXT}. */
const CASES: Readonly<Record<string, readonly [Keys, unknown, (folder: string) => Promise<string>]>> = {
  "classes, LoRA": [{}, rowsOf().train, label],
  "classes, whole": [{ method: "full" }, rowsOf().train, label],
  "other classes than the base's": [
    {},
    some(rowsOf().train)
      .slice(0, 3)
      .map((row, i) => ({ ...row, label: `${i}x` })),
    label,
  ],
  "a value": [{}, values, async (folder) => String((await ask(folder, "value")) as number)],
  "several labels": [
    { learning_rate: 0.05 },
    several,
    async (folder) => python1(((await ask(folder, "labels")) as { label: string }[]).map(({ label }) => label)),
  ],
  words: [
    {
      model_name_or_path: fixture("bert-tokens"),
      task_type: "TOKEN_CLS",
      text_column: "tokens",
      label_column: "labels",
    },
    rowsOf(true).train,
    tags,
  ],
  "masked words, LoRA": [masked, texts, async () => ""],
  "masked words, whole": [{ ...masked, method: "full" }, texts, async () => ""],
  "texts, LoRA": [causal, texts, continued],
  "texts, whole": [{ ...causal, method: "full" }, texts, continued],
  "texts, LoRA on a GGUF file": [{ ...causal, model_name_or_path: gguf }, texts, continued],
  "classes, LoRA on a GGUF file": [{ model_name_or_path: gguf }, rowsOf().train, label],
};

async function ask(folder: string, key: string): Promise<unknown> {
  for await (const prediction of predict({ adapter: folder, texts: [TEXT] }))
    return (prediction as Prediction & Record<string, unknown>)[key];
  return undefined;
}
async function label(folder: string): Promise<string> {
  return String(await ask(folder, "label"));
}
async function tags(folder: string): Promise<string> {
  const words = (await ask(folder, "words")) as { word: string; label: string }[];
  return `[${words.map(({ word, label }) => `('${word}', '${label}')`).join(", ")}]`;
}
async function continued(folder: string): Promise<string> {
  const generator = await TextGenerator.open({ adapter: folder });
  const parts = generator.generate(TEXT, { maxNewTokens: 50 });
  for (;;) {
    const { done, value } = await parts.next();
    if (!done) continue;
    await generator.close();
    return value.text;
  }
}
const python1 = (names: readonly string[]): string => JSON.stringify(names.toSorted());

/** The Python of a card, its paths and text filled in. */
function pythonIn(folder: string, base: string): string {
  const card = readFileSync(`${folder}/README.md`, "utf8");
  const code = /```python\n([\s\S]*?)```/.exec(card)?.[1] ?? "";
  return code
    .replaceAll("path/to/this/folder", folder)
    .replaceAll("path/to/its/folder", dirname(base))
    .replace(/"path\/to\/[\w-]+"/, JSON.stringify(base))
    .replaceAll(/"… ?"/g, JSON.stringify(TEXT))
    .replaceAll('" …"', '" days"');
}

async function trained(keys: Keys, rows: unknown): Promise<{ readonly folder: string; readonly code: string }> {
  const folder = temporary();
  const all = { model_name_or_path: fixture("bert"), max_steps: 3, learning_rate: 0.01, ...keys, output_dir: folder };
  await runHere(all, { rows: { train: rows as Record<string, unknown>[] } });
  return { folder, code: pythonIn(folder, String(all.model_name_or_path)) };
}

const peers = pythonOf("LOWRANK_PEERS", "lowrank-peers");
describe.skipIf(peers.missing !== undefined)(
  `the Python of a model card says what the library says${peers.missing ? `: ${peers.missing}` : ""}`,
  () => {
    const expected: string[] = [];
    let printed: string[] = [];
    beforeAll(async () => {
      const codes: string[] = [];
      for (const [keys, rows, says] of Object.values(CASES)) {
        const { folder, code } = await trained(keys, rows);
        codes.push(code);
        expected.push(await says(folder));
      }
      printed = peers.run("run_snippets.py", codes) as string[];
    }, 300_000);

    test.each(Object.keys(CASES).map((name, i) => [name, i] as const))("%s", (name, i) => {
      const [ours, theirs] = [expected[i]!, printed[i]!.trim()];
      expect(theirs).not.toMatch(/Traceback/);
      if (name === "a value") expect(Number(theirs)).toBeCloseTo(Number(ours), 4);
      else if (name === "several labels") expect(python1(JSON.parse(theirs.replaceAll("'", '"')))).toBe(ours);
      else if (name.startsWith("texts")) expect(theirs.slice(-ours.trim().length)).toBe(ours.trim());
      else if (name.startsWith("masked")) expect(theirs).toMatch(/\S/);
      else expect(theirs).toBe(ours);
    });
  },
);

test.each([
  ["LOWRANK_ADAPTERS", "lowrank-adapters", { method: "adapter" }, rowsOf().train],
  [
    "LOWRANK_SENTENCE_TRANSFORMERS",
    "lowrank-reference/sentence-transformers",
    { model_name_or_path: fixture("bert-bare"), task_type: "FEATURE_EXTRACTION" },
    pairs,
  ],
] as const)(
  "so does that of adapters of another library: %s",
  async (variable, home, keys, rows) => {
    const python = pythonOf(variable, home);
    if (python.missing !== undefined) return;
    const { folder, code } = await trained(keys, rows);
    const tokenizer = readJson(`${folder}/tokenizer_config.json`); // its class is of newer transformers than adapters has
    writeFileSync(
      `${folder}/tokenizer_config.json`,
      JSON.stringify({ ...tokenizer, tokenizer_class: "PreTrainedTokenizerFast" }),
    );
    const [said = ""] = python.run("run_snippets.py", [code]) as string[];
    if (variable === "LOWRANK_ADAPTERS") return expect(said.trim()).toBe(await label(folder));
    for await (const { embedding } of embed(folder, [TEXT])) {
      const numbers = said.match(/-?\d+\.\d+(e-?\d+)?/g)?.map(Number) ?? [];
      expect(numbers.length).toBe(embedding?.length);
      numbers.forEach((x, i) => void expect(x).toBeCloseTo(embedding?.[i] as number, 4));
    }
  },
  120_000,
);
