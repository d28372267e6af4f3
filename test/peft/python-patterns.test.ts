import { expect, test } from "vitest";
import { matchesPattern, matchesWhole } from "../../src/peft/targets.ts";

/** As `re.fullmatch` of Python answers. */
test.each([
  ["(?i)LAYER\\.0", "layer.0", true],
  ["LAYER\\.0", "layer.0", false],
  ["(?P<n>a|b)\\.(?P=n)", "a.a", true],
  ["(?P<n>a|b)\\.(?P=n)", "a.b", false],
  ["\\Aquery\\Z", "query", true],
  ["query\\Z.*", "queryZ", false],
  ["[\\Z(?P<]+x", "?x", true],
  ["a\\\\Z", "a\\Z", true],
])("%s on %s: %s", (pattern, path, expected) => expect(matchesWhole(pattern, path)).toBe(expected));

test("flags hold for pattern tables too", () => {
  expect(matchesPattern("(?i)QUERY", "layer.0.query")).toBe(true);
  expect(() => matchesPattern("(?x) query", "layer.0.query")).toThrow("is not a regular expression");
});
