import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { matMul, transposed } from "../../src/linalg/matmul.ts";
import { type LeadingSvd, leadingSvd, randomizedSvd } from "../../src/linalg/svd.ts";
import { Random } from "../../src/random.ts";
import { fixture, readJson } from "../running.ts";

const expectClose = (found: ArrayLike<number>, wanted: ArrayLike<number>, digits = 7) => {
  expect(found.length).toBe(wanted.length);
  for (let i = 0; i < found.length; i++) expect(found[i]).toBeCloseTo(wanted[i]!, digits);
};

/** `u · diag(s) · vᵀ`: free of the signs. */
const matrixOf = ({ u, s, v }: LeadingSvd): Float64Array =>
  matMul(
    u.map((x, i) => x * s[i % s.length]!),
    transposed(v, v.length / s.length),
    s.length,
  );

/** The first columns of a matrix. */
const first = (rank: number, x: readonly (readonly number[])[]) => Float64Array.from(x.flatMap((row) => row.slice(0, rank))); // biome-ignore format: one line

const numpy = readJson(fixture("lora-starts/svd.json")) as Record<"x" | "u" | "v", number[][]> & { s: number[] };
const leading = (rank: number): LeadingSvd => ({
  u: first(rank, numpy.u),
  s: Float64Array.from(numpy.s.slice(0, rank)),
  v: first(rank, numpy.v),
});

describe("leadingSvd", () => {
  test.each([1, 2, 4])("rank %i is NumPy's", (rank) => {
    const found = leadingSvd(numpy.x.flat(), 6, rank);
    expectClose(found.s, numpy.s.slice(0, rank));
    expectClose(matrixOf(found), matrixOf(leading(rank)));
  });

  test("of the transpose it has left and right vectors the other way round", () => {
    const x = numpy.x.flat();
    const { u, s, v } = leadingSvd(transposed(x, 6), 4, 3);
    expectClose(matrixOf({ u: v, s, v: u }), matrixOf(leadingSvd(x, 6, 3)), 12);
  });

  test("vectors are orthonormal, and the whole of them is the matrix", () => {
    const value = fc.float({ min: -10, max: 10, noNaN: true });
    const matrix = fc.tuple(fc.integer({ min: 1, max: 6 }), fc.integer({ min: 1, max: 6 })).chain(([rows, columns]) =>
      fc.record({
        rows: fc.constant(rows),
        data: fc.array(value, { minLength: rows * columns, maxLength: rows * columns }),
      }),
    );
    fc.assert(
      fc.property(matrix, ({ rows, data }) => {
        const rank = Math.min(rows, data.length / rows);
        const found = leadingSvd(data, rows, rank);
        expectClose(matrixOf(found), data, 6);
        for (const vectors of [found.u, found.v]) {
          const products = matMul(transposed(vectors, vectors.length / rank), vectors, vectors.length / rank);
          for (let i = 0; i < rank; i++) {
            if (found.s[i]! <= 1e-4 * found.s[0]!) continue;
            for (let j = 0; j <= i; j++) expect(products[i * rank + j]).toBeCloseTo(i === j ? 1 : 0, 3);
          }
        }
      }),
    );
  });

  test("a matrix of zeros has no vectors", () =>
    expect(matrixOf(leadingSvd(new Float64Array(12), 3, 2))).toEqual(new Float64Array(12)));
});

describe("randomizedSvd", () => {
  const fillNormal = (array: Float32Array): void => Random.seed(3).fillNormal(array, 1);

  test("is the exact one after many iterations, for tall and wide matrices", () => {
    const x = numpy.x.flat();
    expectClose(matrixOf(randomizedSvd(x, 6, 2, 100, fillNormal)), matrixOf(leading(2)), 6);
    const { u, s, v } = randomizedSvd(transposed(x, 6), 4, 2, 100, fillNormal);
    expectClose(matrixOf({ u: v, s, v: u }), matrixOf(leading(2)), 6);
  });

  test("is near it after few: never above, and nearer with each", () => {
    const x = numpy.x.flat();
    const largest = [0, 1, 4].map((iterations) => randomizedSvd(x, 6, 2, iterations, fillNormal).s[0]!);
    expect(largest[0]).toBeLessThan(largest[1]!);
    expect(largest[1]).toBeLessThan(largest[2]!);
    expect(largest[2]).toBeLessThanOrEqual(numpy.s[0]! + 1e-12);
  });
});
