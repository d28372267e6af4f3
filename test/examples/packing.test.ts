import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ExampleStore } from "../../src/examples/examples.ts";
import { IGNORED } from "../../src/examples/labels.ts";
import { type PackedExample, packExamples } from "../../src/examples/packing.ts";
import type { TokenExample } from "../../src/examples/tokens.ts";
import { expected } from "../chat/chat-fixture.ts";

/** An example whose ids and labels tell where they came from. */
const example = (length: number, row: number): TokenExample => ({
  ids: Int32Array.from({ length }, (_, i) => 1000 * row + i),
  labels: Int32Array.from({ length }, (_, i) => 1000 * row + i + 1),
  where: `data.jsonl:${row}`,
});
const examples = (...lengths: number[]) => lengths.map((length, i) => example(length, i + 1));
const pack = (given: readonly TokenExample[], maxLength: number) =>
  [...packExamples(ExampleStore.of(given), maxLength)] as PackedExample[];

describe("packExamples", () => {
  test("the longest first, each where it fills most, of equals the first", () => {
    const packed = pack(examples(2, 5, 3, 6, 2, 4), 8);
    expect(packed.map(({ where }) => where)).toEqual([
      "data.jsonl:4 and 1 more",
      "data.jsonl:2 and 1 more",
      "data.jsonl:6 and 1 more",
    ]);
    expect(packed.map(({ ids }) => [...new Set([...ids].map((id) => Math.floor(id / 1000)))])).toEqual([
      [4, 1],
      [2, 3],
      [6, 5],
    ]);
  });

  test.each(expected.packs)("as TRL does, $max_length", ({ max_length, lengths, rows }) => {
    const packed = pack(lengths.map(example), max_length);
    const shared = packed.map(({ ids }) => [...new Set([...ids].map((id) => Math.floor(id / 1000)))]);
    expect(shared).toEqual(rows);
  });

  test("documents count from 1, positions from 0 in each, nothing is predicted across a border", () => {
    const [packed] = pack(examples(2, 3), 9);
    expect([...packed!.ids]).toEqual([2000, 2001, 2002, 1000, 1001]);
    expect([...packed!.documents]).toEqual([1, 1, 1, 2, 2]);
    expect([...packed!.positions]).toEqual([0, 1, 2, 0, 1]);
    expect([...packed!.labels]).toEqual([2001, 2002, IGNORED, 1001, IGNORED]);
  });

  test("every example is in one row, no row is too long, no two rows could be one", () => {
    const lengths = fc.array(fc.integer({ min: 1, max: 16 }), { minLength: 1, maxLength: 60 });
    fc.assert(
      fc.property(lengths, (lengths) => {
        const packed = pack(examples(...lengths), 16);
        const rows = packed.flatMap(({ ids, positions }) => [...ids].filter((_, i) => positions[i] === 0));
        expect(rows.map((id) => id / 1000).toSorted((a, b) => a - b)).toEqual(lengths.map((_, i) => i + 1));
        const sizes = packed.map(({ ids }) => ids.length).toSorted((a, b) => a - b);
        expect(sizes.at(-1)).toBeLessThanOrEqual(16);
        if (sizes.length > 1) expect(sizes[0]! + sizes[1]!).toBeGreaterThan(16);
      }),
    );
  });

  test("a bound that nothing reaches needs no memory", () =>
    expect(pack(examples(3, 4), Number.MAX_SAFE_INTEGER)).toHaveLength(1));
});
