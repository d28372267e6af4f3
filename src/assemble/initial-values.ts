import type { Init } from "../ir/graph.ts";
import { leadingQr } from "../linalg/qr.ts";
import { throughQuantization } from "../quant/schemes/index.ts";
import type { Random } from "../random.ts";

/** A weight matrix of the base model. */
export interface BaseWeight {
  readonly data: Float32Array;
  readonly rows: number;
}

/** Reads a weight of the base model by its name. */
export type ReadBase = (name: string) => Promise<BaseWeight>;

/** A parameter's first numbers. */
export type Start = (name: string, init: Init, shape: readonly number[]) => Promise<Float32Array>;

/** The first numbers of parameters that no file holds. What two of them share is computed once. */
export function starter(source: Random, bases: ReadBase): Start {
  const shared = new Map<string, Promise<Factors>>();
  const once = (name: string, make: () => Promise<Factors>): Promise<Factors> => {
    const made = shared.get(name) ?? make();
    shared.set(name, made);
    return made;
  };
  return async (name, init, shape) => {
    const data = new Float32Array(shape.reduce((n, length) => n * length, 1));
    const random = source.stream(name);
    switch (init.kind) {
      case "zeros":
        return data;
      case "ones":
        return data.fill(1);
      case "normal":
        random.fillNormal(data, init.std);
        return data;
      case "uniform":
        random.fillUniform(data, -init.bound, init.bound);
        return data;
      case "orthogonal": {
        const { module, r, part } = init;
        const q = await once(module, async () => rowsOfOrthogonal(source.stream(`${module}.lora_orthogonal`), r));
        return orthogonal(data, q[part], part, r, random);
      }
      case "qr": {
        const factors = await once(init.of, async () => qrFactors(await bases(init.of), init.r));
        return factors[init.part].slice();
      }
      case "svd": {
        const own = source.stream(`${init.of}.svd`);
        const factors = await once(init.of, async () => {
          const { svdFactors } = await import("./svd-factors.ts"); // it loads a library
          return svdFactors(await bases(init.of), init, own);
        });
        return factors[init.part].slice();
      }
      case "quantizationError": {
        const { of, r, part, scheme } = init;
        if (!scheme && part === "A") random.fillUniform(data, -1 / Math.sqrt(shape[1]!), 1 / Math.sqrt(shape[1]!));
        if (!scheme) return data;
        const factors = await once(of, async () => {
          const { errorFactors } = await import("./svd-factors.ts"); // it loads a library
          return errorFactors(await bases(of), r, scheme);
        });
        return factors[part].slice();
      }
      case "rows": {
        const { data: base, rows } = await bases(init.of);
        const width = base.length / rows;
        for (const [i, row] of init.rows.entries()) data.set(base.subarray(row * width, (row + 1) * width), i * width);
        return data;
      }
      case "rowNorm": {
        const { data: base, rows } = await bases(init.of);
        const w = init.scheme ? throughQuantization(base, rows, init.scheme) : base;
        const columns = w.length / rows;
        return data.map((_, row) => Math.hypot(...w.subarray(row * columns, (row + 1) * columns)));
      }
      default:
        return init satisfies never;
    }
  };
}

/** A `[r, in]` and B `[out, r]` of one module. */
export type Factors = Readonly<Record<"A" | "B", Float32Array>>;

/** A `[r, in]` the rows of R, B `[out, r]` the columns of Q. Büyükakyüz 2024, "OLoRA", arXiv:2406.01775. */
function qrFactors({ data, rows }: BaseWeight, r: number): Factors {
  const { q, r: upper } = leadingQr(data, rows, r);
  return { A: Float32Array.from(upper), B: Float32Array.from(q) };
}

/** The even rows of a random orthogonal matrix, counted from 0, for A, the odd ones for B: `[r / 2, r]`. */
function rowsOfOrthogonal(random: Random, r: number): Factors {
  const square = new Float32Array(r * r);
  random.fillNormal(square, 1);
  const { q } = leadingQr(square, r, r);
  const every = (first: number): Float32Array =>
    Float32Array.from({ length: (r * r) / 2 }, (_, i) => q[(2 * Math.floor(i / r) + first) * r + (i % r)]!);
  return { A: every(0), B: every(1) };
}

/** Divides the random weights under the rows, as PEFT does. */
const ORTHOGONAL_SCALE = 10;

/** A = (X·Q)ᵀ / 10, B = X·Q / 10, with X normal `[in or out, r / 2]`: B·A is zero where the rows of the two Q are orthogonal. */
function orthogonal(data: Float32Array, rows: Float32Array, part: "A" | "B", r: number, random: Random): Float32Array {
  const [half, length] = [r / 2, data.length / r];
  const x = new Float32Array(half);
  for (let i = 0; i < length; i++) {
    random.fillNormal(x, 1);
    for (let k = 0; k < r; k++) {
      let sum = 0;
      for (let j = 0; j < half; j++) sum += x[j]! * rows[j * r + k]!;
      data[part === "A" ? k * length + i : i * r + k] = sum / ORTHOGONAL_SCALE;
    }
  }
  return data;
}
