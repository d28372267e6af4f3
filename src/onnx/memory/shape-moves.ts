import type { NodeProto } from "onnx-buf";
import { countOf, FOLLOWED, facts, integer, integers, type TensorFacts } from "./tensor-facts.ts";

/** Outputs of a node from its operands; an omitted operand is `undefined`. */
export type ShapeRule = (
  node: NodeProto,
  inputs: readonly [TensorFacts, ...(TensorFacts | undefined)[]],
) => readonly TensorFacts[];

const positive = (axis: number, rank: number): number => (axis < 0 ? axis + rank : axis);

/** NumPy's broadcast of shapes that fit. */
export function broadcast(shapes: readonly (readonly number[])[]): number[] {
  const rank = Math.max(...shapes.map(({ length }) => length));
  const lengths = (i: number): number[] => shapes.map((shape) => shape[shape.length - rank + i] ?? 1);
  return Array.from({ length: rank }, (_, i) => lengths(i).find((length) => length !== 1) ?? 1);
}

/** An elementwise op. @param of Its meaning, for ops that shapes are computed with. @param size Default: the last operand's. */
export function elementwise(of?: (...values: number[]) => number, size?: number): ShapeRule {
  return (_, inputs) => {
    const operands = inputs as readonly TensorFacts[];
    const shape = broadcast(operands.map((operand) => operand.shape));
    const count = countOf(shape);
    const known = operands.flatMap(({ values }) => (values ? [values] : []));
    const at = (i: number): number[] => known.map((values) => values[values.length === 1 ? 0 : i] as number);
    const follows = of && count <= FOLLOWED && known.length === operands.length;
    const values = follows ? Array.from({ length: count }, (_, i) => of(...at(i))) : undefined;
    return [facts(shape, size ?? (operands.at(-1) as TensorFacts).size, values)];
  };
}

const product = elementwise((a, b) => (a as number) * (b as number));

/** A product; zero times what is not known is zero: barriers are made of it. */
export const times: ShapeRule = (node, inputs) => {
  const [{ shape, size, values }] = product(node, inputs) as [TensorFacts];
  const none = countOf(shape) <= FOLLOWED && inputs.some((x) => x?.values?.every((value) => value === 0));
  return [facts(shape, size, none ? new Array<number>(countOf(shape)).fill(0) : values)];
};

/** Sums, means and the like, over axes given as an attribute or as the second operand. */
export const reduction: ShapeRule = (node, [{ shape, size, values }, axes]) => {
  const given = axes?.values ?? [...integers(node, "axes"), ...integers(node, "axis")];
  const over = given.map((axis) => positive(axis, shape.length));
  const keeps = integer(node, "keepdims", 1) === 1;
  const left = shape.flatMap((length, i) => (over.length > 0 && !over.includes(i) ? [length] : keeps ? [1] : []));
  return [facts(left, size, countOf(left) === 1 && values ? [values.reduce((a, b) => a + b, 0)] : undefined)];
};

/** A product of matrices, each turned where an attribute says so. */
export const matrixProduct: ShapeRule = (node, [a, b]) => {
  const oriented = (shape: readonly number[], by: string): readonly number[] =>
    integer(node, by, 0) === 1 ? [...shape.slice(0, -2), ...shape.slice(-2).reverse()] : shape;
  const [x, y] = [oriented(a.shape, "transA"), oriented(b?.shape ?? [], "transB")];
  return [facts([...broadcast([x.slice(0, -2), y.slice(0, -2)]), x.at(-2) as number, y.at(-1) as number], a.size)];
};

/** Part of a tensor. */
export const slice: ShapeRule = (_, [{ shape, size, values }, starts, ends, axes]) => {
  const out = [...shape];
  let kept = shape.length === 1 ? values : undefined;
  for (const [i, axis] of (axes?.values ?? [...shape.keys()]).entries()) {
    const length = out[positive(axis, shape.length)] as number;
    const place = (at: number): number => Math.min(length, Math.max(0, at < 0 ? at + length : at));
    const [from, to] = [place(starts?.values?.[i] ?? 0), place(ends?.values?.[i] ?? length)];
    out[positive(axis, shape.length)] = Math.max(0, to - from);
    kept = kept?.slice(from, to);
  }
  return [facts(out, size, kept)];
};

/** Entries of `x` by number. */
export const gather: ShapeRule = (node, [x, index]) => {
  const axis = positive(integer(node, "axis", 0), x.shape.length);
  const shape = [...x.shape.slice(0, axis), ...(index?.shape ?? []), ...x.shape.slice(axis + 1)];
  const { values } = x;
  const picked = values && x.shape.length === 1 ? index?.values?.map((i) => values.at(i) as number) : undefined;
  return [facts(shape, x.size, picked)];
};

/** The same elements in another shape, of which −1 is what is left and 0 what was there. */
export const reshape: ShapeRule = (_, [x, shape]) => {
  const requested = (shape?.values ?? []).map((length, i) => (length === 0 ? (x.shape[i] as number) : length));
  const rest = countOf(x.shape) / (countOf(requested.filter((length) => length !== -1)) || 1);
  return [facts(requested.map((length) => (length === -1 ? rest : length)), x.size, x.values)]; // biome-ignore format: one call
};

/** The same elements with more dims of 1. */
export const unsqueeze: ShapeRule = (_, [{ shape, size, values }, axes]) => {
  const rank = shape.length + (axes?.values?.length ?? 0);
  const added = axes?.values?.map((axis) => positive(axis, rank));
  const rest = shape.values();
  const out = Array.from({ length: rank }, (_, i) => (added?.includes(i) ? 1 : (rest.next().value as number)));
  return [facts(out, size, values)];
};

/** The same elements with fewer dims of 1. */
export const squeeze: ShapeRule = (_, [{ shape, size, values }, axes]) => {
  const gone = axes?.values?.map((axis) => positive(axis, shape.length));
  return [facts(shape.filter((length, i) => (gone ? !gone.includes(i) : length !== 1)), size, values)]; // biome-ignore format: one call
};

/** Tensors one after the other. */
export const concat: ShapeRule = (node, inputs) => {
  const parts = inputs as readonly TensorFacts[];
  const [{ shape, size }] = inputs;
  const axis = positive(integer(node, "axis", 0), shape.length);
  const length = parts.reduce((sum, part) => sum + (part.shape[axis] as number), 0);
  const known = shape.length === 1 && parts.every(({ values }) => values);
  return [facts(shape.with(axis, length), size, known ? parts.flatMap(({ values }) => values ?? []) : undefined)];
};

/** A tensor with more before and after it. */
export const pad: ShapeRule = (_, [{ shape, size }, pads, , axes]) => {
  const along = (axes?.values ?? [...shape.keys()]).map((axis) => positive(axis, shape.length));
  const out = [...shape];
  for (const [i, axis] of along.entries()) {
    out[axis] = (shape[axis] as number) + (pads?.values?.[i] ?? 0) + (pads?.values?.[i + along.length] ?? 0);
  }
  return [facts(out, size)];
};
