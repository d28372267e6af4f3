import { describe, expect, test } from "vitest";
import {
  decodeGgml,
  dequantizeGgml,
  type QuantizedGgmlType,
  scaledFormatOf,
} from "../../src/formats/gguf/blocks/dequantize.ts";
import { quantizeGgml } from "../../src/formats/gguf/blocks/quantize.ts";
import { evaluate } from "../../src/ir/evaluate.ts";
import { Graph } from "../../src/ir/graph.ts";
import type { DType, Tensor } from "../../src/ir/types.ts";
import { emitOnnx } from "../../src/onnx/emit.ts";
import { add } from "../../src/ops/nn/elementwise.ts";
import { linear } from "../../src/ops/nn/linear.ts";
import { matMul } from "../../src/ops/nn/matmul.ts";
import { runPasses } from "../../src/passes/pass.ts";
import { quantize } from "../../src/passes/quantize.ts";
import { float16ToFloat32 } from "../../src/quant/half.ts";
import type { ScaledFormat } from "../../src/quant/scaled-blocks.ts";
import { FOUR_BIT_NAMES, type SchemeName } from "../../src/quant/scheme-names.ts";
import type { QuantizedArrays } from "../../src/quant/schemes/definition.ts";
import { ggufScheme } from "../../src/quant/schemes/gguf.ts";
import { definitionOf, SCHEMES, type Scheme, throughQuantization } from "../../src/quant/schemes/index.ts";
import { parseRecipe } from "../../src/recipe/parse.ts";
import { openSession } from "../../src/session/node/index.ts";
import type { Elements, RuntimeTensor } from "../../src/session/session.ts";
import { randn } from "../tensors.ts";

/** A scheme with settings, and how near weights come back. */
interface Row {
  readonly scheme: Scheme;
  /** Weights that share a scale. */
  readonly block: number;
  /** Largest error, as a share of the block's largest magnitude. */
  readonly error: number;
  /** How a file that holds the weights quantized writes them, and reads them as float32. */
  readonly stored?: (w: Float32Array) => { readonly arrays: QuantizedArrays; readonly restored: Float32Array };
}

const [ROWS, COLUMNS] = [6, 64];

const ofFile = (type: QuantizedGgmlType & ("Q8_0" | "Q4_0" | "Q4_1"), error: number): Row => {
  const scheme = ggufScheme(scaledFormatOf(type) as ScaledFormat);
  const { codec } = SCHEMES.gguf;
  return {
    scheme,
    block: 32,
    error,
    stored(w) {
      const bytes = quantizeGgml(type, w);
      if (codec.kind !== "stored") throw new Error("blocks of a file are kept");
      return { arrays: codec.arrays(decodeGgml(type, bytes), scheme), restored: dequantizeGgml(type, bytes) };
    },
  };
};

/** A row or more for each scheme: half the widest gap of its codes, and what rounding its scale adds. */
const CASES: Readonly<Record<SchemeName, readonly Row[]>> = {
  nf4: [
    { scheme: { type: "nf4", blockSize: 64, doubleQuant: false }, block: 64, error: 0.153 },
    { scheme: { type: "nf4", blockSize: 32, doubleQuant: true }, block: 32, error: 0.17 },
  ],
  fp4: [
    { scheme: { type: "fp4", blockSize: 64, doubleQuant: false }, block: 64, error: 0.168 },
    { scheme: { type: "fp4", blockSize: 64, doubleQuant: true }, block: 64, error: 0.19 },
  ],
  int8: [{ scheme: { type: "int8" }, block: COLUMNS, error: 1 / 254 + 1 / 2048 }],
  gguf: [ofFile("Q8_0", 1 / 254 + 1 / 2048), ofFile("Q4_0", 1 / 8 + 1 / 2048), ofFile("Q4_1", 1 / 15 + 1 / 512)],
};

test("every scheme has a case, and four-bit ones are the recipe's", () => {
  expect(Object.keys(CASES).sort()).toEqual(Object.keys(SCHEMES).sort());
  for (const [name, { name: own }] of Object.entries(SCHEMES)) expect(own).toBe(name);
  for (const name of FOUR_BIT_NAMES) {
    const overrides = { model_name_or_path: "m", dataset_name: "d", load_in_4bit: true, bnb_4bit_quant_type: name };
    expect(parseRecipe("", { overrides }).bnb_4bit_quant_type).toBe(name);
  }
});

const ARRAYS: Readonly<Partial<Record<DType, unknown>>> = {
  ...{ float32: Float32Array, float16: Uint16Array, int8: Int8Array, uint8: Uint8Array },
};

describe.each(Object.values(CASES).flat())("$scheme", ({ scheme, block, error, stored }) => {
  const definition = definitionOf(scheme);
  const w = Float32Array.from(randn("w", [ROWS, COLUMNS]).data);
  const { arrays, restored } = stored?.(w) ?? quantized();

  function quantized(): { arrays: QuantizedArrays; restored: Float32Array } {
    const { codec } = definition;
    if (codec.kind !== "quantizing") throw new Error("a scheme of stored blocks has a file that writes them");
    const arrays = codec.quantize(w, ROWS, scheme);
    return { arrays, restored: codec.dequantize(arrays, scheme, w.length) };
  }

  test("weights come back within its error", () => {
    for (let start = 0; start < w.length; start += block) {
      const largest = Math.max(...w.subarray(start, start + block).map(Math.abs));
      for (let i = start; i < start + block; i++) {
        expect(Math.abs(restored[i]! - w[i]!), `weight ${i}`).toBeLessThanOrEqual(error * largest);
      }
    }
    expect(restored).not.toEqual(w);
    if (!stored) expect(throughQuantization(w, ROWS, scheme)).toEqual(restored);
  });

  test("its arrays have the types of its parts", () => {
    const parts = definition.parts([ROWS, COLUMNS], scheme);
    expect(Object.keys(arrays).sort()).toEqual(Object.keys(parts).sort());
    for (const [part, { dtype, shape }] of Object.entries(parts)) {
      expect(arrays[part], part).toBeInstanceOf(ARRAYS[dtype]);
      expect(arrays[part]?.length, part).toBe((shape as number[]).reduce((n, length) => n * length, 1));
    }
  });

  /** `x·wᵀ + bias` twice: as a linear layer, and with another op that reads the weight. */
  function products(): Graph {
    const graph = new Graph();
    const x = graph.input("x", { dtype: "float32", shape: ["tokens", COLUMNS] });
    const weight = graph.param("w", { dtype: "float32", shape: [ROWS, COLUMNS] }, { trainable: false });
    const bias = graph.param("bias", { dtype: "float32", shape: [ROWS] }, { trainable: false });
    graph.outputs.set("linear", linear(x, weight, bias));
    graph.outputs.set("dequantized", add(matMul(x, weight, { transB: true }), bias));
    return graph;
  }

  test("a linear layer and other ops compute with those weights, on the evaluator and the engine", async () => {
    const feeds: Record<string, Tensor> = { x: randn("x", [3, COLUMNS]), bias: randn("bias", [ROWS]) };
    const plain = products();
    const weights = { ...feeds, w: { data: Float64Array.from(restored), shape: [ROWS, COLUMNS] } };
    const [expected] = evaluate(plain, [plain.outputs.get("linear")!], weights);

    const graph = runPasses(products(), [quantize(scheme)], { training: false });
    const runtime = new Map<string, RuntimeTensor>();
    for (const { origin, dtype, shape } of graph.params) {
      const data = origin.quantized ? arrays[origin.quantized.part] : Float32Array.from(feeds[origin.name]!.data);
      runtime.set(origin.name, { dtype, shape: shape as number[], data: data as Elements });
      const values = dtype === "float16" ? float16ToFloat32(data as Uint16Array) : (data as Float32Array);
      feeds[origin.name] = { data: Float64Array.from(values), shape: shape as number[] };
    }
    expect(graph.named("w")).toBeUndefined();
    for (const { data } of evaluate(graph, [...graph.outputs.values()], feeds)) {
      data.forEach((y, i) => void expect(y).toBeCloseTo(expected!.data[i]!, 5));
    }

    const session = await openSession(emitOnnx(graph), { weights: runtime });
    const x = { dtype: "float32", shape: [3, COLUMNS], data: Float32Array.from(feeds.x!.data) } as const;
    const results = await session.run({ x });
    await session.close();
    for (const name of graph.outputs.keys()) {
      const data = results[name]!.data as Float32Array;
      data.forEach((y, i) => void expect(y, name).toBeCloseTo(expected!.data[i]!, 4));
    }
  });
});
