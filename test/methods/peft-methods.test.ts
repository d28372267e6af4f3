import { readdirSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { openBase, prepare } from "../../src/assemble/prepare.ts";
import { applyStartingAdapter } from "../../src/assemble/starting-adapter.ts";
import { METHOD_DEFINITIONS } from "../../src/methods/index.ts";
import { METHODS } from "../../src/methods/keys/index.ts";
import { openAdapter } from "../../src/methods/open-adapter.ts";
import { selectIn } from "../../src/peft/targets.ts";
import { resolveRecipe } from "../../src/recipe/resolve.ts";
import { exportModel } from "../../src/verbs/export/export.ts";
import { inspect } from "../../src/verbs/inspect.ts";
import { expectResumedAlike, fixture, readJson, recipeOf, rowsOf, runHere, temporary } from "../running.ts";
import { expectSavedAsPeft, peftLoadsOurs } from "./saved-adapters.ts";

/** The methods of PEFT but LoRA, which has tests of its own. */
const PEFT = METHODS.filter((method) => METHOD_DEFINITIONS[method].format === "peft" && !method.endsWith("lora"));
const BASES = ["bert", "gpt2", "causal/llama"];
const ADAPTERS = BASES.flatMap((base) => PEFT.map((method) => [base, method] as const));

const taskOf = (base: string) => ({ task_type: base.startsWith("causal/") ? "CAUSAL_LM" : "SEQ_CLS" });

const onDisk = (keys: object) => recipeOf({ dataset_name: fixture("data/train.jsonl"), ...keys });

/** Saves an adapter as it was read. */
async function saveAgain(base: string, method: (typeof PEFT)[number], to: string): Promise<void> {
  const recipe = resolveRecipe(recipeOf({ model_name_or_path: fixture(base), ...taskOf(base), method }));
  const found = await openBase(recipe);
  const adapter = await openAdapter(fixture(`${base}/adapters/${method}`));
  const graph = found.architecture.build(found.checkpoint.config, recipe.task_type, 2);
  const settled = applyStartingAdapter(recipe, new Set(), adapter, selectIn(graph));
  const model = prepare(settled, found, undefined);
  const whole = async () => new Map();
  const trained = new Map(adapter.tensors);
  await METHOD_DEFINITIONS[method].save(to, { model, trained, whole, id2label: { 0: "a" } });
}

const SAVED = ADAPTERS.map(([base, method]) => ({
  ...{ base, name: method },
  save: (to: string) => saveAgain(base, method, to),
}));
peftLoadsOurs(SAVED);

describe("the other methods of PEFT", () => {
  test("each has an adapter of PEFT for each base", () => {
    expect(PEFT.length).toBeGreaterThan(0);
    for (const [base, method] of ADAPTERS) expect(readdirSync(fixture(`${base}/adapters`))).toContain(method);
  });

  test.each(SAVED)("$base/$name: written again, every key and byte is PEFT's", expectSavedAsPeft);

  test.each(PEFT)("%s: a run that is stopped and resumed ends as one that was not", async (method) => {
    const { once, twice } = await expectResumedAlike({ method });
    expect(readJson(`${twice}/adapter_config.json`)).toEqual(readJson(`${once}/adapter_config.json`));
  });

  test.each(PEFT)("%s: merged, exported and opened again, it computes the same", async (method) => {
    const adapter = temporary();
    await runHere({ method, load_in_4bit: true, output_dir: adapter });
    for (const format of ["safetensors", "onnx"] as const) {
      const { difference } = await exportModel({ format, adapter, out: `${temporary()}/out` });
      expect(difference, format).toBeLessThan(1e-4);
    }
    const inputs = await exportModel({ format: "onnx", adapter, out: `${temporary()}/out`, adapterInputs: "required" });
    expect(inputs.difference).toBeLessThan(1e-4);
    await expect(exportModel({ format: "mlx", adapter, out: `${temporary()}/out` })).rejects.toThrow("expected: LORA");
  });

  test.each(PEFT)("%s: what trains is counted at its layer", async (method) => {
    const { modules } = await inspect(onDisk({ method }));
    const trained = modules.filter(({ target }) => target);
    expect(trained.length).toBeGreaterThan(0);
    expect(trained.every(({ trainable }) => trainable > 0)).toBe(true);
  });

  test.each(PEFT)("%s: before the first step the model says what its base says", async (method) => {
    const rows = rowsOf();
    const first = async (keys: object) => (await runHere({ max_steps: 1, ...keys }, { rows })).losses[0];
    expect(await first({ method })).toBeCloseTo((await first({ method: "head" })) as number, 6);
  });
});
