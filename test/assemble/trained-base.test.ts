import { writeFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { openTrained } from "../../src/assemble/open-trained.ts";
import { quantizationOf } from "../../src/assemble/quantization.ts";
import { withTrainedBase } from "../../src/assemble/trained-base.ts";
import { resolveRecipe } from "../../src/recipe/resolve.ts";
import { recipeToYaml } from "../../src/recipe/write.ts";
import { evaluate } from "../../src/verbs/evaluate.ts";
import { fixture, type Keys, readJson, recipeOf, runHere, temporary } from "../running.ts";

/** A folder as a run with these keys leaves it, but for the adapter. */
function folderOf(keys: Keys): string {
  const folder = temporary();
  writeFileSync(`${folder}/recipe.yaml`, recipeToYaml(resolveRecipe(recipeOf(keys))));
  return folder;
}

/** How the base is held under a recipe of `asked`, and what is said about it, with an adapter trained under `trained`. */
async function held(asked: Keys, trained: Keys) {
  const { recipe, warnings } = await withTrainedBase(resolveRecipe(recipeOf(asked)), folderOf(trained));
  return [quantizationOf(recipe), warnings];
}

const NF4 = { type: "nf4", blockSize: 64, doubleQuant: true };
const FP4 = { type: "fp4", blockSize: 64, doubleQuant: false };
const differs = (key: string, asked: unknown, was: unknown) =>
  `${key} is ${asked} in the recipe, but the adapter was trained with ${was}; the scores may differ from those of its run`;

describe("the base of a trained adapter", () => {
  const plain = { method: "qlora", bnb_4bit_quant_type: "fp4", use_bnb_nested_quant: false };

  test.each<[string, Keys, Keys, unknown]>([
    ["packed as it was", { method: "lora" }, { method: "qlora" }, NF4],
    ["not packed if it was not", { method: "qlora" }, { method: "lora" }, undefined],
    ["with its codebook", {}, plain, FP4],
    ["in eight bits", { method: "qlora" }, { method: "qlora", load_in_8bit: true }, { type: "int8" }],
    ["in the blocks of its file", {}, { method: "qlora", bnb_4bit_quant_type: "gguf" }, "gguf"],
    ["as both say", { load_in_4bit: true }, { method: "qlora" }, NF4],
    ["without a word about a codebook that it has not", { bnb_4bit_quant_type: "fp4" }, { method: "lora" }, undefined],
  ])("is held %s", async (_, asked, trained, scheme) => expect(await held(asked, trained)).toEqual([scheme, []]));

  test("is held as the recipe says where it says so, with a warning", async () => {
    const off = { load_in_4bit: false };
    expect(await held(off, { method: "qlora" })).toEqual([undefined, [differs("load_in_4bit", false, true)]]);
    const eight = { load_in_8bit: true };
    expect(await held(eight, { method: "qlora" })).toEqual([{ type: "int8" }, [differs("load_in_8bit", true, false)]]);
    const four = { load_in_4bit: true, bnb_4bit_quant_type: "nf4" };
    const packed = { method: "qlora", bnb_4bit_quant_type: "fp4" };
    expect(await held(four, packed)).toEqual([NF4, [differs("bnb_4bit_quant_type", "nf4", "fp4")]]);
  });

  test("is the recipe's where no recipe lies beside the adapter, or one that cannot be read", async () => {
    const recipe = resolveRecipe(recipeOf({ method: "qlora" }));
    const folder = temporary();
    expect(await withTrainedBase(recipe, folder)).toEqual({ recipe, warnings: [] });
    writeFileSync(`${folder}/recipe.yaml`, "tokenizer:\n  _component_: somebody.elses\n");
    const { recipe: same, warnings } = await withTrainedBase(recipe, folder);
    expect(same).toBe(recipe);
    expect(warnings).toEqual([
      `cannot tell how the adapter's base was quantized during training: ${folder}/recipe.yaml:1 tokenizer: unknown key`,
    ]);
  });
});

test("an adapter trained on a packed base scores what its run scored, whatever the recipe's method", async () => {
  const data = { dataset_name: fixture("data"), learning_rate: 0.01 };
  const output_dir = temporary();
  await runHere({ ...data, method: "qlora", bnb_4bit_quant_type: "fp4", output_dir });
  const results = readJson(`${output_dir}/eval_results.json`);
  expect(await evaluate(recipeOf({ ...data, method: "lora" }), { adapter: output_dir })).toEqual(results);

  const unpacked = recipeOf({ ...data, load_in_4bit: false });
  expect((await evaluate(unpacked, { adapter: output_dir })).eval_loss).not.toBe(results.eval_loss);
  const { warnings } = await openTrained(resolveRecipe(unpacked), output_dir);
  expect(warnings).toEqual([differs("load_in_4bit", false, true)]);
});
