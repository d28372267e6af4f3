import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { chatRenderer } from "../../src/chat/chat-template.ts";
import { parseJson } from "../../src/data/json-text.ts";
import { DataError, LowrankError, TokenizerError } from "../../src/errors.ts";
import { chatTokenizer } from "../chat/chat-fixture.ts";

interface Expected {
  readonly versions: { readonly jinja2: string };
  /** A row of a data file, as it is written. */
  readonly variables: string;
  readonly cases: readonly { section: string; template: string; text?: string; error?: string }[];
}

const file = join(import.meta.dirname, "fixtures/jinja.json");
const expected = JSON.parse(readFileSync(file, "utf8")) as Expected;
const variables = parseJson(expected.variables) as Record<string, unknown>;
const tokenizer = chatTokenizer("bytes");
const where = "rows.jsonl:1";

function rendered(template: string): string {
  const { messages, ...others } = variables;
  return chatRenderer({ ...tokenizer, chatTemplate: template }, where)(messages as never, { variables: others, where });
}

function failure(template: string): LowrankError {
  try {
    return expect.fail(`${template} printed ${rendered(template)}`);
  } catch (error) {
    if (error instanceof LowrankError) return error;
    throw error;
  }
}

describe("templates print what jinja2 prints, or are refused", () => {
  const cases = expected.cases.map((one) => ({ ...one, name: one.template.replaceAll("\n", "␊").slice(0, 90) }));
  const isRefused = (section: string): boolean => section === "refused here";

  test.each(cases.filter(({ text, section }) => text !== undefined && !isRefused(section)))("$name", (one) => {
    expect(rendered(one.template)).toBe(one.text);
  });

  test.each(cases.filter(({ error }) => error !== undefined))("an error: $name", ({ template, error }) => {
    const isRaised = error!.startsWith("TemplateError: ");
    expect(failure(template)).toBeInstanceOf(isRaised ? DataError : TokenizerError);
    if (isRaised) expect(String(failure(template))).toContain(error!.slice("TemplateError: ".length));
  });

  test.each(cases.filter(({ section }) => isRefused(section)))("$section: $name", ({ template }) => {
    expect(failure(template)).toBeInstanceOf(TokenizerError);
  });
});

describe("bounds hold wherever text, lists and numbers are made", () => {
  test.each([
    ["{{ 'x' * 10 ** 9 }}", /more than 16777216 characters/],
    ["{{ ['x'] * 10 ** 9 }}", /a list of more than 1048576 items/],
    ["{{ '%999999999d' % 1 }}", /more than 16777216 characters/],
    ["{{ '%*d' % (999999999, 1) }}", /more than 16777216 characters/],
    ["{{ '%.999999999f' % 1 }}", /a precision of more than/],
    ["{{ '{:999999999}'.format('a') }}", /more than 16777216 characters/],
    ["{{ 'a'.center(999999999) ~ 'a'.zfill(999999999) }}", /more than 16777216 characters/],
    ["{{ 'a'|indent(999999999) }}", /more than 16777216 characters/],
    ["{{ [1]|tojson(indent=999999999) }}", /more than 16777216 characters/],
    ["{{ ('a' * 10 ** 6).replace('a', 'b' * 10 ** 6) }}", /more than 16777216 characters/],
    ["{{ ('b' * 10 ** 6).join('a' * 10 ** 6) }}", /more than 16777216 characters|steps/],
    ["{{ ('a' * 10 ** 6)|list|join('b' * 10 ** 6) }}", /more than 16777216 characters|steps/],
    ["{{ [1]|batch(10 ** 9, 0)|list }}", /a list of more than 1048576 items/],
    ["{{ [1]|slice(10 ** 9)|list }}", /a list of more than 1048576 items/],
    ["{{ range(10 ** 9) }}", /more than 10000 numbers/],
    ["{{ 10 ** 9999 }}", /an integer of more than 4300 digits/],
    ["{% set s = namespace(x=3) %}{% for i in range(99) %}{% set s.x = s.x * s.x %}{% endfor %}", /4300 digits/],
    ["{{ 1250|round(-10 ** 9) ~ 1.5|round(10 ** 9) }}{{ missing() }}", /'missing' is undefined/],
    [
      "{% set s = namespace(x=[1]) %}{% for i in range(40) %}{% set s.x = [s.x, s.x] %}{% endfor %}{{ s.x }}",
      /steps|takes longer/,
    ],
    [
      "{% set s = namespace(x=[1]) %}{% for i in range(40) %}{% set s.x = [s.x, s.x] %}{% endfor %}{{ s.x|tojson }}",
      /steps|takes longer/,
    ],
    [
      "{% set s = namespace(x=[]) %}{% for i in range(9999) %}{% set s.x = [s.x] %}{% endfor %}{{ s.x }}",
      /nests too deep/,
    ],
    ["{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}", /nests too deep/],
    ["{% set s = namespace() %}{% set s.x = s %}{{ s }}", /nests too deep/],
    [`{{ ${"(".repeat(20_000)}1${")".repeat(20_000)} }}`, /nests too deep/],
    [`{{ ${"[".repeat(20_000)}${"]".repeat(20_000)} }}`, /nests too deep/],
    ["{% for i in range(9999) %}{% for j in range(9999) %}{% endfor %}{% endfor %}", /steps|takes longer/],
    ["{% for i in range(9999) %}{% set x = range(9999)|map('string')|list %}{% endfor %}", /steps|takes longer/],
    [
      "{% set t = 'ab' * 10 ** 6 %}{% for i in range(9999) %}{% set x = t.split('a') %}{% endfor %}",
      /steps|items|takes longer/,
    ],
    ["{% set t = ' ' * 10 ** 6 ~ 'x' %}{% for i in range(9999) %}{{ t.strip() }}{% endfor %}", /steps|takes longer/],
  ])("%.90s", (template, message) => {
    const error = failure(template);
    expect(error).toBeInstanceOf(TokenizerError);
    expect(String(error)).toMatch(message);
  });

  test("an error names the tag that fails, and its line", () => {
    const error = failure("a\n{% if yes %}\n  {{- messages | sing }}{% endif %}");
    expect(String(error)).toMatch(/filter 'sing' is unknown.* \(in "messages \| sing", line 3 of the template\)/);
  });

  test("a dict can be made of pairs and names", () => {
    const made = chatRenderer({ ...tokenizer, chatTemplate: "{{ dict([('a', 1)], b=2.0) }}" }, where);
    expect(made([], { where })).toBe("{'a': 1, 'b': 2.0}");
  });
});
