import type { NodeProto } from "onnx-buf";

/** Facts of a tensor before its model runs. */
export interface TensorFacts {
  readonly shape: readonly number[];
  /** Bytes of an element. */
  readonly size: number;
  /** Its elements, row-major, where they are known and few: shapes, axes and places depend on them. */
  readonly values?: readonly number[];
}

/** Elements that are followed at most: shapes, axes and places are fewer. */
export const FOLLOWED = 16;

/** Facts of a tensor; elements of a long one are left out. */
export const facts = (shape: readonly number[], size: number, values?: readonly number[]): TensorFacts =>
  values && values.length <= FOLLOWED ? { shape, size, values } : { shape, size };

/** Elements of a shape. */
export const countOf = (shape: readonly number[]): number => shape.reduce((n, length) => n * length, 1);

/** An integer among a node's attributes, or `otherwise`. */
export function integer({ attribute }: NodeProto, name: string, otherwise: number): number {
  const found = attribute.find((one) => one.name === name);
  return found ? Number(found.i) : otherwise;
}

/** The integers of an attribute, one or a list; none where a node lacks it. */
export function integers({ attribute }: NodeProto, name: string): number[] {
  const found = attribute.find((one) => one.name === name);
  if (!found) return [];
  return found.ints.length > 0 ? found.ints.map(Number) : [Number(found.i)];
}
