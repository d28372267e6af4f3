import { readFileSync } from "node:fs";
import { chatRenderer } from "../../../../src/chat/chat-template.ts";
import { loadTokenizer } from "../../../../src/tokenizer/tokenizer.ts";
import type { Format, Seed } from "../format.ts";
import { mutateJson } from "../mutate-json.ts";
import { mutateText } from "../mutate-text.ts";
import { filesOf, fixture, folderSeed } from "./fixtures.ts";
import { tokenizeFolder } from "./open-model.ts";

const stored = (name: string): Uint8Array =>
  new Uint8Array(readFileSync(new URL(`../../../tokenizer/fixtures/${name}.json`, import.meta.url)));

/** Models, normalizers, pre-tokenizers, post-processors, decoders and added tokens. */
export const tokenizerJson: Format = {
  name: "tokenizer.json",
  mutate: mutateJson,
  seeds: async () => [
    ...["bert", "roberta", "xlm-roberta", "modernbert", "causal/llama", "causal/qwen2"].map((name) =>
      folderSeed(name, ["tokenizer.json"], /tokenizer/),
    ),
    ...["bytelevel", "metaspace", "unigram", "wordpiece"].map((name): Seed => {
      return { name, files: { "tokenizer.json": stored(name) }, mutated: ["tokenizer.json"] };
    }),
    parts(),
  ],
  read: (folder) => tokenizeFolder(folder),
};

/** A tokenizer with one of each part, on a vocabulary so small that most mutations meet them. */
function parts(): Seed {
  const added = (id: number, content: string) => {
    return { id, content, single_word: false, lstrip: true, rstrip: false, normalized: true, special: id === 0 };
  };
  const definition = {
    added_tokens: [added(0, "[UNK]"), added(1, "[CLS]")],
    normalizer: {
      type: "Sequence",
      normalizers: [
        { type: "NFKC" },
        { type: "BertNormalizer", clean_text: true, handle_chinese_chars: true, strip_accents: null, lowercase: true },
        { type: "Replace", pattern: { Regex: "\\s+" }, content: " " },
        { type: "Replace", pattern: { String: "``" }, content: '"' },
        { type: "Prepend", prepend: "▁" },
        { type: "Strip", strip_left: true, strip_right: true },
        { type: "StripAccents" },
        { type: "Lowercase" },
      ],
    },
    pre_tokenizer: {
      type: "Sequence",
      pretokenizers: [
        {
          type: "Split",
          pattern: { Regex: "'s|\\p{L}+|\\p{N}{1,3}|[^\\s\\p{L}\\p{N}]+" },
          behavior: "Isolated",
          invert: false,
        },
        { type: "Whitespace" },
        { type: "Punctuation", behavior: "Isolated" },
        { type: "Digits", individual_digits: true },
        { type: "ByteLevel", add_prefix_space: true, trim_offsets: true, use_regex: true },
        { type: "Metaspace", replacement: "▁", prepend_scheme: "first", split: true },
      ],
    },
    post_processor: {
      type: "Sequence",
      processors: [
        { type: "ByteLevel", trim_offsets: false },
        {
          type: "TemplateProcessing",
          single: [{ SpecialToken: { id: "[CLS]", type_id: 0 } }, { Sequence: { id: "A", type_id: 0 } }],
          pair: [{ Sequence: { id: "A", type_id: 0 } }, { Sequence: { id: "B", type_id: 1 } }],
          special_tokens: { "[CLS]": { id: "[CLS]", ids: [1], tokens: ["[CLS]"] } },
        },
      ],
    },
    decoder: {
      type: "Sequence",
      decoders: [
        { type: "Replace", pattern: { String: "▁" }, content: " " },
        { type: "ByteFallback" },
        { type: "Fuse" },
        { type: "Strip", content: " ", start: 1, stop: 0 },
        { type: "WordPiece", prefix: "##", cleanup: true },
        { type: "ByteLevel" },
      ],
    },
    model: {
      type: "BPE",
      dropout: null,
      unk_token: "[UNK]",
      fuse_unk: false,
      byte_fallback: true,
      ignore_merges: false,
      vocab: { "[UNK]": 0, "[CLS]": 1, t: 2, h: 3, e: 4, th: 5, the: 6, "<0x41>": 7 },
      merges: [["t", "h"], "th e"],
    },
  };
  const config = { tokenizer_class: "PreTrainedTokenizerFast", unk_token: "[UNK]", cls_token: { content: "[CLS]" } };
  const json = (value: unknown) => Buffer.from(JSON.stringify(value));
  const files = { "tokenizer.json": json(definition), "tokenizer_config.json": json(config) };
  return { name: "one of each part", files, mutated: ["tokenizer.json"] };
}

/** Special tokens, sides, classes and chat templates. */
export const tokenizerConfig: Format = {
  name: "tokenizer_config.json",
  mutate: mutateJson,
  seeds: async () =>
    ["bert", "chat/bytes", "chat/metaspace"].map((name): Seed => {
      const seed = folderSeed(name, ["tokenizer_config.json"], /tokenizer/);
      const text = new TextDecoder().decode(seed.files["tokenizer_config.json"]);
      const more = {
        chat_template: [
          { name: "default", template: TEMPLATES.chatml },
          { name: "tool_use", template: "{{ tools }}" },
        ],
        eos_token: { content: "</s>", lstrip: false },
        additional_special_tokens: ["<|a|>"],
        truncation_side: "right",
        model_max_length: 80,
      };
      const config = Buffer.from(JSON.stringify({ ...more, ...JSON.parse(text) }));
      return { ...seed, files: { ...seed.files, "tokenizer_config.json": config } };
    }),
  async read(folder) {
    await tokenizeFolder(folder);
    await renderChats(folder);
  },
};

/** BERT's vocabularies without a tokenizer.json. */
export const vocabulary: Format = {
  name: "vocab.txt",
  mutate: mutateText(["\r\n", "\n\n", "\n[UNK]\n", "\n##s\n", "\n##\n", "[MASK]", "\u2028"]),
  seeds: async () => {
    const { "tokenizer.json": json, "tokenizer_config.json": config } = filesOf(fixture("bert"), /tokenizer/);
    const { model } = JSON.parse(new TextDecoder().decode(json)) as { model: { vocab: Record<string, number> } };
    const lines = Object.entries(model.vocab)
      .sort(([, a], [, b]) => a - b)
      .map(([token]) => `${token}\n`);
    const files = { "vocab.txt": Buffer.from(lines.join("")), "tokenizer_config.json": config as Uint8Array };
    return [{ name: "bert", files, mutated: ["vocab.txt"] }];
  },
  read: (folder) => tokenizeFolder(folder),
};

const { templates: TEMPLATES, conversations } = JSON.parse(
  readFileSync(fixture("chat/expected.json"), "utf8"),
) as Record<"templates", Record<string, string>> & Record<"conversations", Record<string, []>>;

async function renderChats(folder: string): Promise<void> {
  const tokenizer = await loadTokenizer(folder);
  if (tokenizer.chatTemplate === undefined) return;
  const render = chatRenderer(tokenizer, "messages");
  for (const name of ["one turn", "two turns"]) {
    const messages = conversations[name] ?? [];
    const text = render(messages, { where: "rows.jsonl:1", addGenerationPrompt: true });
    if (text.length < 100_000) tokenizer.encode(text, { maxLength: 64 });
  }
}

const JINJA = [
  "{% for i in range(100000) %}", "{% endfor %}", "{% if true %}", "{% else %}", "{% endif %}", "{{ ", " }}", "{% set x = [] %}", "{% macro m(a) %}", "{% endmacro %}",
  "{{ m(m) }}", "{% raw %}", "{# ", " #}", "| length", "| tojson", "| join(',')", "| map(attribute='role')", "| selectattr('role')", "| int", "| default(none)", "| trim",
  "['a']", "[0]", "[-1]", "[::-1]", "[1:1000000000]", ".items()", ".split('')", ".__class__", ".constructor", "(1)", "* 1000000000", "~ messages", "is defined", "not in",
  "loop.index0", "namespace(a=1)", "raise_exception('x')", "strftime_now('%d')", "{% break %}", "{% continue %}", "none", "true", "1e308", "0", "-1", "''", "{}", "{'a': 1}",
  "if x else y", "%", "//", "==", "<", "and", "caller()", "{% call m() %}", "{% endcall %}", "{% filter upper %}", "{% endfilter %}", "{% generation %}", "{% endgeneration %}",
]; // biome-ignore format: a table

/** Sources of chat templates, rendered with conversations. */
export const chatTemplate: Format = {
  name: "chat template",
  mutate: mutateText(JINJA),
  seeds: async () =>
    Object.entries(TEMPLATES).map(([name, source]): Seed => {
      const files = { ...filesOf(fixture("chat/bytes"), /tokenizer/), "chat_template.jinja": Buffer.from(source) };
      return { name, files, mutated: ["chat_template.jinja"] };
    }),
  read: renderChats,
};
