import { describe, expect, test } from "vitest";
import { evaluationGraph } from "../../src/assemble/graphs.ts";
import { applyStartingAdapter, checkAdapterFits } from "../../src/assemble/starting-adapter.ts";
import { AdapterError } from "../../src/errors.ts";
import { readConfig } from "../../src/formats/transformers/config.ts";
import { openAdapter } from "../../src/methods/open-adapter.ts";
import { ARCHITECTURES } from "../../src/models/index.ts";
import { selectArchitecture } from "../../src/models/parts/architecture.ts";
import { linearModules, selectTargets } from "../../src/peft/targets.ts";
import type { GraphSource } from "../../src/prepared/prepared.ts";
import { parseRecipe } from "../../src/recipe/parse.ts";
import { resolveRecipe } from "../../src/recipe/resolve.ts";
import { userSetKeys } from "../../src/recipe/user-set-keys.ts";
import { fixture } from "../formats/temporary.ts";

const config = await readConfig(fixture("bert"));
const architecture = selectArchitecture(ARCHITECTURES, "bert");
const modules = linearModules(architecture.build(config, "SEQ_CLS", 5));

async function start(method: string, keys = "", overrides: Record<string, unknown> = {}) {
  const recipe = parseRecipe(`model_name_or_path: m\ndataset_name: d\n${keys}`, { overrides });
  const adapter = await openAdapter(fixture(`bert/adapters/${method}`));
  const resolved = applyStartingAdapter(resolveRecipe(recipe), userSetKeys(recipe), adapter, (rules) =>
    selectTargets(modules, rules),
  );
  return { adapter, resolved };
}

describe("applyStartingAdapter", () => {
  test("the adapter decides what the recipe leaves open", async () => {
    expect((await start("patterns")).resolved).toMatchObject({
      method: "lora",
      lora_r: 4,
      lora_alpha: 8,
      lora_dropout: 0,
      lora_target_modules: ["intermediate.dense", "query", "value"],
      layers_to_transform: [0, 2],
      rank_pattern: { query: 2 },
    });
    expect((await start("dora")).resolved).toMatchObject({ use_dora: true, use_rslora: false });
    expect((await start("lora-bias-all")).resolved).toMatchObject({
      lora_bias: "all",
      lora_modules_to_save: undefined,
    });
    expect((await start("houlsby")).resolved).toMatchObject({ method: "adapter", adapter_reduction_factor: 4 });
  });

  test("keys that say the same are fine, and so is another dropout", async () => {
    const keys = "method: lora\nlora_r: 4\nlora_alpha: 8\nlora_dropout: 0.1\nlora_modules_to_save: classifier";
    expect((await start("lora", keys)).resolved).toMatchObject({ lora_r: 4, lora_dropout: 0.1 });
    expect((await start("lora", "method: qlora")).resolved).toMatchObject({ method: "qlora", load_in_4bit: true });
  });

  test.each([
    ["lora", "lora_r: 8", "lora_r: 8 in the recipe, 4 in the adapter"],
    ["lora", "use_dora: true", "use_dora: true in the recipe, false in the adapter"],
    ["lora", "method: full", 'method: "full" in the recipe, "lora" in the adapter'],
    ["lora", "lora_modules_to_save: pooler", 'lora_modules_to_save: "pooler" in the recipe, null in the adapter'],
    [
      "lora",
      "lora_target_modules: [query]",
      'lora_target_modules: ["query"] in the recipe, ["query","value"] in the adapter',
    ],
    ["lora", "layers_to_transform: 0", 'layers_to_transform: 0 in the recipe, "all" in the adapter'],
    ["patterns", "rank_pattern: {query: 3}", 'rank_pattern: {"query":3} in the recipe, {"layer'],
    ["patterns", "lora_target_modules: all-linear", 'lora_target_modules: "all-linear" in the recipe, ['],
    ["houlsby", "adapter_non_linearity: relu", 'adapter_non_linearity: "relu" in the recipe, "swish" in the adapter'],
    ["houlsby", "method: lora", 'method: "lora" in the recipe, "adapter" in the adapter'],
    ["lora", "method_overrides: {lora: {lora_r: 2}}", "lora_r: 2 in the recipe, 4 in the adapter"],
  ])("%s contradicts %s", async (method, keys, message) => {
    const refused = start(method, keys);
    await expect(refused).rejects.toThrow(AdapterError);
    await expect(refused).rejects.toThrow(message);
  });

  test("names every contradiction, flags among them, and the folder", async () => {
    await expect(start("lora", "lora_bias: all", { lora_r: "2" })).rejects.toThrow(
      /starts from:\n {2}lora_r: 2 .*4 in the adapter\n {2}lora_bias: .*\n {2}at: .*bert\/adapters\/lora\n {2}hint: remove/,
    );
  });

  test.each([
    ["all-linear-rslora", "lora_target_modules: all-linear"],
    ["all-linear-rslora", "lora_target_modules: [query, key, value, dense]"],
    ["lora", 'lora_target_modules: ".*self\\\\.(query|value)"'],
    ["lora", "layers_to_transform: [0, 1, 2]"],
    ["patterns", "lora_target_modules: [query, value, intermediate.dense]"],
    ["patterns", "layers_to_transform: [2, 0]"],
  ])("%s agrees with %s: they select the same modules", async (method, keys) => {
    await expect(start(method, keys)).resolves.toBeDefined();
  });
});

describe("checkAdapterFits", () => {
  const paramsFor = async (method: string, labels = 5, more = {}) => {
    const { resolved, adapter } = await start(method);
    const source: GraphSource = { recipe: resolved, architecture, config: { ...config, ...more }, labels };
    const params = new Map(evaluationGraph(source).params.map(({ origin, shape }) => [origin.name, shape]));
    return [params, adapter.tensors, adapter.folder] as const;
  };

  test.each(["lora", "dora", "patterns", "all-linear-rslora", "lora-bias-all", "lora-bias-only", "houlsby"])(
    "%s fits the model that it was made for",
    async (method) => {
      const args = await paramsFor(method);
      expect(() => checkAdapterFits(...args)).not.toThrow();
    },
  );

  test("another width: names the tensor and both shapes", async () => {
    const args = await paramsFor("lora", 5, { hidden_size: 64 });
    expect(() => checkAdapterFits(...args)).toThrow(
      /the adapter's \S+layer\.0\S+lora_A\.weight has shape \[4,32\], the model's has \[4,64\]\.\n {2}at: .*lora\n {2}hint: was the/,
    );
  });

  test("other labels, more layers, fewer layers", async () => {
    const labels = await paramsFor("lora", 3);
    expect(() => checkAdapterFits(...labels)).toThrow("classifier.bias has shape [5], the model's has [3]");
    const more = await paramsFor("lora", 5, { num_hidden_layers: 4 });
    expect(() => checkAdapterFits(...more)).toThrow(/lacks 4 of the tensors .* such as bert\.encoder\.layer\.3/);
    const fewer = await paramsFor("lora", 5, { num_hidden_layers: 2 });
    expect(() => checkAdapterFits(...fewer)).toThrow(
      /contains bert\.encoder\.layer\.2\S+, which the model does not have/,
    );
  });
});
