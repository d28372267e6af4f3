import { z } from "zod";
import { exists, readText } from "#platform";
import { VOCABULARY_BOUNDS } from "../../../bounded-json.ts";
import { TokenizerError } from "../../../errors.ts";
import { type JsonObject, readJsonObject } from "../../json/json.ts";
import type { GgufEntry } from "../writer.ts";
import { ggufPretokenizer } from "./pretokenizer.ts";
import { addsSpace, ggufMerges, ggufScores, ggufTokens, type TokenizerJson } from "./tokens.ts";

type Entries = [key: string, value: GgufEntry][];

const schema = z.object({
  model: z.object({
    type: z.literal("BPE"),
    vocab: z.record(z.string(), z.int()),
    merges: z.array(z.union([z.string(), z.tuple([z.string(), z.string()])])),
    byte_fallback: z.boolean().optional(),
    unk_token: z.string().nullish(),
  }),
  added_tokens: z.array(z.object({ id: z.int(), content: z.string(), special: z.boolean() })).default([]),
});

/** GGUF's key of a special token → transformers' word. */
const SPECIAL: Readonly<Record<string, string>> = {
  bos_token_id: "bos",
  eos_token_id: "eos",
  unknown_token_id: "unk",
  seperator_token_id: "sep", // so spelled
  padding_token_id: "pad",
  cls_token_id: "cls",
  mask_token_id: "mask",
};

/**
 * A folder's tokenizer as GGUF metadata: byte-level BPE as `gpt2`, SentencePiece's BPE as `llama`; with its chat template.
 * @param config The model's `config.json`.
 * @param pre llama.cpp's name of the byte-level cut. Default: as `tokenizer.json` cuts.
 * @throws {FileError} when there is no `tokenizer.json`.
 * @throws {TokenizerError} when it is of another kind, or does not fit the model.
 * @see llama.cpp, `set_vocab` in conversion/, and gguf-py, `SpecialVocab`
 */
export async function ggufVocabulary(folder: string, config: JsonObject, pre?: string): Promise<Entries> {
  const where = `${folder}/tokenizer.json`;
  const json = await readJsonObject(where, VOCABULARY_BOUNDS);
  const parsed = schema.safeParse(json);
  if (!parsed.success) {
    throw new TokenizerError("the tokenizer cannot be written as GGUF", {
      where: `${where}: ${parsed.error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`).join("; ")}`,
      expected: "byte-pair encoding",
    });
  }
  const tokenizer = parsed.data as TokenizerJson;
  const count = Number(config.vocab_size);
  const { texts, kinds } = ggufTokens(tokenizer, count, where);
  const own = tokenizer.model.byte_fallback
    ? sentencePiece(tokenizer, json, count)
    : byteLevel(tokenizer, pre ?? ggufPretokenizer(json, where));
  const settings = (await exists(`${folder}/tokenizer_config.json`))
    ? await readJsonObject(`${folder}/tokenizer_config.json`)
    : {};
  const template = await chatTemplate(folder, settings);
  return [
    ...own,
    ["tokenizer.ggml.tokens", texts],
    ["tokenizer.ggml.token_type", kinds],
    ...specials(tokenizer, settings, config),
    ...added(json, settings),
    ...(template === undefined ? [] : ([["tokenizer.chat_template", template]] as Entries)),
  ];
}

const byteLevel = (tokenizer: TokenizerJson, pre: string): Entries => [
  ["tokenizer.ggml.model", "gpt2"],
  ["tokenizer.ggml.pre", pre],
  ["tokenizer.ggml.merges", ggufMerges(tokenizer)],
];

const sentencePiece = (tokenizer: TokenizerJson, json: JsonObject, count: number): Entries => [
  ["tokenizer.ggml.model", "llama"],
  ["tokenizer.ggml.pre", "default"],
  ["tokenizer.ggml.scores", ggufScores(tokenizer, count)],
  ["tokenizer.ggml.add_space_prefix", addsSpace(json)],
];

/** A special token's text in `tokenizer_config.json`. */
const textOf = (token: unknown): unknown => (token as { content?: unknown } | null)?.content ?? token;

function specials({ added_tokens }: TokenizerJson, settings: JsonObject, config: JsonObject): Entries {
  return Object.entries(SPECIAL).flatMap(([key, word]): Entries => {
    const text = textOf(settings[`${word}_token`]);
    const id = added_tokens.find(({ content }) => content === text)?.id ?? config[`${word}_token_id`];
    return typeof id === "number" ? [[`tokenizer.ggml.${key}`, { uint32: id }]] : [];
  });
}

/** Entries for the tokens before and after texts: the settings say so, or the template of `tokenizer.json` does. */
function added({ post_processor }: JsonObject, settings: JsonObject): Entries {
  const steps = [post_processor ?? {}].flatMap((step) => (step as { processors?: JsonObject[] }).processors ?? [step]);
  const template = steps.find((step) => (step as JsonObject).type === "TemplateProcessing") as JsonObject | undefined;
  const single = (template?.single ?? []) as { readonly SpecialToken?: { readonly id: string } }[];
  const ends = { bos: single[0]?.SpecialToken?.id, eos: single.at(-1)?.SpecialToken?.id };
  const adds = (word: "bos" | "eos"): boolean => {
    const setting = settings[`add_${word}_token`];
    return typeof setting === "boolean"
      ? setting
      : ends[word] !== undefined && ends[word] === textOf(settings[`${word}_token`]);
  };
  return [
    ["tokenizer.ggml.add_bos_token", adds("bos")],
    ["tokenizer.ggml.add_eos_token", adds("eos")],
  ];
}

async function chatTemplate(folder: string, { chat_template: own }: JsonObject): Promise<string | undefined> {
  if (await exists(`${folder}/chat_template.jinja`)) return readText(`${folder}/chat_template.jinja`);
  if (typeof own === "string") return own;
  const named = Array.isArray(own) ? (own as { readonly name: string; readonly template: string }[]) : [];
  return (named.find(({ name }) => name === "default") ?? named[0])?.template;
}
