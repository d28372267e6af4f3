import { expect } from "vitest";
import { backward } from "../../src/autodiff/backward.ts";
import { resolveShape } from "../../src/ir/dims.ts";
import { evaluate } from "../../src/ir/evaluate.ts";
import { Graph, type Value } from "../../src/ir/graph.ts";
import type { DType, Shape, Tensor, TensorType } from "../../src/ir/types.ts";
import { type EmittedModel, emitOnnx } from "../../src/onnx/emit.ts";
import type { Target } from "../../src/onnx/target.ts";
import { float32ToBfloat16, float32ToFloat16 } from "../../src/quant/half.ts";
import { openSession } from "../../src/session/node/index.ts";
import type { Elements, RuntimeTensor } from "../../src/session/session.ts";
import { dot, randn } from "../tensors.ts";

/** An operand of a check: a shape to fill at random (and to differentiate), or given elements (an index, a mask). */
export type Operand = Shape | { readonly dtype: DType; readonly shape: Shape; readonly data: readonly number[] };

/** Lengths of the named dims in checks. */
export const DIMS = new Map([
  ["batch", 2],
  ["seq", 3],
  ["past", 2],
  ["total", 5],
]);
const STEP = 1e-5;
const TOLERANCE = 2e-5;

const isShape = (operand: Operand): operand is Shape => Array.isArray(operand);

interface Case {
  readonly graph: Graph;
  readonly operands: Value[];
  readonly y: Value;
  readonly feeds: Record<string, Tensor>;
}

function build(f: (...xs: Value[]) => Value, operands: readonly Operand[]): Case {
  const graph = new Graph();
  const feeds: Record<string, Tensor> = {};
  const values = operands.map((operand, i) => {
    const name = `x${i}`;
    const shape = isShape(operand) ? operand : operand.shape;
    const concrete = resolveShape(shape, DIMS);
    feeds[name] = isShape(operand) ? randn(name, concrete) : { data: Float64Array.from(operand.data), shape: concrete };
    return graph.input(name, { dtype: isShape(operand) ? "float32" : operand.dtype, shape });
  });
  return { graph, operands: values, y: f(...values), feeds };
}

/** Checks ⟨dy, J·u⟩ by central differences against ⟨Jᵀ·dy, u⟩ from the rules, in float64, for random u and dy. */
export function gradcheck(f: (...xs: Value[]) => Value, operands: readonly Operand[]): void {
  const { graph, operands: xs, y, feeds } = build(f, operands);
  const dy = graph.input("dy", y);
  const smooth = xs.filter((_, i) => isShape(operands[i]!));
  const gradients = backward(y, smooth, dy);
  feeds.dy = randn("dy", resolveShape(y.shape, DIMS));
  const seed = feeds.dy.data;
  smooth.forEach((x, i) => {
    const name = x.origin.kind === "input" ? x.origin.name : "";
    const gradient = gradients[i];
    expect(gradient, `gradient of ${name}`).toBeDefined();
    const [analytic] = evaluate(graph, [gradient!], feeds);
    const at = feeds[name]!;
    const u = randn(`u${i}`, at.shape).data;
    const along = (step: number): number => {
      const moved = { ...feeds, [name]: { ...at, data: at.data.map((value, k) => value + step * u[k]!) } };
      return dot(evaluate(graph, [y], moved)[0]!.data, seed);
    };
    const numeric = (along(STEP) - along(-STEP)) / (2 * STEP);
    const scale = Math.max(1, Math.abs(numeric));
    expect(Math.abs(dot(analytic!.data, u) - numeric) / scale, `d/d${name} of [${x.shape}]`).toBeLessThan(1e-6);
  });
}

/** Feeds or results, by name. */
export type Tensors = Readonly<Record<string, RuntimeTensor>>;

/** The graph's outputs on ONNX Runtime's CPU provider, as a target writes the graph. */
export const onCpu =
  (target?: Target) =>
  async (graph: Graph, feeds: Tensors): Promise<Tensors> => {
    const model = emitOnnx(graph, target);
    const session = await openSession(model, { weights: new Map(), threads: 1 });
    try {
      return await session.run(fedTo(model, feeds));
    } finally {
      await session.close();
    }
  };

/** The inputs of a model, in the types in which it is fed. */
export const fedTo = ({ inputs }: EmittedModel, feeds: Tensors): Tensors =>
  Object.fromEntries(inputs.map(({ name, type }) => [name, asFed(feeds[name]!, type)]));

function asFed(tensor: RuntimeTensor, { dtype, shape }: TensorType): RuntimeTensor {
  const { data } = tensor;
  if (dtype !== "uint8" || data instanceof Uint8Array) return tensor;
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return { dtype, shape: [...tensor.shape, ...(shape.slice(tensor.shape.length) as number[])], data: bytes };
}

/** Checks the op's result, and every gradient unless only the result is asked for, on ONNX Runtime against the evaluator. */
export async function runtimeCheck(
  f: (...xs: Value[]) => Value,
  operands: readonly Operand[],
  only?: "forward only",
  run: (graph: Graph, feeds: Tensors) => Promise<Tensors> = onCpu(),
): Promise<void> {
  const { graph, operands: xs, y, feeds } = build(f, operands);
  graph.outputs.set("y", y);
  const smooth = xs.filter((_, i) => isShape(operands[i]!));
  if (y.dtype === "float32" && smooth.length > 0 && !only) {
    const dy = graph.input("dy", y);
    feeds.dy = randn("dy", resolveShape(y.shape, DIMS));
    backward(y, smooth, dy).forEach((gradient, i) => void (gradient && graph.outputs.set(`d${i}`, gradient)));
  }
  const names = [...graph.outputs.keys()];
  const expected = evaluate(graph, [...graph.outputs.values()], feeds);
  const used = graph.inputs.map(({ origin, dtype }) => {
    const name = origin.kind === "input" ? origin.name : "";
    return [name, toRuntime(dtype, feeds[name]!)];
  });
  const actual = await run(graph, Object.fromEntries(used));
  names.forEach((name, i) => {
    const { data, shape } = actual[name]!;
    expect(shape, `shape of ${name}`).toEqual(expected[i]!.shape);
    Array.from(data as ArrayLike<number | bigint>, Number).forEach((value, k) => {
      const wanted = expected[i]!.data[k]!;
      const error = Math.abs(value - wanted) / Math.max(1, Math.abs(wanted));
      expect(error, `${name}[${k}]: ${value} for ${wanted}`).toBeLessThan(TOLERANCE);
    });
  });
}

/** A tensor of the evaluator as the engine takes it. */
export function toRuntime(dtype: DType, { data, shape }: Tensor): RuntimeTensor {
  const convert: Partial<Record<DType, () => Elements>> = {
    int64: () => BigInt64Array.from(data, (value) => BigInt(value)),
    int32: () => Int32Array.from(data),
    int8: () => Int8Array.from(data),
    uint8: () => Uint8Array.from(data),
    float16: () => float32ToFloat16(Float32Array.from(data)),
    bfloat16: () => float32ToBfloat16(Float32Array.from(data)),
  };
  return { dtype, shape, data: convert[dtype]?.() ?? Float32Array.from(data) };
}
