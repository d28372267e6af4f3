import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { assistantTokens } from "../../src/chat/assistant-tokens.ts";
import { chatRenderer } from "../../src/chat/chat-template.ts";
import { DataError, TokenizerError } from "../../src/errors.ts";
import type { Part } from "../../src/tokenizer/compat.ts";
import { hasMarks, marksBeside, rangesOf } from "../../src/tokenizer/generation-marks.ts";
import { type Tokenizer, tokenizerOf } from "../../src/tokenizer/tokenizer.ts";
import { chatTokenizer, type Messages } from "../chat/chat-fixture.ts";

interface Case {
  readonly tokenizer: string;
  readonly template: string;
  readonly conversation: string;
  readonly text: string;
  readonly ids: readonly number[];
  readonly mask: string;
}

/** See test/parity/make_mark_fixtures.py. */
const folder = join(import.meta.dirname, "../parity/fixtures");
const read = (path: string): string => readFileSync(join(folder, path), "utf8");
const { cases, conversations, changes, special } = JSON.parse(read("marks/expected.json")) as {
  cases: readonly Case[];
  conversations: Readonly<Record<string, Messages>>;
  changes: Readonly<Record<string, { base: string; definition: Part }>>;
  special: Readonly<Record<string, Part>>;
};

function tokenizerWith(name: string, chat_template: string): Tokenizer {
  const { base, definition } = changes[name] ?? { base: name, definition: {} };
  const parsed = JSON.parse(read(`chat/${base}/tokenizer.json`)) as Part;
  return tokenizerOf({ ...parsed, ...definition }, { ...special[name], chat_template }, [], name);
}

const where = "data.jsonl:1";
const variables = {};

function masked(tokenizer: Tokenizer, messages: Messages) {
  const render = chatRenderer(tokenizer, where);
  const text = render(messages as never, { where });
  const ids = tokenizer.encodePlain(text);
  const chat = { messages: messages as never, text, ids, variables, where };
  return { text, ids, mask: assistantTokens(chat, render, tokenizer).join("") };
}

/** The text of the tokens that a template marks. */
function marked(template: string, messages: Messages, tokenizer = chatTokenizer("bytes", template)): string {
  const { ids, mask } = masked(tokenizer, messages);
  return tokenizer.decode(ids.filter((_, i) => mask[i] === "1"), { specials: true }); // biome-ignore format: one text
}

const ask = [
  { role: "user", content: "Rent?" },
  { role: "assistant", content: "Yes." },
];

describe("marked tokens are those of transformers", () => {
  test.each([...grouped()])("%s", (_, cases) => {
    for (const { template, tokenizer, conversation, ...right } of cases) {
      const made = masked(tokenizerWith(tokenizer, read(`marks/${template}.jinja`)), conversations[conversation]!);
      expect({ conversation, ...made }).toEqual({ conversation, ...right });
    }
  });
});

function grouped(): Map<string, Case[]> {
  const groups = new Map<string, Case[]>();
  for (const one of cases) {
    const name = `${one.template}, ${one.tokenizer}`;
    groups.set(name, [...(groups.get(name) ?? []), one]);
  }
  return groups;
}

test("a range that ends in a character that NFC composes ends with its last token", () => {
  // transformers knows no token of the accent, and marks all that follows
  const template = "{% for m in messages %}{% generation %}{{ m.content }}{% endgeneration %}!{% endfor %}";
  const tokenizer = tokenizerWith("nfc", template);
  expect(marked(template, [{ role: "assistant", content: "Yes e\u0301" }], tokenizer)).toBe("Yes é");
});

test("a range that begins or ends within a character is refused, with its row", () => {
  const template = "{% for m in messages %}e{% generation %}{{ m.content }}{% endgeneration %}!{% endfor %}";
  const encode = () => masked(tokenizerWith("nfc", template), [{ role: "assistant", content: "\u0301 Yes" }]);
  expect(encode).toThrow(DataError);
  expect(encode).toThrow(/first or last token of a \{% generation %\} block cannot be determined\n.*data.jsonl:1/);
});

test("text that is changed after a block is refused, with its row", () => {
  const template =
    "{% set text %}{% generation %} {{ messages[1].content }}{% endgeneration %}{% endset %}{{ text | trim }}";
  expect(() => masked(chatTokenizer("bytes", template), ask)).toThrow(/changes the text of a .*\n.*data.jsonl:1/);
});

test("blocks of macros and blocks within blocks are marked where they stand", () => {
  const macro =
    "{% macro say(x) %}:{% generation %}{{ x }}{% endgeneration %}\n{% endmacro %}" +
    "{% for m in messages %}{{ m.role }}{{ say(m.content) }}{% endfor %}";
  expect(marked(macro, ask)).toBe("Rent?Yes.");
  const nested = "a\n{% generation %}b, {% generation %}c{% endgeneration %}! d{% endgeneration %}.\ne";
  expect(marked(nested, ask)).toBe("b, c! d");
});

test("a variable that a block sets is none after it, as in jinja2", () => {
  const template = "{% set x = 1 %}{% generation %}{% set x = 2 %}{{ x }}{% endgeneration %}{{ x }}";
  expect(chatRenderer(chatTokenizer("bytes", template), where)(ask, { where })).toBe("21");
});

test("a block without an end is refused", () => {
  expect(() => chatRenderer(chatTokenizer("bytes", "{% generation %}x"), where)).toThrow(TokenizerError);
});

test("marks are told from comments about them", () => {
  expect(hasMarks("{# wraps it in {% generation %} #}{{ x }}")).toBe(false);
  expect(hasMarks("{%-generation-%}x{% endgeneration %}")).toBe(true);
});

test("marks are none of the text's characters, and in pairs", () => {
  const marks = marksBeside("\u{f0000}x\u{f0002}");
  expect(marks).toEqual(["\u{f0001}", "\u{f0003}"]);
  expect(rangesOf(`a${marks[0]}b${marks[1]}c`, marks)).toEqual({ text: "abc", ranges: [[1, 2]] });
  expect(rangesOf(`a${marks[0]}b`, marks)).toBeUndefined();
  expect(rangesOf(`a${marks[1]}b${marks[0]}`, marks)).toBeUndefined();
});
