import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { DataError, TokenizerError } from "../../src/errors.ts";
import { IGNORED } from "../../src/examples/labels.ts";
import { encodeMaskedText, maskedEncoder, plainText } from "../../src/examples/masked.ts";
import { maskingTokens, maskTokens } from "../../src/examples/masking.ts";
import { Random } from "../../src/random.ts";
import { loadTokenizer } from "../../src/tokenizer/tokenizer.ts";
import { chatTokenizer, expected } from "../chat/chat-fixture.ts";
import { encodeAll } from "../data/collected.ts";

const tokenizer = await loadTokenizer(join(import.meta.dirname, "../parity/fixtures/bert"));
const masking = maskingTokens(tokenizer);

/** Within five standard deviations of a binomial. */
const expectShare = (count: number, of: number, share: number): void =>
  expect(Math.abs(count - of * share)).toBeLessThan(5 * Math.sqrt(of * share * (1 - share)));

describe("maskTokens", () => {
  const length = 200_000;
  const ids = Int32Array.from({ length }, (_, i) => (i % 10 === 0 ? 2 : 10 + (i % 50)));
  const given = { maskId: 4, vocabSize: 84, specials: new Set([0, 1, 2, 3, 4]), probability: 0.15 };
  const masked = maskTokens(ids, { ...given, random: Random.seed(7) });
  const chosen = [...masked.labels.keys()].filter((i) => masked.labels[i] !== IGNORED);

  test("chooses its share, hides 80 % of it, replaces 10 % by tokens of the whole vocabulary", () => {
    expectShare(chosen.length, length * 0.9, 0.15);
    const hidden = chosen.filter((i) => masked.ids[i] === 4);
    const replaced = chosen.filter((i) => masked.ids[i] !== 4 && masked.ids[i] !== ids[i]);
    expectShare(hidden.length, chosen.length, 0.8 + 0.1 / 84);
    expectShare(replaced.length, chosen.length, 0.1 * (82 / 84));
    const drawn = replaced.map((i) => masked.ids[i]!);
    expect([Math.min(...drawn), Math.max(...drawn)]).toEqual([0, 83]);
  });

  test("labels are the original ids; special tokens and what is not chosen stay as they are", () => {
    const right = (label: number, i: number): boolean =>
      label === IGNORED ? masked.ids[i] === ids[i] : label === ids[i] && label !== 2;
    expect(masked.labels.every(right)).toBe(true);
    expect(ids[11]).toBe(21); // what was given is not changed
  });

  test("the same generator gives the same tokens, its next ones others", () => {
    const random = Random.seed(7);
    expect(maskTokens(ids, { ...given, random })).toEqual(masked);
    expect(maskTokens(ids, { ...given, random })).not.toEqual(masked);
  });

  test("all or nothing", () => {
    const all = maskTokens(ids, { ...given, probability: 1, random: Random.seed(0) });
    expect(all.labels.every((label, i) => label === (ids[i] === 2 ? IGNORED : ids[i]))).toBe(true);
    const none = maskTokens(ids, { ...given, probability: 0, random: Random.seed(0) });
    expect(none.ids).toEqual(ids);
  });
});

describe("maskingTokens", () => {
  test("the mask, the vocabulary and the special tokens, as transformers has them", () => {
    expect(masking.maskId).toBe(expected.pieces.mask);
    expect(masking.vocabSize).toBe(expected.pieces.vocabulary);
  });

  test("a tokenizer without a mask token is refused", () => {
    expect(() => maskingTokens(chatTokenizer("bytes"))).toThrow(TokenizerError);
    expect(() => maskingTokens(chatTokenizer("bytes"))).toThrow(/no mask token[\s\S]*MASKED_LM[\s\S]*CAUSAL_LM/);
  });
});

describe("encodeMaskedText", () => {
  test.each(expected.pieces.texts)(
    "in transformers' pieces: $text, $max_length",
    ({ text, max_length, ids, special }) => {
      const pieces = encodeMaskedText({ text, where: "a" }, tokenizer, masking.specials, max_length);
      const full = ids
        .map((piece, i) => ({ piece, special: special[i]! }))
        .filter(({ special }) => special.includes(0));
      expect(pieces.map((piece) => [...piece.ids])).toEqual(full.map(({ piece }) => piece));
      expect(pieces.map(({ labels }) => [...labels])).toEqual(
        full.map(({ piece, special }) => piece.map((id, i) => (special[i] === 1 ? IGNORED : id))),
      );
    },
  );

  test("the rows of a split; empty ones are left out, nothing but such is refused", () => {
    const values = ["The rent", "", "is due"].map((text, i) => ({ values: { text }, where: `a:${i + 1}` }));
    const rows = values.map((row) => plainText(row, { textColumn: "text" }));
    const encode = (from: number, to: number, length: number) =>
      encodeAll(maskedEncoder(tokenizer, length), rows.slice(from, to));
    const { examples, skipped } = encode(0, 3, 8);
    expect([...examples].map(({ where }) => where)).toEqual(["a:1", "a:3"]);
    expect(skipped).toMatchObject({ count: 1, first: "a:2" });
    expect(() => encode(1, 2, 8)).toThrow(DataError);
    expect(() => encode(1, 2, 8)).toThrow(/none of the 1 rows[\s\S]*a:2[\s\S]*text_column/);
    expect(() => encode(0, 3, 2)).toThrow(/max_length 2 leaves no space for text/);
  });

  test("a row without a text is refused", () => {
    const read = (values: object) => () => plainText({ values: { ...values }, where: "a:1" }, { textColumn: "text" });
    expect(read({ body: "x" })).toThrow(/no column "text"\n.*a:1/);
    expect(read({ text: null })).toThrow(/holds null\n.*a:1/);
  });
});
