import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { collate } from "../../src/examples/collate.ts";

const ids = fc.array(fc.integer({ min: 1, max: 30_000 }), { minLength: 1, maxLength: 12 });
const where = "train.jsonl:1";

describe("collate", () => {
  test("pads on the right to the longest of the batch", () => {
    const examples = [
      { ids: Int32Array.of(5, 6, 7), label: 2, where },
      { ids: Int32Array.of(8), label: 0, where },
    ];
    expect(collate(examples, 1)).toEqual({
      batch: 2,
      seq: 3,
      inputIds: BigInt64Array.of(5n, 6n, 7n, 8n, 1n, 1n),
      attentionMask: BigInt64Array.of(1n, 1n, 1n, 1n, 0n, 0n),
      positions: BigInt64Array.of(0n, 1n, 2n, 0n, 0n, 0n),
      labels: BigInt64Array.of(2n, 0n),
      realTokens: 4,
    });
  });

  test("pads labels of tokens with -100", () => {
    const examples = [
      { ids: Int32Array.of(5, 6), labels: Int32Array.of(-100, 3), where },
      { ids: Int32Array.of(8), labels: Int32Array.of(1), where },
    ];
    expect(collate(examples, 0).labels).toEqual(BigInt64Array.of(-100n, 3n, 1n, -100n));
  });

  test("packed rows number their documents and count positions anew in each", () => {
    const packed = {
      ids: Int32Array.of(5, 6, 7),
      labels: Int32Array.of(6, -100, -100),
      documents: Int32Array.of(1, 1, 2),
      positions: Int32Array.of(0, 1, 0),
      where,
    };
    const alone = { ids: Int32Array.of(8), labels: Int32Array.of(-100), where };
    const { attentionMask, positions } = collate([packed, alone], 0);
    expect(attentionMask).toEqual(BigInt64Array.of(1n, 1n, 2n, 1n, 0n, 0n));
    expect(positions).toEqual(BigInt64Array.of(0n, 1n, 0n, 0n, 0n, 0n));
  });

  test("the mask gives every text back", () =>
    fc.assert(
      fc.property(fc.array(ids, { minLength: 1, maxLength: 6 }), fc.nat({ max: 9 }), (texts, padId) => {
        const examples = texts.map((text, label) => ({ ids: Int32Array.from(text), label, where }));
        const { batch, seq, inputIds, attentionMask, realTokens } = collate(examples, padId);
        expect([batch, seq]).toEqual([texts.length, Math.max(...texts.map((text) => text.length))]);
        const back = texts.map((_, row) =>
          [...inputIds.subarray(row * seq, (row + 1) * seq)].filter((_, at) => attentionMask[row * seq + at]),
        );
        expect(back.map((text) => text.map(Number))).toEqual(texts);
        expect(realTokens).toBe(texts.flat().length);
        expect([...inputIds].filter((_, at) => !attentionMask[at]).every((id) => id === BigInt(padId))).toBe(true);
      }),
    ));
});
