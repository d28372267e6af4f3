import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { RecipeError } from "../../src/errors.ts";
import { parseRecipe } from "../../src/recipe/parse.ts";

const base = "model_name_or_path: embedded\ndataset_name: embedded\n";
const parse = (rest: string, overrides: Record<string, unknown> = {}) =>
  parseRecipe(base + rest, { file: "recipe.yaml", overrides });

/** The message of the refusal. */
function refusal(yaml: string, overrides: Record<string, unknown> = {}): string {
  try {
    parseRecipe(yaml, { file: "recipe.yaml", overrides });
  } catch (error) {
    expect(error).toBeInstanceOf(RecipeError);
    return (error as Error).message;
  }
  throw new Error("was not refused");
}

test("fills in the documented defaults", () => {
  expect(parse("")).toMatchObject({
    task_type: "SEQ_CLS",
    method: "lora",
    lora_r: 16,
    lora_alpha: 32,
    lora_dropout: 0.05,
    bnb_4bit_quant_type: "nf4",
    use_bnb_nested_quant: true,
    warmup_steps: 0.06,
    adam_epsilon: 1e-8,
    eval_strategy: "end",
    loraplus_lr_ratio: 1,
  });
});

test("a flag's numbers between commas are a list of numbers", () => {
  const overrides = { class_weights: "1,2.5", layers_to_transform: "0,1", lora_target_modules: "query,value" };
  const recipe = parseRecipe(base, { overrides });
  expect(recipe).toMatchObject({ class_weights: [1, 2.5], layers_to_transform: [0, 1] });
  expect(recipe.lora_target_modules).toEqual(["query", "value"]);
  expect(parseRecipe(base, { overrides: { class_weights: "balanced" } }).class_weights).toBe("balanced");
});

test("reads what people write: exponents, `no`, lists, patterns, nested schedules", () => {
  const recipe = parse(`learning_rate: 1e-4
eval_strategy: no
lora_target_modules: all-linear
rank_pattern: {"layer.0": 4}
unfreeze_schedule:
  - {at: 0.5, layers: "top:2"}
  - {at: 40, layers: [embeddings]}
`);
  expect(recipe.learning_rate).toBe(1e-4);
  expect(recipe.eval_strategy).toBe("no");
  expect(recipe.rank_pattern).toEqual({ "layer.0": 4 });
  expect(recipe.unfreeze_schedule).toEqual([
    { at: 0.5, layers: "top:2" },
    { at: 40, layers: ["embeddings"] },
  ]);
});

describe("refuses with file and line", () => {
  test("a value out of range, and an unknown key with what was meant", () => {
    expect(refusal(`${base}\nlora_r: 0\nlorar: 8\n`)).toBe(
      "recipe.yaml:4 lora_r: expected an integer >= 1, got 0\n" +
        "recipe.yaml:5 lorar: unknown key; did you mean lora_r?",
    );
  });

  test.each([
    ["lora_r: 1.5", "lora_r: expected an integer >= 1, got 1.5"],
    ['lora_r: "8"', 'lora_r: expected an integer >= 1, got "8"'],
    ["lora_dropout: 1", "lora_dropout: expected a number >= 0 and < 1, got 1"],
    ["lora_bias: some", 'lora_bias: expected one of none, all, lora_only, got "some"'],
    ["load_in_4bit: yes", 'load_in_4bit: expected true or false, got "yes"'],
    ["seed: .nan", "seed: expected an integer >= 0, got NaN"],
    [
      "task_type:",
      "task_type: expected one of SEQ_CLS, TOKEN_CLS, CAUSAL_LM, MASKED_LM, FEATURE_EXTRACTION, got nothing",
    ],
    ["model_revision: 1.0", "model_revision: expected text, got 1"],
    ["warmup_steps: -1", "warmup_steps: expected a number >= 0 and < 1, or an integer >= 1, got -1"],
    ["warmup_steps: 1.5", "warmup_steps: expected a number >= 0 and < 1, or an integer >= 1, got 1.5"],
    [
      "lora_target_modules: []",
      "lora_target_modules: expected text, or a non-empty list, each text, got an empty list",
    ],
    [
      "unfreeze_schedule: 3",
      "unfreeze_schedule: expected gradual, or a non-empty list, each a mapping with at, layers, got 3",
    ],
    [
      "unfreeze_schedule: [{at: 1, layers: 2}]",
      "unfreeze_schedule.0.layers: expected text, or a non-empty list, each text, got 2",
    ],
    ["unfreeze_schedule: [{at: 1, layer: x}]", /unfreeze_schedule.0.layer: unknown key; did you mean layers\?/],
    ["rank_pattern: {a: 0}", "rank_pattern.a: expected an integer >= 1, got 0"],
    ["method_overrides: {hed: {}}", "method_overrides.hed: unknown key; did you mean head?"],
    [
      "method_overrides: {full: {learning_rat: 1}}",
      "method_overrides.full.learning_rat: unknown key; did you mean learning_rate?",
    ],
    ["method_overrides: {full: {lora_r: x}}", 'method_overrides.full.lora_r: expected an integer >= 1, got "x"'],
    ["train_epochs: 3", "train_epochs: unknown key; did you mean num_train_epochs?"],
    ["quux: 3", "quux: unknown key"],
    ["__proto__: {x: 1}", "__proto__: unknown key"],
  ])("%s", (line, message) => {
    const said = refusal(`${base}${line}\n`);
    if (typeof message === "string") expect(said).toBe(`recipe.yaml:3 ${message}`);
    else expect(said).toMatch(message);
  });

  test("the line of a nested item, not that of its key", () => {
    const yaml = `${base}unfreeze_schedule:\n  - {at: 1, layers: x}\n  - at: soon\n    layers: x\n`;
    expect(refusal(yaml)).toMatch(/^recipe\.yaml:5 unfreeze_schedule\.1\.at: expected .*, got "soon"$/);
  });

  test("a key given twice, also inside another", () => {
    expect(refusal(`${base}seed: 1\nseed: 2\nmethod_overrides:\n  full:\n    lora_r: 1\n    lora_r: 2\n`)).toBe(
      "recipe.yaml:4 seed: duplicate key, first on line 3\nrecipe.yaml:8 lora_r: duplicate key, first on line 7",
    );
  });

  test("text that is not YAML, or not a mapping", () => {
    expect(refusal("dataset_name: d\nseed: [1")).toMatch(/^recipe\.yaml:2 not valid YAML: /);
    expect(refusal("a: !!python/object 3")).toMatch(/^recipe\.yaml:1 not valid YAML: Unresolved tag/);
    expect(refusal("a: *nowhere")).toMatch(/^recipe\.yaml:1 not valid YAML: Unresolved alias/);
    expect(refusal("- a\n- b\n")).toBe("recipe.yaml:1 expected a mapping of keys to values, got a list");
  });

  test("what is missing, which has no line", () => {
    expect(refusal("")).toBe(
      "recipe.yaml model_name_or_path: missing (Base model: a folder, a Hub id, a .gguf file, or embedded)\n" +
        "recipe.yaml dataset_name: missing (Data: a file, a folder of train/validation/test files, a Hub id, or embedded)",
    );
  });

  test.each([
    ["load_in_4bit: true\nload_in_8bit: true", "4 load_in_8bit: load_in_4bit is also true; set only one of them"],
    ["eval_strategy: steps", "3 eval_strategy: steps needs eval_steps, e.g. eval_steps: 100"],
    ["save_strategy: steps", "3 save_strategy: steps needs save_steps, e.g. save_steps: 100"],
    [
      "load_best_model_at_end: true\neval_strategy: no",
      /^3 load_best_model_at_end: there is no best state with eval_strategy no/,
    ],
    [
      "early_stopping_patience: 2",
      "3 early_stopping_patience: no evaluation says when to stop with eval_strategy end; set eval_strategy to epoch or steps",
    ],
    [
      "early_stopping_threshold: 0.1",
      "3 early_stopping_threshold: nothing stops early without early_stopping_patience, e.g. early_stopping_patience: 3",
    ],
    ["method: full\nload_in_8bit: true", /^4 load_in_8bit: method full trains the base weights/],
    ["packing: true", "3 packing: only task_type CAUSAL_LM has this key, and this recipe's task_type is SEQ_CLS"],
    [
      "task_type: CAUSAL_LM\nhead_learning_rate: 1",
      "4 head_learning_rate: task_type CAUSAL_LM has no classification head",
    ],
  ])("keys that contradict each other: %s", (lines, message) => {
    const said = refusal(`${base}${lines}\n`).replace("recipe.yaml:", "");
    if (typeof message === "string") expect(said).toBe(message);
    else expect(said).toMatch(message);
  });
});

describe("flags", () => {
  test("are read as YAML, whatever the key then makes of it", () => {
    const recipe = parse("", {
      learning_rate: "1e-4",
      packing: "false",
      lora_target_modules: "query,value",
      layers_to_transform: "[0, 1]",
      model_revision: "1.0",
      text_column: "null",
      output_dir: "a: b",
    });
    expect(recipe).toMatchObject({
      learning_rate: 1e-4,
      packing: false,
      lora_target_modules: ["query", "value"],
      layers_to_transform: [0, 1],
      model_revision: "1.0",
      text_column: "null",
      output_dir: "a: b",
    });
  });

  test.each([
    "run #3", "#3", "yes", "no", "null", "~", "true", "1e3", "0x10", "08", "1_000", "[a]", "{a: b}", "a: b", "- a", "-a",
    " run ", "run\t", "'run'", '"run"', "&a b", "*a", "!!str a", "!x", "|", ">", "%a", "@a", "`a`", "a\nb", "?", "é", "---",
    "...", ".5", ".inf", "2001-01-01", "=", "<<", "a,b",
  ])("a flag of text is the text: %j", (text) => {
    const keys = { output_dir: text, text_column: text, dataset_name: text, model_revision: text };
    expect(parse("", keys)).toMatchObject(keys);
  }); // biome-ignore format: a table

  test.each([
    ["resume_from_checkpoint", "true", true],
    ["resume_from_checkpoint", "out #2/checkpoint-3", "out #2/checkpoint-3"],
    ["resume_from_checkpoint", "yes", "yes"],
    ["lora_target_modules", "[query, value]", ["query", "value"]],
    ["lora_target_modules", "query", "query"],
    ["lora_target_modules", "[qv]_proj", "[qv]_proj"],
    ["lora_target_modules", "a #b", "a #b"],
    ["lora_target_modules", "null", "null"],
    ["init_lora_weights", "gaussian", "gaussian"],
    ["init_lora_weights", "false", false],
    ["use_dora", "True", true],
    ["learning_rate", "1e-3", 1e-3],
    ["max_steps", "08", 8],
    ["seed", "0x10", 16],
    ["seed", " 3 ", 3],
    ["optim", " lion", "lion"],
    ["rank_pattern", "{query: 2}", { query: 2 }],
    ["layers_to_transform", "3", 3],
    ["unfreeze_schedule", "gradual", "gradual"],
    ["unfreeze_schedule", "[{at: 0.5, layers: 'top:1'}]", [{ at: 0.5, layers: "top:1" }]],
  ])("--%s %j", (key, text, value) => {
    expect(parse("", { [key]: text })).toMatchObject({ [key]: value });
  });

  test("a regular expression stays one", () => {
    const pattern = ".*\\.(query|value){1,2}";
    expect(parse("", { lora_target_modules: pattern }).lora_target_modules).toBe(pattern);
  });

  test("win over the file, even where it is wrong, and are named as flags when they are", () => {
    expect(parse("lora_r: 0\n", { lora_r: "8" }).lora_r).toBe(8);
    expect(refusal(`${base}lora_r: 4\n`, { learning_rate: "fast", lora_r: "0" })).toBe(
      '--lora_r: expected an integer >= 1, got 0\n--learning_rate: expected a number >= 0, got "fast"',
    );
  });

  test("win over method_overrides too", () => {
    const yaml = "method_overrides: {lora: {learning_rate: 1e-2, lora_r: 4}}\n";
    expect(parse(yaml, { learning_rate: "1e-5" }).method_overrides).toEqual({ lora: { lora_r: 4 } });
  });
});

test("never fails in any other way, whatever the text", () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 80 }), (yaml) => {
      expect(() => parseRecipe(yaml)).toThrow(RecipeError);
    }),
  );
});

test.each(["? ", "- ", "[", "a: {", "!!map {"])("refuses %s nested without end", (part) => {
  for (const depth of [100, 1000, 30_000 / part.length]) {
    expect(() => parseRecipe(part.repeat(depth))).toThrow("recipe:1 not valid YAML: more than 64 levels of nesting");
    expect(() => parseRecipe("", { overrides: { seed: part.repeat(depth) } })).toThrow(RecipeError);
  }
});

test("quotes little of a long value that is not valid YAML", () => {
  expect(() => parseRecipe(`a: b\n${"c".repeat(5000)}\nd: e`)).toThrow(/^recipe:\d+ not valid YAML: .{1,201}$/m);
});

test("lists the first 50 of many problems", () => {
  const yaml = Array.from({ length: 60 }, (_, i) => `no_key_${i}: 1`).join("\n");
  const message = (): string => {
    try {
      parseRecipe(yaml);
      return "";
    } catch (error) {
      return (error as Error).message;
    }
  };
  const lines = message().split("\n");
  expect(lines).toHaveLength(51);
  expect(lines[49]).toMatch(/^recipe:50 no_key_49/);
  expect(lines[50]).toBe("… and 12 more problems"); // two keys are missing, too
});

test("refuses a recipe that is longer than any could be", () => {
  expect(() => parseRecipe(`seed: 1\n${"#".repeat(2 ** 15)}`, { file: "r.yaml" })).toThrow(
    "the recipe has 32776 characters",
  );
});
