import { expect, test } from "vitest";
import { impliedMerges } from "../../../src/formats/gguf/tokenizer/pieces.ts";

const idsOf = (...tokens: string[]) => new Map(tokens.map((token, id) => [token, id]));

test("merges of the best token first; of equal ones the longest left part", () => {
  const ids = idsOf("a", "b", "c", "ab", "bc", "abc");
  const merges = (scores: number[]) => impliedMerges(ids, scores).map((merge) => merge.join(" "));
  expect(merges([0, 0, 0, 0, 0, 0])).toEqual(["ab c", "a bc", "a b", "b c"]);
  expect(merges([0, 0, 0, -2, -1, -3])).toEqual(["b c", "a b", "ab c", "a bc"]);
});

test("tokens are cut between characters, and lengths count those", () => {
  const ids = idsOf("\u{1f600}", "a", "b", "\u{1f600}a", "ab", "\u{1f600}ab", "\ud83d", "\ude00");
  expect(impliedMerges(ids, new Float32Array(8))).toEqual([
    ["\u{1f600}a", "b"],
    ["\u{1f600}", "ab"],
    ["\u{1f600}", "a"],
    ["a", "b"],
  ]);
});
