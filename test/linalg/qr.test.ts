import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { leadingQr } from "../../src/linalg/qr.ts";
import { fixture, readJson } from "../running.ts";

/** `a [rows, inner] · b [inner, columns]`. */
function product(a: ArrayLike<number>, b: ArrayLike<number>, inner: number): number[] {
  const [rows, columns] = [a.length / inner, b.length / inner];
  return Array.from({ length: rows * columns }, (_, at) => {
    const [i, j] = [Math.floor(at / columns), at % columns];
    return Array.from({ length: inner }, (_, k) => a[i * inner + k]! * b[k * columns + j]!).reduce((x, y) => x + y, 0);
  });
}

const expectClose = (found: ArrayLike<number>, wanted: ArrayLike<number>) => {
  expect(found.length).toBe(wanted.length);
  for (let i = 0; i < found.length; i++) expect(found[i]).toBeCloseTo(wanted[i]!, 7);
};

describe("leadingQr", () => {
  const { x, q, r } = readJson(fixture("lora-starts/qr.json")) as Record<string, number[][]>;

  test("is NumPy's, signs included", () => {
    const found = leadingQr(x!.flat(), 6, 4);
    expectClose(found.q, q!.flat());
    expectClose(found.r, r!.flat());
  });

  test("a lower rank gives the first columns and rows of the same", () => {
    const found = leadingQr(x!.flat(), 6, 2);
    expectClose(
      found.q,
      q!.flatMap((row) => row.slice(0, 2)),
    );
    expectClose(found.r, r!.slice(0, 2).flat());
  });

  test("columns of Q are orthonormal, and Q·R is the matrix", () => {
    const value = fc.float({ min: -10, max: 10, noNaN: true });
    const matrix = fc.tuple(fc.integer({ min: 1, max: 6 }), fc.integer({ min: 1, max: 6 })).chain(([rows, columns]) =>
      fc.record({
        rows: fc.constant(rows),
        columns: fc.constant(columns),
        data: fc.array(value, { minLength: rows * columns, maxLength: rows * columns }),
      }),
    );
    fc.assert(
      fc.property(matrix, ({ rows, columns, data }) => {
        const rank = Math.min(rows, columns);
        const found = leadingQr(data, rows, rank);
        const transposed = Array.from(
          { length: rank * rows },
          (_, at) => found.q[(at % rows) * rank + Math.floor(at / rows)]!,
        );
        expectClose(
          product(transposed, found.q, rows),
          Array.from({ length: rank * rank }, (_, at) => (Math.floor(at / rank) === at % rank ? 1 : 0)),
        );
        expectClose(product(found.q, found.r, rank), data);
      }),
    );
  });
});
