import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { JSON_BOUNDS, parseBoundedJson } from "../src/bounded-json.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

test("agrees with JSON.parse within the bounds", () => {
  fc.assert(
    fc.property(fc.json(), (text) => {
      expect(parseBoundedJson(bytes(text))).toEqual(JSON.parse(text));
      expect(parseBoundedJson(bytes(`\ufeff${text}`))).toEqual(JSON.parse(text));
    }),
  );
});

describe("bounds are checked before parsing", () => {
  const bounds = { bytes: 60, depth: 3, values: 5 };
  test.each<[string, string]>([
    ["[[[1]]]", "within"],
    ['{"a":["[[[[[[","\\"[[[","\\\\"]}', "within"],
    ["[1,2,3,4,5]", "within"],
    ["[[[[1]]]]", "nested more than 3 levels deep at byte 3"],
    ['{"a":{"b":{"c":{}}}}', "nested more than 3 levels deep at byte 15"],
    ["[1,2,3,4,5,6]", "more than 5 values"],
    ["[[],[],[]]", "more than 5 values"],
    [`"${"x".repeat(60)}"`, "62 bytes; the limit is 60"],
  ])("%s: %s", (text, message) => {
    const parse = () => parseBoundedJson(bytes(text), bounds);
    if (message === "within") expect(parse()).toEqual(JSON.parse(text));
    else expect(parse).toThrow(new RangeError(message));
  });

  test("10 million brackets cost neither stack nor memory", () => {
    const deep = new Uint8Array(1e7).fill(0x5b);
    const before = performance.now();
    expect(() => parseBoundedJson(deep)).toThrow(`nested more than ${JSON_BOUNDS.depth} levels deep`);
    expect(performance.now() - before).toBeLessThan(1000);
  });
});

test.each([
  [Uint8Array.of(0x22, 0xff, 0x22), "it is not UTF-8 text"],
  [bytes('{"a":'), "JSON"],
  [bytes('"abc'), "JSON"],
  [bytes("]]]]"), "JSON"],
  [bytes(""), "JSON"],
])("malformed text is a SyntaxError", (text, message) => {
  expect(() => parseBoundedJson(text)).toThrow(SyntaxError);
  expect(() => parseBoundedJson(text)).toThrow(message);
});
