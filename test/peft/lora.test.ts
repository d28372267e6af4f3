import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { NoTargetError, RecipeError } from "../../src/errors.ts";
import { evaluate } from "../../src/ir/evaluate.ts";
import { Graph, type Init } from "../../src/ir/graph.ts";
import { print } from "../../src/ir/print.ts";
import type { Tensor } from "../../src/ir/types.ts";
import { dense, lookUp } from "../../src/models/parts/layers.ts";
import { ModuleScope } from "../../src/models/parts/scope.ts";
import { runPasses } from "../../src/passes/pass.ts";
import { type LoraConfig, lora, siteOf } from "../../src/peft/lora.ts";
import { feedsOf, startOf, tiny, tinyBert } from "../tiny.ts";

const QUERY: LoraConfig = { r: 2, loraAlpha: 4, targetModules: ["query"], modulesToSave: ["classifier"] };

const apply = (config: Partial<LoraConfig> = {}, training = true, graph = tiny()): Graph =>
  runPasses(graph, [lora({ ...QUERY, ...config })], { training });

const trained = (graph: Graph): string[] =>
  graph.params.filter(({ origin }) => origin.trainable).map(({ origin }) => origin.name);

describe("the graph", () => {
  test("has A and B beside the frozen weight; what is saved whole trains", () => {
    expect(print(apply())).toMatchInlineSnapshot(`
      "%0: float32[tokens,4] = input x
      %1: float32[3,4] = frozen layer.0.query.weight
      %2: float32[3] = frozen layer.0.query.bias
      %3: float32[tokens,3] = Linear(%0, %1, %2)
      %4: float32[2,4] = param layer.0.query.lora_A.weight
      %5: float32[3,2] = param layer.0.query.lora_B.weight
      %6: float32[tokens,2] = Linear(%0, %4)
      %7: float32[tokens,2] = Scale(%6) {"by":2}
      %8: float32[tokens,3] = Linear(%7, %5)
      %9: float32[tokens,3] = Add(%3, %8)
      %10: float32[2,3] = param classifier.weight
      %11: float32[2] = param classifier.bias
      %12: float32[tokens,2] = Linear(%9, %10, %11)
      return logits %12"
    `);
  });

  test("drops elements of the adapter's input while training, and then only", () => {
    expect(print(apply({ loraDropout: 0.25 }))).toMatchInlineSnapshot(`
      "%0: float32[tokens,4] = input x
      %1: float32[3,4] = frozen layer.0.query.weight
      %2: float32[3] = frozen layer.0.query.bias
      %3: float32[tokens,3] = Linear(%0, %1, %2)
      %4: uint8[tokens,4] = input layer.0.query.lora_dropout
      %5: float32[tokens,4] = Dropout(%0, %4) {"keep":0.75}
      %6: float32[2,4] = param layer.0.query.lora_A.weight
      %7: float32[3,2] = param layer.0.query.lora_B.weight
      %8: float32[tokens,2] = Linear(%5, %6)
      %9: float32[tokens,2] = Scale(%8) {"by":2}
      %10: float32[tokens,3] = Linear(%9, %7)
      %11: float32[tokens,3] = Add(%3, %10)
      %12: float32[2,3] = param classifier.weight
      %13: float32[2] = param classifier.bias
      %14: float32[tokens,2] = Linear(%11, %12, %13)
      return logits %14"
    `);
    expect(print(apply({ loraDropout: 0.25 }, false))).toBe(print(apply()));
    expect(print(apply({ loraDropout: 0 }))).toBe(print(apply()));
    const mask = apply({ loraDropout: 0.25 }).named("layer.0.query.lora_dropout");
    expect(mask?.origin).toMatchObject({ fill: { kind: "dropout", keep: 0.75 } });
  });

  test("DoRA: a trained length for each row over the present one, the bias outside", () => {
    expect(print(apply({ useDora: true }))).toMatchInlineSnapshot(`
      "%0: float32[tokens,4] = input x
      %1: float32[3,4] = frozen layer.0.query.weight
      %2: float32[3] = frozen layer.0.query.bias
      %3: float32[2,4] = param layer.0.query.lora_A.weight
      %4: float32[3,2] = param layer.0.query.lora_B.weight
      %5: float32[tokens,2] = Linear(%0, %3)
      %6: float32[tokens,2] = Scale(%5) {"by":2}
      %7: float32[tokens,3] = Linear(%6, %4)
      %8: float32[3] = param layer.0.query.lora_magnitude_vector
      %9: float32[3,4] = MatMul(%4, %3)
      %10: float32[3,4] = Scale(%9) {"by":2}
      %11: float32[3,4] = Add(%1, %10)
      %12: float32[3] = RowNorm(%11)
      %13: float32[3] = Detach(%12)
      %14: float32[3] = Div(%8, %13)
      %15: float32[tokens,3] = Linear(%0, %1)
      %16: float32[tokens,3] = Add(%15, %7)
      %17: float32[tokens,3] = Mul(%14, %16)
      %18: float32[tokens,3] = Add(%17, %2)
      %19: float32[2,3] = param classifier.weight
      %20: float32[2] = param classifier.bias
      %21: float32[tokens,2] = Linear(%18, %19, %20)
      return logits %21"
    `);
  });

  test("DoRA with dropout: the base's part of the change sees the dropped input too", () => {
    expect(print(apply({ useDora: true, loraDropout: 0.25 }))).toMatchInlineSnapshot(`
      "%0: float32[tokens,4] = input x
      %1: float32[3,4] = frozen layer.0.query.weight
      %2: float32[3] = frozen layer.0.query.bias
      %3: float32[tokens,3] = Linear(%0, %1, %2)
      %4: uint8[tokens,4] = input layer.0.query.lora_dropout
      %5: float32[tokens,4] = Dropout(%0, %4) {"keep":0.75}
      %6: float32[2,4] = param layer.0.query.lora_A.weight
      %7: float32[3,2] = param layer.0.query.lora_B.weight
      %8: float32[tokens,2] = Linear(%5, %6)
      %9: float32[tokens,2] = Scale(%8) {"by":2}
      %10: float32[tokens,3] = Linear(%9, %7)
      %11: float32[3] = param layer.0.query.lora_magnitude_vector
      %12: float32[3,4] = MatMul(%7, %6)
      %13: float32[3,4] = Scale(%12) {"by":2}
      %14: float32[3,4] = Add(%1, %13)
      %15: float32[3] = RowNorm(%14)
      %16: float32[3] = Detach(%15)
      %17: float32[3] = Div(%11, %16)
      %18: float32[1] = constant [1]
      %19: float32[3] = Sub(%17, %18)
      %20: float32[tokens,3] = Linear(%5, %1)
      %21: float32[tokens,3] = Mul(%19, %20)
      %22: float32[tokens,3] = Add(%3, %21)
      %23: float32[tokens,3] = Mul(%17, %10)
      %24: float32[tokens,3] = Add(%22, %23)
      %25: float32[2,3] = param classifier.weight
      %26: float32[2] = param classifier.bias
      %27: float32[tokens,2] = Linear(%24, %25, %26)
      return logits %27"
    `);
  });

  test("a bias of B, scaled as B is", () => {
    expect(print(apply({ loraBias: true, modulesToSave: [] }))).toMatchInlineSnapshot(`
      "%0: float32[tokens,4] = input x
      %1: float32[3,4] = frozen layer.0.query.weight
      %2: float32[3] = frozen layer.0.query.bias
      %3: float32[tokens,3] = Linear(%0, %1, %2)
      %4: float32[2,4] = param layer.0.query.lora_A.weight
      %5: float32[3,2] = param layer.0.query.lora_B.weight
      %6: float32[3] = param layer.0.query.lora_B.bias
      %7: float32[3] = Scale(%6) {"by":2}
      %8: float32[tokens,2] = Linear(%0, %4)
      %9: float32[tokens,2] = Scale(%8) {"by":2}
      %10: float32[tokens,3] = Linear(%9, %5, %7)
      %11: float32[tokens,3] = Add(%3, %10)
      %12: float32[2,3] = frozen classifier.weight
      %13: float32[2] = frozen classifier.bias
      %14: float32[tokens,2] = Linear(%11, %12, %13)
      return logits %14"
    `);
  });

  test.each([
    [{ useDora: true }, /^lora_B_bias does not go with use_dora\n {2}at: lora_B_bias; in TypeScript, loraBias/],
    [{ initLoraWeights: "gaussian" as const }, /^lora_B_bias does not go with init_lora_weights: gaussian/],
  ])("a bias of B with %j is refused, as in PEFT", (config, message) => {
    expect(() => apply({ loraBias: true, ...config })).toThrow(RecipeError);
    expect(() => apply({ loraBias: true, ...config })).toThrow(message);
  });

  describe("of an embedding", () => {
    const looked = (): Graph => {
      const graph = new Graph();
      const ids = graph.input("ids", { dtype: "int64", shape: ["tokens"] });
      graph.outputs.set("y", lookUp(new ModuleScope(graph), "words", ids, 5, 4));
      return graph;
    };
    const words = (config: Partial<LoraConfig> = {}): Graph =>
      apply({ targetModules: ["words"], modulesToSave: [], loraDropout: 0.5, ...config }, true, looked());

    test("looks up rows of Aᵀ, without dropout", () => {
      expect(print(words())).toMatchInlineSnapshot(`
        "%0: int64[tokens] = input ids
        %1: float32[5,4] = frozen words.weight
        %2: float32[tokens,4] = Embedding(%0, %1)
        %3: float32[2,5] = param words.lora_embedding_A
        %4: float32[4,2] = param words.lora_embedding_B
        %5: float32[5,2] = Transpose(%3) {"perm":[1,0]}
        %6: float32[tokens,2] = Embedding(%0, %5)
        %7: float32[tokens,2] = Scale(%6) {"by":2}
        %8: float32[tokens,4] = Linear(%7, %4)
        %9: float32[tokens,4] = Add(%2, %8)
        return y %9"
      `);
    });

    test.each([
      [{ useDora: true }, /^use_dora does not reach the embedding words\n {2}at: use_dora; in TypeScript, useDora/],
      [{ loraBias: true }, /^lora_B_bias does not reach the embedding words/],
    ])("%j is refused", (config, message) => {
      expect(() => words(config)).toThrow(RecipeError);
      expect(() => words(config)).toThrow(message);
    });

    test("is taken by name only", () => expect(() => words({ targetModules: "all-linear" })).toThrow(NoTargetError));
  });

  test("of a layer without a bias", () => {
    const graph = new Graph();
    const x = graph.input("x", { dtype: "float32", shape: ["tokens", 4] });
    graph.outputs.set("y", dense(new ModuleScope(graph), "query", x, 3, { bias: false }));
    expect(print(apply({ useDora: true, modulesToSave: [] }, true, graph))).toMatchInlineSnapshot(`
      "%0: float32[tokens,4] = input x
      %1: float32[3,4] = frozen query.weight
      %2: float32[tokens,3] = Linear(%0, %1)
      %3: float32[2,4] = param query.lora_A.weight
      %4: float32[3,2] = param query.lora_B.weight
      %5: float32[tokens,2] = Linear(%0, %3)
      %6: float32[tokens,2] = Scale(%5) {"by":2}
      %7: float32[tokens,3] = Linear(%6, %4)
      %8: float32[3] = param query.lora_magnitude_vector
      %9: float32[3,4] = MatMul(%4, %3)
      %10: float32[3,4] = Scale(%9) {"by":2}
      %11: float32[3,4] = Add(%1, %10)
      %12: float32[3] = RowNorm(%11)
      %13: float32[3] = Detach(%12)
      %14: float32[3] = Div(%8, %13)
      %15: float32[tokens,3] = Add(%2, %7)
      %16: float32[tokens,3] = Mul(%14, %15)
      return y %16"
    `);
  });
});

describe("what trains", () => {
  const adapter = (module: string): string[] => [`${module}.lora_A.weight`, `${module}.lora_B.weight`];
  const self = "bert.encoder.layer.0.attention.self";
  const bert = (config: Partial<LoraConfig>): string[] => trained(apply(config, true, tinyBert()));

  test("A, B and what is saved whole", () =>
    expect(bert({})).toEqual([...adapter(`${self}.query`), "classifier.weight", "classifier.bias"]));

  test("bias lora_only: the biases of the layers taken too", () =>
    expect(bert({ bias: "lora_only", modulesToSave: [] })).toEqual([
      `${self}.query.bias`,
      ...adapter(`${self}.query`),
    ]));

  test("bias all: every bias, those of norms as well", () => {
    const biases = tinyBert().params.flatMap(({ origin: { name } }) => (name.endsWith(".bias") ? [name] : []));
    expect(biases).toContain("bert.embeddings.LayerNorm.bias");
    expect(new Set(bert({ bias: "all", modulesToSave: [] }))).toEqual(
      new Set([...biases, ...adapter(`${self}.query`)]),
    );
  });

  test("all-linear takes each linear layer but those that are saved whole", () => {
    const names = bert({ targetModules: "all-linear" });
    expect(names.filter((name) => name.includes("lora_A"))).toHaveLength(7);
    expect(names).toContain("bert.pooler.dense.lora_A.weight");
    expect(names.filter((name) => name.startsWith("classifier"))).toEqual(["classifier.weight", "classifier.bias"]);
  });

  test("a regular expression takes whole paths", () =>
    expect(bert({ targetModules: ".*\\.(key|value)", modulesToSave: [] })).toEqual(
      [`${self}.key`, `${self}.value`].flatMap(adapter),
    ));

  test.each<[Partial<LoraConfig>, RegExp]>([
    [{ targetModules: ["query", "q_lin"] }, /^lora_target_modules \[q_lin\] matched/],
    [{ layersToTransform: [1] }, /^layers_to_transform \[1\] matched/],
    [{ rankPattern: { value: 4 } }, /^rank_pattern \[value\] matched none of the 1 modules that get/],
    [{ alphaPattern: { query: 1, "1.query": 9 } }, /^alpha_pattern \[1\.query\] matched none of the 1/],
    [{ modulesToSave: ["classifier", "score"] }, /^lora_modules_to_save \[score\] matched/],
  ])("what matches nothing is refused: %j", (config, message) => {
    expect(() => bert({ layersToTransform: [0], rankPattern: { query: 4 }, modulesToSave: ["pooler"] })).not.toThrow();
    expect(() => bert(config)).toThrow(NoTargetError);
    expect(() => bert(config)).toThrow(message);
  });

  test("heads that a model lacks are no error", () => {
    const config = { ...QUERY, modulesToSave: ["pre_classifier", "classifier"] };
    const heads = (names: string[]) => () => runPasses(tiny(), [lora(config, names)], { training: true });
    expect(heads(["pre_classifier", "classifier"])).not.toThrow();
    expect(heads(["classifier"])).toThrow("lora_modules_to_save [pre_classifier] matched");
  });
});

describe("rank and scaling", () => {
  const by = (graph: Graph): unknown =>
    graph.values.flatMap(({ origin }) =>
      origin.kind === "node" && "by" in origin.node.attrs ? [origin.node.attrs.by] : [],
    );

  test.each<[string, Partial<LoraConfig>, number, number]>([
    ["alpha / r", { r: 8, loraAlpha: 4 }, 8, 0.5],
    ["alpha / √r, rank-stabilised", { r: 4, loraAlpha: 4, useRslora: true }, 4, 2],
    ["rank_pattern over r", { rankPattern: { query: 4 } }, 4, 1],
    ["alpha_pattern over loraAlpha", { alphaPattern: { "layer\\.0\\..*": 6 } }, 2, 3],
    ["both, rank-stabilised", { rankPattern: { query: 16 }, alphaPattern: { query: 2 }, useRslora: true }, 16, 0.5],
  ])("%s", (_, config, r, scaling) => {
    expect(siteOf({ ...QUERY, ...config }, "layer.0.query")).toEqual({ module: "layer.0.query", r, scaling });
    const graph = apply(config);
    expect(graph.named("layer.0.query.lora_A.weight")?.shape).toEqual([r, 4]);
    expect(graph.named("layer.0.query.lora_B.weight")?.shape).toEqual([3, r]);
    expect(by(graph)).toEqual([scaling]);
  });
});

describe("the start", () => {
  const inits = (initLoraWeights?: LoraConfig["initLoraWeights"]): (Init | undefined)[] => {
    const graph = apply({ r: 4, useDora: true, ...(initLoraWeights !== undefined && { initLoraWeights }) });
    return ["lora_A.weight", "lora_B.weight", "lora_magnitude_vector"].map((name) => {
      const origin = graph.named(`layer.0.query.${name}`)?.origin;
      return origin?.kind === "param" ? origin.init : undefined;
    });
  };
  const lengths: Init = { kind: "rowNorm", of: "layer.0.query.weight" };

  test("is that of PEFT", () => {
    expect(inits()).toEqual([{ kind: "uniform", bound: 1 / 2 }, { kind: "zeros" }, lengths]);
    expect(inits(true)).toEqual(inits());
    expect(inits("gaussian")).toEqual([{ kind: "normal", std: 1 / 4 }, { kind: "zeros" }, lengths]);
    expect(inits(false)).toEqual([{ kind: "uniform", bound: 1 / 2 }, { kind: "uniform", bound: 1 / 2 }, lengths]);
  });

  test("computes what the base computes, whatever the shapes and settings", () => {
    const length = fc.integer({ min: 1, max: 5 });
    const options = fc.record({
      r: length,
      loraAlpha: fc.integer({ min: 1, max: 64 }),
      loraDropout: fc.constantFrom(0, 0.25),
      useRslora: fc.boolean(),
      useDora: fc.boolean(),
    });
    fc.assert(
      fc.property(
        length,
        length,
        length,
        fc.boolean(),
        fc.boolean(),
        options,
        (rows, columns, out, bias, training, options) => {
          const base = new Graph();
          const x = base.input("x", { dtype: "float32", shape: ["tokens", columns] });
          base.outputs.set("y", dense(new ModuleScope(base), "query", x, out, { bias }));
          const graph = apply({ ...options, modulesToSave: [] }, training, base);
          const feeds = feedsOf(graph, { tokens: rows });
          const run = (graph: Graph, feeds: Record<string, Tensor>) =>
            evaluate(graph, [graph.outputs.get("y")!], feeds)[0]!;
          const [wanted, start, later] = [run(base, feeds), run(graph, startOf(graph, feeds)), run(graph, feeds)];
          expect(start.shape).toEqual(wanted.shape);
          wanted.data.forEach((y, i) => void expect(start.data[i]).toBeCloseTo(y, 12));
          if (!training) expect(later.data).not.toEqual(wanted.data); // and what is learned is read
        },
      ),
    );
  });

  test("whatever an adapter has learned, it computes with W + scaling · B·A", () => {
    const graph = apply({ targetModules: "all-linear" }, false, tinyBert());
    const feeds = feedsOf(graph, { batch: 2, seq: 3 });
    const merged = { ...feeds };
    for (const {
      origin: { name },
      shape,
    } of tinyBert().params) {
      const [a, b] = ["A", "B"].map((part) => feeds[name.replace(/\.weight$/, `.lora_${part}.weight`)]);
      if (!name.endsWith(".weight") || !a || !b) continue;
      const [out, columns] = shape as [number, number];
      const update = (i: number): number => {
        const [row, column] = [Math.floor(i / columns), i % columns];
        return b.data[row * 2]! * a.data[column]! + b.data[row * 2 + 1]! * a.data[columns + column]!;
      };
      merged[name] = { shape: [out, columns], data: feeds[name]!.data.map((w, i) => w + 2 * update(i)) };
    }
    const base = tinyBert();
    const [wanted] = evaluate(base, [base.outputs.get("logits")!], merged);
    const [logits] = evaluate(graph, [graph.outputs.get("logits")!], feeds);
    wanted!.data.forEach((x, i) => void expect(logits!.data[i]).toBeCloseTo(x, 10));
  });
});
