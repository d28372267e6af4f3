import { describe, expect, test } from "vitest";
import { evaluate } from "../../src/ir/evaluate.ts";
import { Graph } from "../../src/ir/graph.ts";
import { print } from "../../src/ir/print.ts";
import { linear } from "../../src/ops/nn/linear.ts";
import { runPasses } from "../../src/passes/pass.ts";
import { quantize } from "../../src/passes/quantize.ts";
import { keepTrainable } from "../../src/passes/trainable.ts";
import { lora } from "../../src/peft/lora.ts";
import { doubleQuantize, undoubleQuantize } from "../../src/quant/doublequant.ts";
import { dequantize4, quantize4 } from "../../src/quant/fourbit.ts";
import { dequantizeInt8, quantizeInt8 } from "../../src/quant/int8.ts";
import type { Scheme } from "../../src/quant/schemes/index.ts";
import { randn } from "../tensors.ts";
import { feedsOf, tiny } from "../tiny.ts";

const training = { training: true } as const;
const freeze = keepTrainable((name) => name.startsWith("classifier"));
const packed = (scheme: Scheme, keep: readonly string[] = []) =>
  runPasses(tiny(), [freeze, quantize(scheme, keep)], training);

describe("quantize", () => {
  test("nf4: the frozen weight becomes codes and scales", () => {
    expect(print(packed({ type: "nf4", blockSize: 64, doubleQuant: false }))).toMatchInlineSnapshot(`
      "%0: float32[tokens,4] = input x
      %1: float32[3] = frozen layer.0.query.bias
      %2: uint8[6] = frozen layer.0.query.weight.codes
      %3: float32[16] = constant (16)
      %4: float32[1] = frozen layer.0.query.weight.absmax
      %5: float32[tokens,3] = Linear4bit(%0, %2, %4, %3, %1) {"type":"nf4","blockSize":64,"shape":[3,4]}
      %6: float32[2,3] = param classifier.weight
      %7: float32[2] = param classifier.bias
      %8: float32[tokens,2] = Linear(%5, %6, %7)
      return logits %8"
    `);
  });

  test("double quantization: the scales become codes too", () => {
    expect(print(packed({ type: "fp4", blockSize: 64, doubleQuant: true }))).toMatchInlineSnapshot(`
      "%0: float32[tokens,4] = input x
      %1: float32[3] = frozen layer.0.query.bias
      %2: uint8[6] = frozen layer.0.query.weight.codes
      %3: float32[16] = constant (16)
      %4: uint8[1] = frozen layer.0.query.weight.absmax
      %5: float32[1] = frozen layer.0.query.weight.nested_absmax
      %6: float32[1] = frozen layer.0.query.weight.nested_offset
      %7: float32[256] = constant (256)
      %8: float32[1] = DequantizeBlockwise(%4, %5, %6, %7) {"blockSize":256}
      %9: float32[tokens,3] = Linear4bit(%0, %2, %8, %3, %1) {"type":"fp4","blockSize":64,"shape":[3,4]}
      %10: float32[2,3] = param classifier.weight
      %11: float32[2] = param classifier.bias
      %12: float32[tokens,2] = Linear(%9, %10, %11)
      return logits %12"
    `);
  });

  test("int8: a scale for each output row", () => {
    expect(print(packed({ type: "int8" }))).toMatchInlineSnapshot(`
      "%0: float32[tokens,4] = input x
      %1: float32[3] = frozen layer.0.query.bias
      %2: int8[3,4] = frozen layer.0.query.weight.codes
      %3: float32[3] = frozen layer.0.query.weight.absmax
      %4: float32[tokens,3] = Linear8bit(%0, %2, %3, %1)
      %5: float32[2,3] = param classifier.weight
      %6: float32[2] = param classifier.bias
      %7: float32[tokens,2] = Linear(%4, %5, %6)
      return logits %7"
    `);
  });

  test("blocks of a file: codes, scales, offsets; a weight without a scheme stays as it is", () => {
    const blocks = { type: "gguf", bits: 4, blockSize: 4, offsets: true, scaleType: "float16" } as const;
    const of = (name: string) => (name === "layer.0.query.weight" ? blocks : undefined);
    expect(print(runPasses(tiny(), [freeze, quantize(of)], training))).toMatchInlineSnapshot(`
      "%0: float32[tokens,4] = input x
      %1: float32[3] = frozen layer.0.query.bias
      %2: uint8[6] = frozen layer.0.query.weight.codes
      %3: float16[2,3] = frozen layer.0.query.weight.scales
      %4: float32[tokens,3] = LinearScaled(%0, %2, %3, %1) {"bits":4,"blockSize":4,"shape":[3,4]}
      %5: float32[2,3] = param classifier.weight
      %6: float32[2] = param classifier.bias
      %7: float32[tokens,2] = Linear(%4, %5, %6)
      return logits %7"
    `);
    expect(print(runPasses(tiny(), [freeze, quantize(() => undefined)], training))).toBe(
      print(runPasses(tiny(), [freeze], training)),
    );
  });

  test("DoRA reads the weight that the layer reads: it is unpacked from the same codes", () => {
    const dora = lora({ r: 1, loraAlpha: 1, targetModules: ["query"], useDora: true, modulesToSave: ["classifier"] });
    expect(print(runPasses(tiny(), [dora, quantize({ type: "int8" })], training))).toMatchInlineSnapshot(`
      "%0: float32[tokens,4] = input x
      %1: float32[3] = frozen layer.0.query.bias
      %2: float32[1,4] = param layer.0.query.lora_A.weight
      %3: float32[3,1] = param layer.0.query.lora_B.weight
      %4: float32[tokens,1] = Linear(%0, %2)
      %5: float32[tokens,1] = Scale(%4) {"by":1}
      %6: float32[tokens,3] = Linear(%5, %3)
      %7: float32[3] = param layer.0.query.lora_magnitude_vector
      %8: float32[3,4] = MatMul(%3, %2)
      %9: float32[3,4] = Scale(%8) {"by":1}
      %10: int8[3,4] = frozen layer.0.query.weight.codes
      %11: float32[3] = frozen layer.0.query.weight.absmax
      %12: float32[3,4] = Dequantize8bit(%10, %11)
      %13: float32[3,4] = Add(%12, %9)
      %14: float32[3] = RowNorm(%13)
      %15: float32[3] = Detach(%14)
      %16: float32[3] = Div(%7, %15)
      %17: float32[tokens,3] = Linear8bit(%0, %10, %11)
      %18: float32[tokens,3] = Add(%17, %6)
      %19: float32[tokens,3] = Mul(%16, %18)
      %20: float32[tokens,3] = Add(%19, %1)
      %21: float32[2,3] = param classifier.weight
      %22: float32[2] = param classifier.bias
      %23: float32[tokens,2] = Linear(%20, %21, %22)
      return logits %23"
    `);
  });

  test("trainable weights and those under `keep` stay as they are", () => {
    const unpacked = print(runPasses(tiny(), [freeze], training));
    expect(print(packed({ type: "int8" }, ["query"]))).toBe(unpacked);
    expect(print(packed({ type: "int8" }, ["layer"]))).toBe(unpacked);
    expect(print(packed({ type: "int8" }, ["quer", "layer.0.query"]))).not.toBe(unpacked);
    const all = tiny();
    expect(print(runPasses(all, [quantize({ type: "int8" })], training))).toBe(print(all));
  });

  test("every part says which weight it is packed from, and how", () => {
    const scheme: Scheme = { type: "nf4", blockSize: 32, doubleQuant: true };
    const parts = packed(scheme).params.flatMap(({ origin }) => (origin.quantized ? [origin.quantized] : []));
    expect(parts).toEqual(
      ["codes", "absmax", "nested_absmax", "nested_offset"].map((part) => ({
        of: "layer.0.query.weight",
        scheme,
        part,
      })),
    );
  });

  test.each<[rows: number, columns: number, block: number, codes: number, blocks: number, nested: number]>([
    [4, 16, 64, 32, 1, 1],
    [5, 13, 64, 33, 2, 1], // an odd count: half of the last byte is unused
    [257, 64, 64, 8224, 257, 2], // one scale more than share a nested scale
    [256, 64, 64, 8192, 256, 1],
    [8, 32, 32, 128, 8, 1],
  ])("[%i, %i] in blocks of %i: %i bytes, %i scales, %i nested", (rows, columns, blockSize, codes, blocks, nested) => {
    const graph = new Graph();
    const x = graph.input("x", { dtype: "float32", shape: ["tokens", columns] });
    const w = graph.param("w", { dtype: "float32", shape: [rows, columns] }, { trainable: false });
    graph.outputs.set("y", linear(x, w));
    const next = runPasses(graph, [quantize({ type: "nf4", blockSize, doubleQuant: true })], training);
    const shapes = Object.fromEntries(next.params.map(({ origin, shape }) => [origin.name, shape]));
    expect(shapes).toEqual({
      "w.codes": [codes],
      "w.absmax": [blocks],
      "w.nested_absmax": [nested],
      "w.nested_offset": [1],
    });
    expect(next.params.map(({ dtype }) => dtype)).toEqual(["uint8", "uint8", "float32", "float32"]);
  });
});

describe("a packed layer computes with the weight that its codes stand for", () => {
  const count = 12; // [3, 4]
  const w = Float32Array.from(randn("layer.0.query.weight", [count]).data);
  test.each<[Scheme, Float32Array]>([
    [{ type: "nf4", blockSize: 64, doubleQuant: false }, dequantize4(quantize4(w, { type: "nf4" }), count)],
    [{ type: "fp4", blockSize: 64, doubleQuant: false }, dequantize4(quantize4(w, { type: "fp4" }), count)],
    [{ type: "nf4", blockSize: 64, doubleQuant: true }, doubly(w)],
    [{ type: "int8" }, dequantizeInt8(quantizeInt8(w, 3))],
  ])("%o", (scheme, restored) => {
    const graph = packed(scheme);
    const feeds = feedsOf(graph, { tokens: 3 });
    const base = tiny();
    const weights = { ...feeds, "layer.0.query.weight": { data: Float64Array.from(restored), shape: [3, 4] } };
    const [expected] = evaluate(base, [...base.outputs.values()], weights);
    const [actual] = evaluate(graph, [...graph.outputs.values()], feeds);
    actual!.data.forEach((x, i) => void expect(x).toBeCloseTo(expected!.data[i]!, 6));
  });

  function doubly(w: Float32Array): Float32Array {
    const blocks = quantize4(w, { type: "nf4" });
    return dequantize4({ ...blocks, absmax: undoubleQuantize(doubleQuantize(blocks.absmax)) }, count);
  }
});
