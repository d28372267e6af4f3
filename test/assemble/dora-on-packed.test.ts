import { expect, test } from "vitest";
import { openBase, prepare, weightsOf } from "../../src/assemble/prepare.ts";
import { CPU } from "../../src/devices/engine.ts";
import { Random } from "../../src/random.ts";
import { parseRecipe } from "../../src/recipe/parse.ts";
import { resolveRecipe } from "../../src/recipe/resolve.ts";

const FIXTURE = "test/parity/fixtures/bert";
const int64 = (...ids: number[]) => ({
  dtype: "int64" as const,
  shape: [1, ids.length],
  data: BigInt64Array.from(ids, BigInt),
});

async function logits(keys: Record<string, unknown>): Promise<number[]> {
  const overrides = { model_name_or_path: FIXTURE, dataset_name: "none", method: "qlora", ...keys };
  const recipe = resolveRecipe(parseRecipe("", { overrides }));
  const model = prepare(recipe, await openBase(recipe), undefined);
  const { weights } = await weightsOf(model, Random.seed(0));
  const session = await CPU.compile(model.graph, weights);
  const feeds = { input_ids: int64(2, 16, 9, 3), attention_mask: int64(1, 1, 1, 1), token_type_ids: int64(0, 0, 0, 0) };
  const { logits } = await session.run(feeds);
  await session.close();
  return Array.from(logits!.data as Float32Array);
}

test.each([{}, { bnb_4bit_quant_type: "fp4", use_bnb_nested_quant: false }, { load_in_8bit: true }])(
  "DoRA on a packed base starts as that base, %j",
  async (keys) => {
    const plain = await logits(keys);
    (await logits({ ...keys, use_dora: true })).forEach((value, i) => {
      expect(value).toBeCloseTo(plain[i]!, 4);
    });
  },
);
