import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { gguf } from "@huggingface/gguf";
import { describe, expect, test } from "vitest";
import { chatRenderer } from "../../src/chat/chat-template.ts";
import { conversation } from "../../src/chat/conversation.ts";
import { strftime } from "../../src/chat/strftime.ts";
import { DataError, TokenizerError } from "../../src/errors.ts";
import { loadTokenizer, type Tokenizer } from "../../src/tokenizer/tokenizer.ts";
import { folderWith } from "../data/temporary.ts";
import { chatTokenizer, expected, type Rendering } from "./chat-fixture.ts";

const where = "chats.jsonl:3";

function render(tokenizer: Tokenizer, { conversation: name, add_generation_prompt, tools = null }: Rendering): string {
  const messages = conversation(expected.conversations[name], "messages", where);
  const options = { addGenerationPrompt: add_generation_prompt, variables: { tools }, where };
  return chatRenderer(tokenizer, where)(messages, options);
}

const cases = (["bytes", "metaspace"] as const).flatMap((name) =>
  Object.keys(expected[name].renderings).map((template) => ({ name, template })),
);

describe("chat templates", () => {
  test.each(cases)("$template writes what transformers writes, in the same tokens ($name)", ({ name, template }) => {
    const tokenizer = chatTokenizer(name, template);
    for (const rendering of expected[name].renderings[template]!) {
      const made = () => render(tokenizer, rendering);
      if (rendering.error !== undefined) {
        expect(made).toThrow(DataError);
        expect(made).toThrow(rendering.error);
      } else {
        expect(made()).toBe(rendering.text);
        expect(tokenizer.encodePlain(made())).toEqual(rendering.ids);
      }
    }
  });

  const folder = process.env.LOWRANK_MODELS ?? join(homedir(), ".cache/lowrank-models");
  const model = join(folder, "smollm2", expected.smollm2.file);
  test.skipIf(!existsSync(model))("SmolLM2's own", async () => {
    const { metadata } = (await gguf(model, { allowLocalFile: true })) as { metadata: Record<string, unknown> };
    const tokenizer = chatTokenizer("bytes", metadata["tokenizer.chat_template"] as string);
    for (const rendering of expected.smollm2.renderings) {
      expect(render(tokenizer, rendering)).toBe(rendering.text);
      expect(tokenizer.encodePlain(render(tokenizer, rendering))).toEqual(rendering.ids);
    }
  });

  test("line ends of a template are those of the text", () => {
    const [unix] = expected.bytes.renderings.zephyr!;
    const tokenizer = chatTokenizer("bytes", expected.templates.zephyr!.replaceAll("\n", "\r\n"));
    expect(render(tokenizer, unix!)).toBe(unix!.text);
  });

  test("the date is that of the run, in English", () => {
    const now = new Date(2026, 10, 4, 15, 7, 9);
    const { format } = { format: "%d %b %Y|%A, %B %d|%a %y-%m-%d|%H:%M:%S|%I %p|100 %%|%Q" };
    expect(strftime(now, format)).toBe("04 Nov 2026|Wednesday, November 04|Wed 26-11-04|15:07:09|03 PM|100 %|%Q");
    expect(strftime(now, "%-d.%-m. %j %e|%F %T %D %R|%c")).toBe(
      "4.11. 308  4|2026-11-04 15:07:09 11/04/26 15:07|Wed Nov  4 15:07:09 2026",
    );
    expect(() => strftime(now, "%U")).toThrow("strftime_now does not support %U");
    const tokenizer = chatTokenizer("bytes", "{{ strftime_now('%d.%m.') }}{{ messages[0].content }}");
    expect(chatRenderer(tokenizer, where, now)([{ role: "user", content: "!" }], { where })).toBe("04.11.!");
  });
});

describe("templates that cannot be used", () => {
  const say = (template: string | undefined): string =>
    chatRenderer(chatTokenizer("bytes", template), where)([{ role: "user", content: "hi" }], { where });
  const refusal = (template: string | undefined): unknown => {
    try {
      return say(template);
    } catch (error) {
      return error;
    }
  };

  test("none", () => {
    const error = refusal(undefined);
    expect(error).toBeInstanceOf(TokenizerError);
    expect(String(error)).toMatch(
      /no chat template[\s\S]*at: chats.jsonl:3[\s\S]*chat_template.jinja next to it[\s\S]*\{prompt, completion\}/,
    );
  });

  test.each([
    ["{% for %}", /chat template is malformed: .+\n {2}at: chat_template/],
    ["{{ messages | sing }}", /chat template fails on this conversation: .*sing[\s\S]*chats.jsonl:3/],
    [`${"-".repeat(65_537)}`, /is 65537 characters long\n.*\n {2}expected: at most 65536/],
    ["{% for i in range(10000) %}{% for j in range(10000) %}{% endfor %}{% endfor %}", /more than 2000000 steps/],
    ["{% for i in range(9999) %}{% for j in range(9999) if j %}{% endfor %}{% endfor %}", /more than 2000000 steps/],
    ["{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}", /fails on this conversation/],
    [
      "{% set s = namespace(x='a ') %}{% for i in range(22) %}{% set s.x = s.x ~ s.x %}{% endfor %}{% for i in range(900) %}{% set t = s.x.split(' ') | join('-') %}{% endfor %}",
      /takes longer than|more than/,
    ],
    ["{{ range(10001) }}", /range\(\) of more than 10000/],
    [
      "{% set s = namespace(x=[1]) %}{% for i in range(40) %}{% set s.x = s.x + s.x %}{% endfor %}",
      /of more than 1048576/,
    ],
    ["{% set s = namespace(x='ab') %}{% for i in range(40) %}{% set s.x = s.x ~ s.x %}{% endfor %}", /16777216 char/],
  ])("%.60s", (template, message) => {
    const error = refusal(template);
    expect(error).toBeInstanceOf(TokenizerError);
    expect(String(error)).toMatch(message);
  });

  test("a range counts as Python's does", () =>
    expect(say("{% for i in range(3) %}{{ i }}{% endfor %}{% for i in range(7, 1, -2) %}{{ i }}{% endfor %}")).toBe(
      "012753",
    ));
});

describe("what a tokenizer's files say of chats", () => {
  const fixture = (name: string) =>
    readFileSync(join(import.meta.dirname, "../parity/fixtures/chat/bytes", name), "utf8");
  const config = JSON.parse(fixture("tokenizer_config.json")) as object;
  const load = async (chat: object, others: Record<string, string> = {}) =>
    loadTokenizer(
      await folderWith({
        "tokenizer.json": fixture("tokenizer.json"),
        "tokenizer_config.json": JSON.stringify({ ...config, ...chat }),
        ...others,
      }),
    );

  test("the template: chat_template.jinja, else the one in tokenizer_config.json, of several the default", async () => {
    const rag = { name: "rag", template: "r" };
    const several = { chat_template: [rag, { name: "default", template: "d" }] };
    expect((await load({ chat_template: "a" })).chatTemplate).toBe("a");
    expect((await load(several)).chatTemplate).toBe("d");
    expect((await load({ chat_template: [rag] })).chatTemplate).toBeUndefined();
    expect((await load(several, { "chat_template.jinja": "own" })).chatTemplate).toBe("own");
    expect((await load({})).chatTemplate).toBeUndefined();
  });

  test("special tokens by name, added tokens by id, the size of the vocabulary", async () => {
    const tokenizer = await load({ eos_token: { content: "<|im_end|>" }, unk_token: null });
    expect(tokenizer.special).toEqual({ bos_token: "<|im_start|>", eos_token: "<|im_end|>", pad_token: "<|end|>" });
    expect(tokenizer.added.size).toBe(14);
    expect(tokenizer.added).toContain(tokenizer.idOf("[INST]"));
    expect(tokenizer.vocabSize).toBe(414);
    expect(tokenizer.idOf("no such token")).toBeUndefined();
  });
});
