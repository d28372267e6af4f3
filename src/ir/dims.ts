import type { Dim, Shape } from "./types.ts";

/** Lengths of the named dims of one run. */
export type DimBindings = ReadonlyMap<string, number>;

const factors = (dim: Dim): string[] => (typeof dim === "string" ? dim.split("*") : []);

/** The product of dims, as a number and the sorted names it still depends on. */
export function product(dims: Shape): { readonly count: number; readonly names: readonly string[] } {
  const count = dims.reduce<number>((n, dim) => (typeof dim === "number" ? n * dim : n), 1);
  return { count, names: dims.flatMap(factors).sort() };
}

/** True when two shapes have the same number of elements for all values of the named dims. */
export function sameCount(a: Shape, b: Shape): boolean {
  const [x, y] = [product(a), product(b)];
  return x.count === y.count && x.names.join() === y.names.join();
}

/** True when two shapes are equal, dim by dim. */
export const sameShape = (a: Shape, b: Shape): boolean => a.length === b.length && a.every((dim, i) => dim === b[i]);

/**
 * NumPy's broadcast of two shapes, or `null` when they do not fit.
 * A named dim fits itself and 1.
 */
export function broadcastShapes(a: Shape, b: Shape): Shape | null {
  const rank = Math.max(a.length, b.length);
  const out: Dim[] = [];
  for (let i = 0; i < rank; i++) {
    const x = a[a.length - rank + i] ?? 1;
    const y = b[b.length - rank + i] ?? 1;
    if (x !== y && x !== 1 && y !== 1) return null;
    out.push(x === 1 ? y : x);
  }
  return out;
}

/** The length of a dim under `bindings`. @throws {RangeError} when a name is not bound. */
export function resolveDim(dim: Dim, bindings: DimBindings): number {
  if (typeof dim === "number") return dim;
  const whole = bindings.get(dim);
  if (whole !== undefined) return whole;
  return dim.split("*").reduce((n, name) => {
    const length = /^\d+$/.test(name) ? Number(name) : bindings.get(name);
    if (length === undefined)
      throw new RangeError(`dim ${name} is not bound; bound are: ${[...bindings.keys()].join(", ")}`);
    return n * length;
  }, 1);
}

/** The shape with numbers for names. */
export const resolveShape = (shape: Shape, bindings: DimBindings): number[] =>
  shape.map((dim) => resolveDim(dim, bindings));

/** Binds the names in `shape` to the lengths of `actual`, or says why they do not agree. */
export function bindShape(shape: Shape, actual: readonly number[], bindings: Map<string, number>): string | null {
  if (shape.length !== actual.length) return `expected rank ${shape.length}, got [${actual}]`;
  for (const [i, dim] of shape.entries()) {
    const length = actual[i] ?? 0;
    const known = typeof dim === "number" ? dim : bindings.get(dim);
    if (known === undefined && typeof dim === "string") bindings.set(dim, length);
    else if (known !== undefined && known !== length) return `dim ${i} (${dim}) is ${length}, expected ${known}`;
  }
  return null;
}
