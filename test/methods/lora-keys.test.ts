import { describe, expect, test } from "vitest";
import { openBase, prepare, weightsOf } from "../../src/assemble/prepare.ts";
import { loraMethod } from "../../src/methods/lora.ts";
import { openAdapter } from "../../src/methods/open-adapter.ts";
import { Random } from "../../src/random.ts";
import { resolveRecipe } from "../../src/recipe/resolve.ts";
import { saveModel } from "../../src/training/saved.ts";
import { exportModel } from "../../src/verbs/export/export.ts";
import { inspect } from "../../src/verbs/inspect.ts";
import { expectResumedAlike, fixture, type Keys, readJson, recipeOf, runHere, temporary } from "../running.ts";
import { expectSavedAsPeft, peftLoadsOurs } from "./saved-adapters.ts";

/** The recipes of the adapters that make_lora_key_fixtures.py made. */
const VARIANTS: readonly (readonly [variant: string, base: string, keys: Keys])[] = [
  [
    "lora-exclude",
    "bert",
    { lora_target_modules: ["query", "key", "dense"], exclude_modules: ["key", "attention.output.dense"] },
  ],
  [
    "lora-exclude",
    "causal/llama",
    { lora_target_modules: ["q_proj", "down_proj"], exclude_modules: String.raw`.*layers\.0\.mlp\..*` },
  ],
  ["lora-B-bias", "bert", { lora_target_modules: ["query", "value"], lora_B_bias: true }],
  [
    "lora-B-bias",
    "gpt2",
    { lora_target_modules: ["c_attn", "mlp.c_proj"], lora_B_bias: true, use_rslora: true, lora_bias: "lora_only" },
  ],
  ["lora-embedding", "bert", { lora_target_modules: ["query", "word_embeddings", "position_embeddings"] }],
  [
    "lora-embedding",
    "causal/llama",
    { lora_target_modules: ["q_proj", "embed_tokens", "lm_head"], rank_pattern: { lm_head: 2 } },
  ],
  ["lora-embedding", "causal/gemma3_text", { lora_target_modules: ["embed_tokens", "v_proj"], use_rslora: true }],
  ["lora-tokens", "bert", { lora_target_modules: ["query"], trainable_token_indices: [1, 7, 0, 12] }],
  [
    "lora-tokens",
    "causal/qwen2",
    { lora_target_modules: ["q_proj"], trainable_token_indices: { embed_tokens: [5, 3, 11] } },
  ],
  [
    "lora-tokens",
    "causal/llama",
    { lora_target_modules: ["q_proj"], trainable_token_indices: { embed_tokens: [4, 9], lm_head: [6] } },
  ],
];

const settings = (base: string, keys: Keys): Keys => ({
  ...{ model_name_or_path: fixture(base), task_type: base.startsWith("causal/") ? "CAUSAL_LM" : "SEQ_CLS" },
  ...{ method: "lora", lora_r: 4, lora_alpha: 8, lora_dropout: 0, ...keys },
});

/** Saves PEFT's adapter as a run of the recipe would. */
async function saveAgain(variant: string, base: string, keys: Keys, to: string): Promise<void> {
  const recipe = resolveRecipe(recipeOf(settings(base, keys)));
  const { tensors } = await openAdapter(fixture(`${base}/adapters/${variant}`));
  const model = prepare(recipe, await openBase(recipe), undefined);
  const trained = new Map([...tensors].filter(([param]) => model.graph.named(param)));
  const { weights } = await weightsOf(
    model,
    Random.seed(0),
    new Map([...trained].map(([name, { data }]) => [name, data])),
  );
  await saveModel(to, model, weights, trained);
}

const SAVED = VARIANTS.map(([variant, base, keys]) => ({
  ...{ base, name: variant },
  save: (to: string) => saveAgain(variant, base, keys, to),
}));
peftLoadsOurs(SAVED);

describe("LoRA's further keys", () => {
  test.each(SAVED)("$name, $base: the saved files are PEFT's, key for key", expectSavedAsPeft);

  test.each(VARIANTS)("%s, %s: a run that is stopped and resumed ends as one that was not", async (_, base, given) => {
    const { once, twice } = await expectResumedAlike(settings(base, given));
    expect(readJson(`${twice}/adapter_config.json`)).toEqual(readJson(`${once}/adapter_config.json`));
  });

  test.each(VARIANTS)("%s, %s: merged, exported and opened again, it computes the same", async (_, base, keys) => {
    const adapter = temporary();
    await runHere({ ...settings(base, keys), output_dir: adapter });
    for (const format of ["safetensors", "onnx"] as const) {
      const { difference } = await exportModel({ format, adapter, out: `${temporary()}/out` });
      expect(difference, format).toBeLessThan(1e-4);
    }
    const inputs = await exportModel({ format: "onnx", adapter, out: `${temporary()}/out`, adapterInputs: "required" });
    expect(inputs.difference).toBeLessThan(1e-4);
  });

  test("a bias of B is merged only into a bias, and left out of no other format", async () => {
    const keys = { lora_target_modules: ["q_proj"], lora_B_bias: true };
    const adapter = temporary();
    await runHere({ ...settings("causal/mistral", keys), output_dir: adapter });
    const merged = exportModel({ format: "safetensors", adapter, out: `${temporary()}/out` });
    await expect(merged).rejects.toThrow(
      /has no model\.layers\.0\.self_attn\.q_proj\.bias, which the adapter updates[\s\S]*hint: a bias of B can be merged only/,
    );
    const mlx = exportModel({ format: "mlx", adapter, out: `${temporary()}/out` });
    await expect(mlx).rejects.toThrow(/contains 2 tensors that mlx-lm does not support: .*q_proj\.lora_B\.bias/);
  });

  test.each(VARIANTS)("%s, %s: what trains is counted at its layer", async (variant, base, keys) => {
    const recipe = recipeOf({ ...settings(base, keys), dataset_name: fixture("data/train.jsonl") });
    const { modules } = await inspect(recipe);
    const { tensors } = await openAdapter(fixture(`${base}/adapters/${variant}`));
    const adapted = [...tensors.keys()].flatMap((param) => loraMethod.moduleOf?.(param) ?? []);
    const targets = modules.filter(({ target }) => target);
    expect(targets.map(({ path }) => path).sort()).toEqual([...new Set(adapted)].sort());
    expect(targets.every(({ trainable }) => trainable > 0)).toBe(true);
  });
});
