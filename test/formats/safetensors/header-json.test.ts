import fc from "fast-check";
import { expect, test } from "vitest";
import { type HeaderJson, parseHeaderJson } from "../../../src/formats/safetensors/header-json.ts";

const plain = (value: HeaderJson): unknown => {
  if (value instanceof Map) return Object.fromEntries([...value].map(([key, item]) => [key, plain(item)]));
  return Array.isArray(value) ? value.map(plain) : value;
};

test("agrees with JSON.parse on what a header may hold, however it is spaced", () => {
  const text = fc.string({ unit: "grapheme" });
  const { tree } = fc.letrec((tie) => ({
    tree: fc.oneof(
      { maxDepth: 4 },
      text,
      fc.maxSafeNat(),
      fc.array(tie("tree"), { maxLength: 4 }),
      fc.dictionary(text, tie("tree"), { maxKeys: 4, noNullPrototype: true }),
    ),
  }));
  fc.assert(
    fc.property(tree, fc.constantFrom(undefined, 1, "\t"), (value, space) => {
      expect(plain(parseHeaderJson(` ${JSON.stringify(value, null, space)} `))).toEqual(value);
    }),
  );
});

test("a key may be named as the object's prototype is", () =>
  expect([...(parseHeaderJson('{"__proto__":1}') as Map<string, number>)]).toEqual([["__proto__", 1]]));

test.each([
  ['{"a":1,"b":2,"a":3}', 'key "a" occurs twice, the second time at character 13'],
  ['{"a":1,"\\u0061":3}', 'key "a" occurs twice, the second time at character 7'],
  ["[4.0]", "expected a non-negative integer below 2^53 but found 4.0 at character 1"],
  ["[1e400]", "found 1e400"],
  ["[-1]", "found -1"],
  ["[-0]", "found -0"],
  ["[01]", "found 01"],
  ["[9007199254740992]", "found 9007199254740992"],
  [`[${"9".repeat(1000)}]`, `found ${"9".repeat(40)} at character 1`],
  ["[nul]", "found nul"],
  ["[true]", "found true"],
  ["[NaN]", "found NaN"],
  ["[1,]", "found ] at character 3"],
  ['{"a":1,}', "expected a key at character 7"],
  ["{a:1}", "expected a key at character 1"],
  ['{"a" 1}', "expected : but found 1"],
  ["[1 2]", "expected ] but found 2"],
  ["{}{}", "something follows the header's object at character 2"],
  ["", "found the end"],
  ['{"a":', "found the end at character 5"],
  ['["abc', "an unterminated string begins at character 1"],
  ['["abc\\"', "an unterminated string begins at character 1"],
  ['["\\x41"]', "malformed string at character 1"],
  ['["a\nb"]', "malformed string at character 1"],
  ['["\\ud800"]', "an unpaired surrogate in the string at character 1"],
  ["[".repeat(1e6), "nested too deeply at character 9"],
])("refuses %.30s", (text, message) => expect(() => parseHeaderJson(text)).toThrow(message));
