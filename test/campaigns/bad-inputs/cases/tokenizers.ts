import { readFileSync, rmSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { type BadInput, fixture, type Keys, models, type Workshop, withModel } from "../workshop.ts";

const FILE = "tokenizer.json";
const keyed =
  (keys: Keys, file = FILE, base = "bert") =>
  (workshop: Workshop): string =>
    workshop.changed(base, keys, file);
const written =
  (content: string | Uint8Array, file = FILE) =>
  (workshop: Workshop): string => {
    const model = workshop.copy("bert");
    workshop.put(`model/${file}`, content);
    return model;
  };
const model =
  (keys: Keys) =>
  (workshop: Workshop): string => {
    const { model: before } = JSON.parse(readFileSync(fixture(`bert/${FILE}`), "utf8")) as { model: Keys };
    return workshop.changed("bert", { model: { ...before, ...keys } }, FILE);
  };
const pre = (pre_tokenizer: unknown) => keyed({ pre_tokenizer });
const post = (post_processor: unknown) => keyed({ post_processor });
const normal = (normalizer: unknown) => keyed({ normalizer });
const split = (Regex: unknown) => pre({ type: "Split", pattern: { Regex }, behavior: "Isolated", invert: false });
const template = (keys: Keys) =>
  post({
    type: "TemplateProcessing",
    single: [{ Sequence: { id: "A", type_id: 0 } }],
    pair: [],
    special_tokens: {},
    ...keys,
  });
const growing = {
  type: "Sequence",
  normalizers: Array.from({ length: 12 }, () => ({
    type: "Replace",
    pattern: { String: "a" },
    content: "a".repeat(10),
  })),
};

const OPENING = ["train", "predict", "inspect", "plan", "evaluate"];

/** Tokenizers that are damaged, hostile or of an unknown kind. */
const damaged: readonly BadInput[] = models("tokenizer", [
  ["no tokenizer", (workshop) => { const folder = workshop.copy("bert"); rmSync(`${folder}/${FILE}`); return folder; }, /tokenizer/],
  ["an empty file", written(""), /tokenizer\.json/],
  ["null", written("null"), /tokenizer\.json/],
  ["a number", written("7"), /tokenizer\.json/],
  ["a list", written("[]"), /tokenizer\.json/],
  ["an empty object", written("{}"), /tokenizer\.json|model/],
  ["nested 100,000 deep", written("[".repeat(100_000)), /tokenizer\.json/],
  ["no UTF-8", written(Buffer.from([0x22, 0xff, 0x22])), /tokenizer\.json/],
  ["600 MB", (workshop) => { const folder = workshop.copy("bert"); truncateSync(`${folder}/${FILE}`, 600e6); return folder; }, /tokenizer\.json/],
  ["/dev/zero", (workshop) => { const folder = workshop.copy("bert"); rmSync(`${folder}/${FILE}`); symlinkSync("/dev/zero", `${folder}/${FILE}`); return folder; }, /tokenizer\.json/],
  ["model null", keyed({ model: null }), /tokenizer\.json|model/],
  ["a model of an unknown type", model({ type: "Oracle" }), /Oracle/],
  ["a model of type constructor", model({ type: "constructor" }), /constructor/],
  ["a vocabulary that is null", model({ vocab: null }), /vocab|tokenizer\.json/],
  ["a vocabulary that is a number", model({ vocab: 7 }), /vocab|tokenizer\.json/],
  ["ids of 2^31", model({ vocab: { "[UNK]": 2 ** 31, "[CLS]": 2 ** 31 + 1, "[SEP]": 2 ** 31 + 2, "[PAD]": 0 } }), /2147483648|token|vocab/],
  ["negative ids", model({ vocab: { "[UNK]": -1, "[CLS]": -2, "[SEP]": -3, "[PAD]": -4 } }), /-1|token|vocab/],
  ["fractional ids", model({ vocab: { "[UNK]": 0.5, "[CLS]": 1.5, "[SEP]": 2.5, "[PAD]": 0 } }), /0\.5|token|vocab/],
  ["ids of text", model({ vocab: { "[UNK]": "1", "[CLS]": "2", "[SEP]": "3", "[PAD]": "0" } }), /token|vocab/],
  ["BPE with merges of numbers", model({ type: "BPE", merges: [1, 2] }), /merges|tokenizer\.json/],
  ["BPE without merges", model({ type: "BPE", merges: null }), /merges|tokenizer\.json/],
  ["Unigram with words for scores", model({ type: "Unigram", vocab: [["a", "b"]], unk_id: 0 }), /vocab|tokenizer\.json/],
  ["Unigram with unk_id beyond", model({ type: "Unigram", vocab: [["a", -1]], unk_id: 99 }), /unk_id|tokenizer\.json/],
  ["no unk_token", model({ unk_token: null, vocab: { "[CLS]": 0, "[SEP]": 1, "[PAD]": 2 } }), /unk|tokenizer\.json|token/],
  ["a pre-tokenizer of an unknown type", pre({ type: "Oracle" }), /Oracle/],
  ["a pre-tokenizer that is text", pre("Whitespace"), /pre.?tokenizer|tokenizer\.json/],
  ["a Sequence without a list", pre({ type: "Sequence" }), /Sequence|pretokenizers/],
  ["a Sequence of nulls", pre({ type: "Sequence", pretokenizers: [null] }), /pretokenizers|pre.?tokenizer/],
  ["a Sequence 10,000 deep", (workshop) => { const folder = workshop.copy("bert"); const before = readFileSync(`${folder}/${FILE}`, "utf8"); const deep = `${'{"type":"Sequence","pretokenizers":['.repeat(10_000)}{"type":"Whitespace"}${"]}".repeat(10_000)}`; writeFileSync(`${folder}/${FILE}`, before.replace(/"pre_tokenizer":\s*\{[^{}]*\}/, `"pre_tokenizer":${deep}`)); return folder; }, /tokenizer\.json|deep|nested/],
  ["Split on a broken expression", split("("), /\(|Split|tokenizer\.json/],
  ["Split on a number", split(7), /Split|pattern|tokenizer\.json/],
  ["Split without a pattern", pre({ type: "Split", behavior: "Isolated" }), /Split|pattern/],
  ["Split with an unknown behavior", pre({ type: "Split", pattern: { String: " " }, behavior: "Sideways" }), /Sideways/],
  ["a normalizer of an unknown type", normal({ type: "Oracle" }), /Oracle/],
  ["a normalizer Replace without pattern", normal({ type: "Replace", content: "a" }), /Replace|pattern/],
  ["a normalizer Sequence of numbers", normal({ type: "Sequence", normalizers: [1] }), /normalizer/],
  ["a post-processor of an unknown type", post({ type: "Oracle" }), /Oracle/],
  ["TemplateProcessing without single", template({ single: undefined }), /single|TemplateProcessing/],
  ["TemplateProcessing with a number", template({ single: 7 }), /single|TemplateProcessing/],
  ["a template with a token that is not there", template({ single: [{ SpecialToken: { id: "[NONE]", type_id: 0 } }, { Sequence: { id: "A", type_id: 0 } }] }), /\[NONE\]/],
  ["a decoder of an unknown type", keyed({ decoder: { type: "Oracle" } }), /Oracle/],
  ["added_tokens a number", keyed({ added_tokens: 7 }), /added_tokens/],
  ["added_tokens of nulls", keyed({ added_tokens: [null] }), /added_tokens/],
  ["an added token without content", keyed({ added_tokens: [{ id: 0 }] }), /added_tokens|content/],
  ["an added token of id 2^53", keyed({ added_tokens: [{ id: 2 ** 53, content: "rent", special: false }] }), /9007199254740992|added_tokens|token/],
  ["tokenizer_config.json no JSON", written("{", "tokenizer_config.json"), /tokenizer_config\.json/],
  ["tokenizer_config.json a list", written("[]", "tokenizer_config.json"), /tokenizer_config\.json/],
  ["vocab.txt empty", (workshop) => { const folder = workshop.copy("bert"); rmSync(`${folder}/${FILE}`); workshop.put("model/vocab.txt", ""); return folder; }, /vocab/],
], { commands: OPENING }); // biome-ignore format: a table

const HOSTILE_TEXT = `${"a".repeat(40)} b`;
const slow: readonly BadInput[] = ([
  ["Split on (a+)+$", split("^(a+)+$"), HOSTILE_TEXT],
  ["Split on (a|a)*c", split("(a|a)*c"), HOSTILE_TEXT],
  ["Split on \\s+$ beside 50,000 spaces", split("\\s+$"), `a${" ".repeat(50_000)}b`],
  ["a chain of Replace that grows", normal(growing), "aaaa"],
  ["Replace of nothing by a lot", normal({ type: "Replace", pattern: { Regex: "" }, content: "a".repeat(100_000) }), "a".repeat(20_000)],
] as const).map(([name, make, text]) => ({
  name,
  family: "tokenizer",
  says: /tokenizer|Split|Replace|normalizer|seconds|long/,
  args: (workshop) => ["predict", "--model_name_or_path", make(workshop), "--input", workshop.put("texts.txt", `${text}\n`)],
})); // biome-ignore format: a table

const MESSAGES = `${JSON.stringify({
  messages: [
    { role: "user", content: "Who pays?" },
    { role: "assistant", content: "Ada." },
  ],
})}\n`;
const RANGE = "{% for i in range(10000) %}";
const templates: readonly BadInput[] = ([
  ["a loop that is not closed", "{% for m in messages %}", /template/],
  ["an expression that is not closed", "{{ messages", /template/],
  ["an unknown statement", "{% dance %}", /template|dance/],
  ["an unknown filter", "{{ messages | dance }}", /dance|template/],
  ["a call of nothing", "{{ nothing() }}", /template/],
  ["an attribute of none", "{{ none.a.b.c }}", /template|token/],
  ["a refusal of its own", "{{ raise_exception('only odd days') }}", /only odd days/],
  ["loops in loops", `${RANGE.repeat(4)}x${"{% endfor %}".repeat(4)}`, /template/],
  ["a range of 10^12", "{% for i in range(1000000000000) %}x{% endfor %}", /template/],
  ["a text that doubles", `{% set n = namespace(t='a') %}${RANGE}{% set n.t = n.t ~ n.t %}{% endfor %}{{ n.t }}`, /template/],
  ["a text times 10^10", "{{ 'a' * 10000000000 }}", /template/],
  ["a macro that calls itself", "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}", /template/],
  ["a list that holds itself", "{% set a = [] %}{% set _ = a.append(a) %}{{ a | tojson }}", /template/],
  ["brackets 20,000 deep", `{{ ${"(".repeat(20_000)}1${")".repeat(20_000)} }}`, /template/],
  ["ifs 5,000 deep", `${"{% if true %}".repeat(5_000)}x${"{% endif %}".repeat(5_000)}`, /template/],
  ["one of 1 MB", "x".repeat(1_000_000), /template/],
  ["the constructor of a function", "{{ messages.constructor.constructor('return process')().exit(0) }}", /template/],
  ["a padding of 10^9", "{{ '%1000000000d' | format(1) }}{{ 1/0 }}", /template/],
  ["join of a product", `{% set a = 'a' * 5000000 %}${"{{ a }}".repeat(200)}`, /template/],
] as const).map(([name, source, says]) => ({
  name,
  family: "template",
  says,
  args: (workshop) => {
    const model = workshop.copy("causal/llama");
    workshop.put("model/chat_template.jinja", source);
    const dataset_name = workshop.put("rows.jsonl", MESSAGES);
    const command = ["train", "inspect", "plan"][source.length % 3] as string;
    const [verb = "", ...rest] = withModel(workshop, model, command, { task_type: "CAUSAL_LM", dataset_name });
    return verb === "inspect" ? [verb, ...rest, "--data"] : [verb, ...rest];
  },
})); // biome-ignore format: a table

const listed: readonly BadInput[] = ([
  ["chat_template [null]", [null]],
  ["chat_template a number", 7],
  ["chat_template without a default", [{ name: "tools", template: "x" }]],
] as const).map(([name, chat_template]) => ({
  name,
  family: "template",
  says: /template/,
  args: (workshop) => {
    const model = workshop.changed("causal/llama", { chat_template }, "tokenizer_config.json");
    const dataset_name = workshop.put("rows.jsonl", MESSAGES);
    return withModel(workshop, model, "train", { task_type: "CAUSAL_LM", dataset_name });
  },
})); // biome-ignore format: a table

/** Tokenizers and chat templates. */
export const tokenizerCases: readonly BadInput[] = [...damaged, ...slow, ...templates, ...listed];
