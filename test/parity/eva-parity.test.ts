import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { type EvaStart, evaStart } from "../../src/assemble/eva.ts";
import { openBase, prepare } from "../../src/assemble/prepare.ts";
import { ExampleStore } from "../../src/examples/examples.ts";
import { IGNORED } from "../../src/examples/labels.ts";
import { withRanks } from "../../src/peft/eva-ranks.ts";
import { resolveRecipe } from "../../src/recipe/resolve.ts";
import { exportModel } from "../../src/verbs/export/export.ts";
import { expectResumedAlike, fixture, readJson as jsonOf, recipeOf, runHere, temporary } from "../running.ts";
import { expectSame, jobOf, type Method, readJson, train } from "./six-steps.ts";

/** What PEFT made of a start, its keys of the run, and six steps of plain ones. */
type Started = Method & {
  readonly keys: Readonly<Record<string, unknown>>;
  readonly rank_pattern: Readonly<Record<string, number>>;
  readonly alpha_pattern: Readonly<Record<string, number>>;
  /** A of each module that is left. */
  readonly a: Readonly<Record<string, number[][]>>;
};

const cases = Object.entries(readJson<{ cases: Record<string, Started> }>("eva/expected.json").cases).map(
  ([name, method]) => [name, name.replace(/\/[^/]+$/, ""), method] as const,
);

const keysOf = (base: string, { keys: { target_modules, r = 4, ...keys } }: Started) => ({
  ...{ task_type: base.startsWith("causal/") ? "CAUSAL_LM" : "SEQ_CLS", method: "lora", init_lora_weights: "eva" },
  ...{ lora_r: r, lora_alpha: 8, lora_dropout: 0, lora_target_modules: target_modules, ...keys },
});

/** The rows of a fixture as examples: all tokens of a language model count, or those of the second half. */
function examplesOf(base: string, completions: boolean) {
  const { ids } = readJson<{ train: { ids: number[][] } }>(`${base}/expected.json`).train;
  const isCausal = base.startsWith("causal/");
  return ExampleStore.of(
    ids.map((row) => {
      const first = completions ? Math.floor(row.length / 2) : 0;
      const labels = row.map((_, i) => (i + 1 < row.length && i + 1 >= first ? row[i + 1]! : IGNORED));
      return {
        ids: Int32Array.from(row),
        where: "",
        ...(isCausal ? { labels: Int32Array.from(labels) } : { label: 0 }),
      };
    }),
  );
}

/** EVA's start of a fixture, over its rows by eights. */
async function startOf(base: string, method: Started, completions = false) {
  const recipe = resolveRecipe(recipeOf({ model_name_or_path: fixture(base), ...keysOf(base, method) }));
  const model = prepare(recipe, await openBase(recipe), undefined);
  const examples = examplesOf(base, completions);
  const batches = Array.from({ length: examples.length / 8 }, (_, i) => Array.from({ length: 8 }, (_, j) => 8 * i + j));
  return { start: await evaStart(model, examples, batches, () => false), recipe, model };
}

/** The cosine of each of PEFT's components with the one found here. */
const cosines = (wanted: readonly number[][], found: Float32Array): number[] =>
  wanted.map((row, k) => row.reduce((sum, x, j) => sum + x * found[k * row.length + j]!, 0));

function expectComponents({ a }: EvaStart, wanted: Started["a"]): void {
  expect([...a.keys()].sort()).toEqual(Object.keys(wanted).sort());
  for (const [module, rows] of Object.entries(wanted)) {
    const found = a.get(module) as Float32Array;
    expect(found.length, module).toBe(rows.length * rows[0]!.length);
    for (const cosine of cosines(rows, found)) expect(cosine, module).toBeGreaterThan(0.998);
  }
}

const EVA = {
  method: "lora",
  lora_r: 4,
  lora_target_modules: ["query", "intermediate.dense"],
  init_lora_weights: "eva",
};

describe("EVA", () => {
  test.each(cases)("%s: components, ranks and alphas are PEFT's", async (name, base, method) => {
    const { start, recipe } = await startOf(base, method, name.endsWith("completions"));
    expectComponents(start, method.a);
    const { lora_r: r, lora_alpha: loraAlpha, rank_pattern = {}, alpha_pattern = {} } = recipe;
    const config = { r, loraAlpha, rankPattern: rank_pattern, alphaPattern: alpha_pattern };
    const { targetModules, rankPattern, alphaPattern } = withRanks(config, [...start.ranks.keys()], start.ranks);
    expect(rankPattern).toEqual(method.rank_pattern);
    expect(alphaPattern).toEqual(method.alpha_pattern);
    expect([...targetModules].sort()).toEqual(Object.keys(method.a).sort());
  });

  test.each(cases.filter(([name]) => name.endsWith("plain")))("%s: six steps are PEFT's", async (_, base, method) => {
    const output_dir = temporary();
    const job = jobOf(base, "lora", method, { ...keysOf(base, method), output_dir });
    expectSame(await train({ ...job, write: true }), "lora", method);
    const saved = jsonOf(`${output_dir}/adapter_config.json`);
    expect(saved).toMatchObject({ r: 4, init_lora_weights: true, rank_pattern: method.rank_pattern });
    expect(readFileSync(`${output_dir}/recipe.yaml`, "utf8")).toMatch(/^init_lora_weights: eva$/m);
  });

  test("stopped, resumed and exported: ranks and A are those of the first run", async () => {
    const { once, twice } = await expectResumedAlike(EVA);
    expect(jsonOf(`${twice}/adapter_config.json`)).toEqual(jsonOf(`${once}/adapter_config.json`));
    const { difference } = await exportModel({ format: "safetensors", adapter: once, out: `${temporary()}/out` });
    expect(difference).toBeLessThan(1e-4);
  });

  test("is found through a quantized base too, and hidden words", async () => {
    const { losses } = await runHere({ ...EVA, method: "qlora", max_steps: 2 });
    expect(losses.every(Number.isFinite)).toBe(true);
    const masked = { task_type: "MASKED_LM", model_name_or_path: fixture("masked/bert") };
    expect((await runHere({ ...EVA, ...masked, max_steps: 2 })).losses.every(Number.isFinite)).toBe(true);
  });

  test.each([
    [{ per_device_train_batch_size: 1, lora_r: 16 }, /no batch has the 32 tokens that the start of .*query takes/],
    [{ adapter_name_or_path: fixture("bert/adapters/lora") }, /init_lora_weights: "eva" in the recipe, true in the/],
    [
      { task_type: "CAUSAL_LM", model_name_or_path: fixture("causal/llama"), lora_target_modules: ["lm_head"] },
      /init_lora_weights: eva does not go with the output layer lm_head/,
    ],
  ])("%j is refused", async (keys, message) => {
    await expect(runHere({ ...EVA, ...keys })).rejects.toThrow(message);
  });

  test("ends when it is asked to", async () => {
    const [, base, method] = cases[0]!;
    const { model } = await startOf(base, method);
    const asked = evaStart(model, examplesOf(base, false), [[0, 1, 2, 3]], () => true);
    await expect(asked).rejects.toThrow(/stopped after 0 batches/);
  });
});
