import { OperandError } from "../../errors.ts";
import { sameShape } from "../../ir/dims.ts";
import type { Value } from "../../ir/graph.ts";
import { float } from "../../ir/lowering.ts";
import type { Dim, Shape } from "../../ir/types.ts";
import { defineOp, type OpFunction } from "../core/define.ts";

/** Settings of a matrix product. */
export interface MatMulAttrs {
  /** The last two dims of `a` are swapped first. */
  readonly transA?: boolean;
  /** The last two dims of `b` are swapped first. */
  readonly transB?: boolean;
  /** The product is multiplied by this. */
  readonly alpha?: number;
}

const swapIf = (swap: boolean | undefined, shape: Shape): [Dim, Dim] => {
  const [m, n] = shape.slice(-2) as [Dim, Dim];
  return swap ? [n, m] : [m, n];
};

/**
 * `y = alpha · a · b`, over any equal leading dims.
 *
 * Shapes: `a [..., m, k]`, `b [..., k, n]` (each pair swapped when `transA`, `transB`) → `y [..., m, n]`.
 * @throws {OperandError} when inner or leading dims or dtypes differ.
 * @see Gradient from dY = dA·B + A·dB.
 */
export const matMul: OpFunction<["a", "b"], MatMulAttrs> = defineOp({
  name: "MatMul",
  operands: ["a", "b"],
  sameDtype: ["a", "b"],
  infer({ a, b }, { transA, transB }) {
    const [m, k] = swapIf(transA, a.shape);
    const [k2, n] = swapIf(transB, b.shape);
    const leading = a.shape.slice(0, -2);
    if (k !== k2 || !sameShape(leading, b.shape.slice(0, -2))) {
      throw new OperandError("MatMul", `inner or leading dims differ: a [${a.shape}] · b [${b.shape}]`);
    }
    return { dtype: a.dtype, shape: [...leading, m, n] };
  },
  vjp: {
    a: (dy, { b }, attrs) => product(attrs.transA ?? false, dy, b, false, !attrs.transB, attrs),
    b: (dy, { a }, attrs) => product(attrs.transB ?? false, a, dy, !attrs.transA, false, attrs),
  },
  reference({ a, b }, { shape }, { transA, transB, alpha = 1 }) {
    const [m, n] = shape.slice(-2) as [number, number];
    const k = a.shape.at(transA ? -2 : -1)!;
    const y = new Float64Array(shape.reduce((x, length) => x * length, 1));
    for (let at = 0; at * m * n < y.length; at++)
      for (let i = 0; i < m; i++)
        for (let j = 0; j < n; j++) {
          let sum = 0;
          for (let p = 0; p < k; p++) {
            const left = a.data[at * m * k + (transA ? p * m + i : i * k + p)]!;
            sum += left * b.data[at * k * n + (transB ? j * k + p : p * n + j)]!;
          }
          y[at * m * n + i * n + j] = alpha * sum;
        }
    return y;
  },
  lower(to, { a, b }, { y: { shape }, attrs: { transA, transB, alpha = 1 } }) {
    const attrs = { transA: transA ? 1 : 0, transB: transB ? 1 : 0, alpha: float(alpha) };
    if (shape.length === 2) return to.node("Gemm", [a, b], { attrs });
    return to.node("FusedMatMul", [a, b], { attrs, domain: "com.microsoft" });
  },
});

/** `l · r` with the operands' transposes set, or, where the wanted gradient is of a transposed operand, `(l · r)ᵀ = rᵀ · lᵀ`. */
function product(
  flip: boolean,
  l: Value,
  r: Value,
  transL: boolean,
  transR: boolean,
  { alpha = 1 }: MatMulAttrs,
): Value {
  return flip
    ? matMul(r, l, { transA: !transR, transB: !transL, alpha })
    : matMul(l, r, { transA: transL, transB: transR, alpha });
}
