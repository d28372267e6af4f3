import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { NoTargetError, RecipeError } from "../../src/errors.ts";
import {
  checkPatterns,
  checkSaved,
  fromPattern,
  isUnder,
  layerOf,
  linearModules,
  selectTargets,
} from "../../src/peft/targets.ts";
import { tinyBert } from "../tiny.ts";

const MODULES = [0, 1, 2].flatMap((i) =>
  ["attention.self.query", "attention.self.value", "attention.output.dense", "output.dense"].map(
    (module) => `bert.encoder.layer.${i}.${module}`,
  ),
);
MODULES.push("bert.pooler.dense", "classifier");
const select = (rules: Parameters<typeof selectTargets>[1]): string[] => [...selectTargets(MODULES, rules)];

test("the linear layers of a graph, in order and each once", () => {
  expect(linearModules(tinyBert())).toMatchInlineSnapshot(`
    [
      "bert.encoder.layer.0.attention.self.query",
      "bert.encoder.layer.0.attention.self.key",
      "bert.encoder.layer.0.attention.self.value",
      "bert.encoder.layer.0.attention.output.dense",
      "bert.encoder.layer.0.intermediate.dense",
      "bert.encoder.layer.0.output.dense",
      "bert.pooler.dense",
      "classifier",
    ]
  `);
});

describe("a list", () => {
  test("matches the ends of module paths, at a dot", () => {
    expect(select({ targetModules: ["query"] })).toEqual(MODULES.filter((path) => path.endsWith(".query")));
    expect(select({ targetModules: ["output.dense"] })).toHaveLength(6);
    expect(select({ targetModules: ["self.value", "classifier"] })).toHaveLength(4);
    expect(() => select({ targetModules: ["uery"] })).toThrow(NoTargetError);
    expect(() => select({ targetModules: [".*query"] })).toThrow(NoTargetError);
  });

  test("is narrowed to layers by number", () => {
    const taken = select({ targetModules: ["query", "pooler.dense"], layersToTransform: [0, 2] });
    expect(taken).toEqual(["bert.encoder.layer.0.attention.self.query", "bert.encoder.layer.2.attention.self.query"]);
  });

  test("takes nothing under modules that are saved whole", () => {
    expect(select({ targetModules: ["dense"], modulesToSave: ["pooler", "attention"] })).toEqual(
      [0, 1, 2].map((i) => `bert.encoder.layer.${i}.output.dense`),
    );
  });
});

describe("exclusions", () => {
  const dense = ["attention.output.dense", "output.dense"].map((end) => `bert.encoder.layer.2.${end}`);

  test("leave out ends of paths, or whole paths, before targets are taken", () => {
    const targetModules = ["dense"];
    expect(select({ targetModules, excludeModules: ["pooler.dense"] })).toHaveLength(6);
    expect(select({ targetModules, excludeModules: ".*\\.[01]\\..*|.*pooler\\..*" })).toEqual(dense);
    expect(select({ targetModules: "all-linear", excludeModules: ["dense", "classifier"] })).toHaveLength(6);
    expect(select({ targetModules: ["query", "value"], excludeModules: ["value"] })).toHaveLength(3);
    expect(select({ targetModules, excludeModules: [] })).toEqual(select({ targetModules }));
  });

  test.each([
    [["valu"], /^exclude_modules \[valu\] matched none of the 14 modules [\s\S]*hint: did you mean \["value"\]\?/],
    ["value", /^exclude_modules \[value\] matched none/],
    [["dense"], /^exclude_modules \[dense\] leaves none of the 7 modules that lora_target_modules takes/],
    [".*", /^exclude_modules \[\.\*\] leaves none of the 7/],
  ])("%j is refused: it matches nothing, or leaves nothing", (excludeModules, message) => {
    expect(() => select({ targetModules: ["dense"], excludeModules })).toThrow(NoTargetError);
    expect(() => select({ targetModules: ["dense"], excludeModules })).toThrow(message);
  });
});

describe("a string", () => {
  test("is a regular expression for whole paths", () => {
    expect(select({ targetModules: ".*\\.[01]\\..*\\.(query|value)" })).toHaveLength(4);
    expect(select({ targetModules: "classifier|.*query" })).toHaveLength(4); // anchored as a whole
    expect(() => select({ targetModules: "query" })).toThrow(NoTargetError);
  });

  test.each(["all-linear", "ALL-LINEAR"])("%s takes every linear layer that is not saved whole", (targetModules) => {
    const modulesToSave = ["classifier"];
    expect(select({ targetModules, modulesToSave })).toEqual(MODULES.slice(0, -1));
  });
});

/** PEFT's `check_target_module_exists` for a list, said another way: what the rules are checked against. */
function peftTakes(key: string, targets: readonly string[], layers: readonly number[] | undefined): boolean {
  if (!targets.some((target) => `.${key}`.endsWith(`.${target}`))) return false;
  const isLayer = (segment: string, i: number, all: readonly string[]): boolean =>
    /^\d+$/.test(segment) && i >= 2 && i < all.length - 1;
  return !layers || layers.includes(Number(key.split(".").find(isLayer)));
}

describe("any rules select what PEFT selects", () => {
  const segment = fc.constantFrom("a", "b", "layer", "0", "1", "12", "query", "my_query");
  const path = fc.array(segment, { minLength: 1, maxLength: 6 }).map((segments) => segments.join("."));
  const paths = fc.uniqueArray(path, { minLength: 1, maxLength: 12 });
  const ends = fc.uniqueArray(fc.array(segment, { minLength: 1, maxLength: 2 }), { minLength: 1, maxLength: 3 });
  const layers = fc.option(fc.uniqueArray(fc.constantFrom(0, 1, 12), { minLength: 1 }), { nil: undefined });

  test("by lists and layers", () =>
    fc.assert(
      fc.property(paths, ends, layers, (modules, ends, layers) => {
        const targetModules = ends.map((end) => end.join("."));
        const wanted = modules.filter((module) => peftTakes(module, targetModules, layers));
        const alone = (end: string): boolean => modules.some((module) => peftTakes(module, [end], undefined));
        const there = (layer: number): boolean => modules.some((module) => peftTakes(module, targetModules, [layer]));
        const run = (): string[] => [
          ...selectTargets(modules, { targetModules, ...(layers && { layersToTransform: layers }) }),
        ];
        const all = targetModules.every(alone) && (layers ?? []).every(there);
        if (wanted.length > 0 && all) expect(run()).toEqual(wanted);
        else expect(run).toThrow(NoTargetError);
      }),
    ));

  test("and nothing under a module that is saved whole", () =>
    fc.assert(
      fc.property(paths, segment, (modules, saved) => {
        const under = new RegExp(`^(.*\\.)?[^.]*${saved}(\\..*)?$`);
        const wanted = modules.filter((module) => !under.test(module));
        const run = (): string[] => [
          ...selectTargets(modules, { targetModules: "all-linear", modulesToSave: [saved] }),
        ];
        if (wanted.length > 0) expect(run()).toEqual(wanted);
        else expect(run).toThrow(NoTargetError);
      }),
    ));
});

describe("what is refused, and how it is said", () => {
  const thrown = (run: () => unknown): Error => {
    try {
      run();
    } catch (error) {
      return error as Error;
    }
    throw new Error("nothing was refused");
  };
  const refusal = (rules: Parameters<typeof selectTargets>[1]): Error => thrown(() => selectTargets(MODULES, rules));

  test("a list of which any one matches nothing", () => {
    const error = refusal({ targetModules: ["query", "c_attn", "q_proj"], modulesToSave: ["classifier"] });
    expect(error).toBeInstanceOf(NoTargetError);
    expect(error).toMatchObject({ patterns: ["c_attn", "q_proj"], available: MODULES.slice(0, -1) });
    expect(error.message).toMatchInlineSnapshot(`
      "lora_target_modules [c_attn, q_proj] matched none of the 13 linear layers.
        at: lora_target_modules; in TypeScript, targetModules
        expected: the end of a module path; the model has: query, value, dense
        hint: for example, "query" selects that layer in every block, and "all-linear" selects every linear layer."
    `);
  });

  test("a regular expression that matches no whole path", () =>
    expect(refusal({ targetModules: "query|value" }).message).toMatchInlineSnapshot(`
      "lora_target_modules query|value matched none of the 14 linear layers, because a single string must match the whole path.
        at: lora_target_modules; in TypeScript, targetModules
        expected: a regular expression for whole paths, such as bert.encoder.layer.0.attention.self.query, or a list of path ends
        hint: ["query"] or .*\\.query selects that layer in every block, and "all-linear" selects every linear layer."
    `));

  test("a regular expression that cannot be read", () => {
    const error = refusal({ targetModules: "(query" });
    expect(error).toBeInstanceOf(RecipeError);
    expect(error.cause).toBeInstanceOf(SyntaxError);
    expect(error.message).toMatchInlineSnapshot(`
      "the pattern (query is not a regular expression
        at: lora_target_modules; in TypeScript, targetModules
        hint: one that matches whole module paths, e.g. ".*\\.(query|value)""
    `);
  });

  test("layers that are not there, if only one of them", () => {
    const error = refusal({ targetModules: ["query"], layersToTransform: [1, 99] });
    expect(error).toBeInstanceOf(NoTargetError);
    expect(error).toMatchObject({ patterns: ["99"], available: ["0", "1", "2"] });
    expect(error.message).toMatchInlineSnapshot(`
      "layers_to_transform [99] matched no layer of the model.
        at: layers_to_transform; in TypeScript, layersToTransform
        expected: layers that contain query: 0 to 2
        hint: layers are counted from 0."
    `);
  });

  test("layers of targets that are in some layers only, in one, or in none", () => {
    const expected = (modules: readonly string[], targetModules: readonly string[]): string =>
      thrown(() => selectTargets(modules, { targetModules, layersToTransform: [9] })).message.split("\n").slice(2).join("\n"); // biome-ignore format: a chain
    expect(expected(["m.layer.1.up", "m.layer.4.up", "m.layer.2.down"], ["up"])).toMatchInlineSnapshot(`
      "  expected: layers that contain up: 1, 4
        hint: layers are counted from 0."
    `);
    expect(expected(["m.layer.0.up"], ["up"])).toMatchInlineSnapshot(`
      "  expected: layers that contain up: 0
        hint: layers are counted from 0."
    `);
    expect(expected(MODULES, ["pooler.dense"])).toMatchInlineSnapshot(`
      "  expected: layers that contain pooler.dense: none; these modules are outside the layers
        hint: remove layers_to_transform."
    `);
  });

  test("layers beside a regular expression", () =>
    expect(refusal({ targetModules: ".*query", layersToTransform: [0] }).message).toMatchInlineSnapshot(`
      "layers_to_transform needs lora_target_modules as a list
        at: layers_to_transform; in TypeScript, layersToTransform"
    `));

  test("no layers at all", () =>
    expect(refusal({ targetModules: ["query"], layersToTransform: [] })).toBeInstanceOf(NoTargetError));

  test("targets that are all saved whole", () =>
    expect(refusal({ targetModules: ["query"], modulesToSave: ["self"] }).message).toMatchInlineSnapshot(`
      "lora_target_modules [query] matched none of the 8 linear layers.
        at: lora_target_modules; in TypeScript, targetModules
        expected: the end of a module path; the model has: dense, classifier
        hint: for example, "dense" selects that layer in every block, and "all-linear" selects every linear layer."
    `));

  test("keys of a pattern table that stand for no module with an adapter", () => {
    const taken = [...selectTargets(MODULES, { targetModules: ["query", "value"] })];
    expect(() => checkPatterns("rank", { query: 4, "layer\\.1\\..*value": 2 }, taken)).not.toThrow();
    const error = thrown(() => checkPatterns("rank", { qery: 4, value: 2, dense: 8 }, taken));
    expect(error).toBeInstanceOf(NoTargetError);
    expect(error).toMatchObject({ patterns: ["qery", "dense"], available: taken });
    expect(error.message).toMatchInlineSnapshot(`
      "rank_pattern [qery, dense] matched none of the 6 modules that get an adapter.
        at: rank_pattern; in TypeScript, rankPattern
        expected: the end of a module path, or a regular expression for it; these modules have the names: query, value
        hint: did you mean "query"?"
    `);
    expect(thrown(() => checkPatterns("alpha", { "output.dense": 1 }, taken)).message).toMatchInlineSnapshot(`
      "alpha_pattern [output.dense] matched none of the 6 modules that get an adapter.
        at: alpha_pattern; in TypeScript, alphaPattern
        expected: the end of a module path, or a regular expression for it; these modules have the names: query, value
        hint: lora_target_modules selects the modules that get an adapter."
    `);
    expect(thrown(() => checkPatterns("alpha", { "(": 1 }, taken)).message).toMatchInlineSnapshot(`
      "the pattern ( is not a regular expression
        at: alpha_pattern; in TypeScript, alphaPattern
        hint: one that matches the ends of module paths, e.g. "(query|value)""
    `);
  });

  test("modules to save that are not there", () => {
    const params = ["bert.embeddings.LayerNorm.weight", ...MODULES.map((module) => `${module}.weight`)];
    expect(() => checkSaved(["pooler", "embeddings", "layer.1", "classifier", "Norm"], params)).not.toThrow();
    const error = thrown(() => checkSaved(["pooler", "poler", "layer.3"], params));
    expect(error).toBeInstanceOf(NoTargetError);
    expect(error).toMatchObject({ patterns: ["poler", "layer.3"] });
    expect(error.message).toMatchInlineSnapshot(`
      "lora_modules_to_save [poler, layer.3] matched none of the model's modules.
        at: lora_modules_to_save; in TypeScript, modulesToSave
        expected: the end of a module path; the model has: bert, embeddings, LayerNorm, encoder, layer, attention, self, query, value, output, dense, pooler, classifier
        hint: did you mean "pooler"?"
    `);
    expect(thrown(() => checkSaved(["weight"], params)).message).toMatch(
      /hint: a classification head is always trained/,
    );
  });
});

test.each([
  ["classifier.weight", ["classifier"], true],
  ["pre_classifier.weight", ["classifier"], true], // PEFT's rule asks for no dot here
  ["classifier.dense.weight", ["classifier"], true],
  ["classifiers.weight", ["classifier"], false],
  ["bert.pooler.dense.weight", ["classifier", "pooler"], true],
  ["bert.pooler.dense.weight", [], false],
])("%s is under %j: %s", (path, names, under) => expect(isUnder(path, names)).toBe(under));

test.each([
  ["bert.encoder.layer.11.output.dense", 11],
  ["model.layers.3.experts.7.up", 3],
  ["encoder.0.up", undefined], // PEFT wants a segment before the one that is numbered
  ["a.layer.0.up", 0],
  ["classifier", undefined],
])("the layer of %s is %s", (path, layer) => expect(layerOf(path)).toBe(layer));

describe("a pattern table", () => {
  const path = "bert.encoder.layer.1.attention.self.query";
  test.each([
    [{ query: 4 }, 4],
    [{ "self.query": 4, query: 8 }, 4], // the first that matches
    [{ uery: 4 }, 1],
    [{ "layer\\.1\\..*": 4 }, 4],
    [{ "^bert\\..*query": 4 }, 4],
    [{ "^encoder\\..*query": 4 }, 1],
    [{ "value|query": 4 }, 4],
    [{}, 1],
  ])("%j gives %i", (table, value) => expect(fromPattern(table as Record<string, number>, path, 1)).toBe(value));
});
