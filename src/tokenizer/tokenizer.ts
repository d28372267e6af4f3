import { isFolder, listFolder, openFile, readBytes, readText } from "#platform";
import { parseBoundedJson, VOCABULARY_BOUNDS } from "../bounded-json.ts";
import { TokenizerError } from "../errors.ts";
import { tokenId } from "./added-tokens.ts";
import { list, type Part, part, shown } from "./compat.ts";
import { debertaV2Tokenizer } from "./deberta-v2.ts";
import type { Range } from "./generation-marks.ts";
import { vocabularyOf } from "./text-to-ids.ts";
import type { Tokens } from "./token-spans.ts";
import { checkedDefinition } from "./tokenizer-definition.ts";
import { contentOf, wordPieceDefinition } from "./wordpiece.ts";

/** A tokenised text, with the special tokens of the tokenizer's own template. */
export interface Encoding {
  readonly ids: readonly number[];
  /** Number of ids that the template added; a text without tokens of its own has no others. */
  readonly specials: number;
}

/** A tokenised list of words. */
export interface WordEncoding extends Encoding {
  /** For each id the index of the word it is a part of; `null` for the template's special tokens. */
  readonly wordIds: readonly (number | null)[];
}

/** Longest encoding, special tokens included. */
export interface Truncation {
  readonly maxLength: number;
}

/** Text to ids and back, id for id as Rust's `tokenizers` does it. */
export interface Tokenizer {
  /** Fills the batch on the right and is masked. The checkpoint's pad token, else its end-of-text token, else 0. */
  readonly padId: number;
  readonly padToken: string | undefined;
  /** `bos_token`, `eos_token` and their kin by name, as the files have them. */
  readonly special: SpecialTokens;
  /** Ids of the tokens that were added to the vocabulary: special tokens and marks such as `<|im_end|>`. */
  readonly added: ReadonlySet<number>;
  /** Entries of the vocabulary, added tokens included. */
  readonly vocabSize: number;
  /** Jinja source that turns messages into text; `undefined` for a model that was not trained on chats. */
  readonly chatTemplate: string | undefined;
  /** Templates of a model that has several, by name. */
  readonly namedTemplates: ReadonlyMap<string, string>;
  /** Names of the tokenizer's files, for copying beside an adapter. */
  readonly files: readonly string[];
  /**
   * Truncates the text, never the template: the final special token stays.
   * @throws {TokenizerError} when `maxLength` leaves no room for text.
   */
  encode(text: string, options: Truncation): Encoding;
  /** The whole text, in as many encodings as it takes. @throws {TokenizerError} as `encode`. */
  encodePieces(text: string, options: Truncation): Encoding[];
  /** Ids of the text's own tokens: no template, nothing cut. For text that a chat template made. */
  encodePlain(text: string): number[];
  /** The tokens of ranges of a text among `encodePlain`'s ids; as `tokensOfRanges`. */
  tokensOf(text: string, ranges: readonly Range[]): (Tokens | null)[] | undefined;
  idOf(token: string): number | undefined;
  /** Encodes words like transformers' `is_split_into_words`; RoBERTa and similar put a space before every word (`add_prefix_space`). */
  encodeWords(words: readonly string[], options: Truncation): WordEncoding;
  /** Text of the ids, special tokens left out unless `specials`, spaces as the tokenizer wrote them. */
  decode(ids: readonly number[], options?: { readonly specials?: boolean }): string;
}

/** Special tokens that a template may write, by the names that `tokenizer_config.json` gives them. */
export type SpecialTokens = Readonly<Partial<Record<(typeof SPECIAL)[number], string>>>;

const SPECIAL = [
  "bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token",
] as const; // biome-ignore format: a table

const FILES = [
  "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json", "vocab.txt", "vocab.json",
  "merges.txt", "tokenizer.model", "spiece.model", "spm.model", "sentencepiece.bpe.model", "chat_template.jinja",
]; // biome-ignore format: a table

/** File of a chat template, which goes before that of `tokenizer_config.json`, as in transformers. */
export const CHAT_TEMPLATE = "chat_template.jinja";

/**
 * Loads the tokenizer of a checkpoint folder: `tokenizer.json`, BERT's `vocab.txt` or DeBERTa's `spm.model`, with
 * `tokenizer_config.json`.
 * @throws {TokenizerError} when there is none, or it is of a kind that is not supported.
 */
export async function loadTokenizer(folder: string): Promise<Tokenizer> {
  const present = (await isFolder(folder)) ? await listFolder(folder) : [];
  const files = FILES.filter((name) => present.includes(name));
  const at = (name: string) => `${folder}/${name}`;
  const json = async (name: string) => (files.includes(name) ? parse(await readBounded(at(name)), at(name)) : {});
  const chat = files.includes(CHAT_TEMPLATE) && { chat_template: await readBounded(at(CHAT_TEMPLATE)) };
  const config = { ...(await json("special_tokens_map.json")), ...(await json("tokenizer_config.json")), ...chat };
  if (files.includes("tokenizer.json")) {
    return tokenizerOf(await json("tokenizer.json"), config, files, at("tokenizer.json"));
  }
  if (files.includes("vocab.txt")) {
    const definition = wordPieceDefinition(await readBounded(at("vocab.txt")), config);
    return tokenizerOf(definition, config, files, at("vocab.txt"));
  }
  if (files.includes("spm.model")) {
    await checkSize(at("spm.model"));
    const made = debertaV2Tokenizer(await readBytes(at("spm.model")), config, at("spm.model"));
    return tokenizerOf(made.definition, made.config, files, at("spm.model"));
  }
  throw new TokenizerError(`${folder} contains no tokenizer`, {
    expected: `tokenizer.json, a BERT model's vocab.txt, or a DeBERTa model's spm.model; the folder has: ${present.join(", ") || "nothing"}`,
    hint: 'in Python, AutoTokenizer.from_pretrained("…").save_pretrained("folder") writes a tokenizer.json.',
  });
}

/**
 * A tokenizer from its parsed files.
 *
 * @param definition `tokenizer.json`; its own truncation and padding are not used.
 * @param config `tokenizer_config.json`: special tokens and the side of truncation.
 * @throws {TokenizerError} when it is of a kind that is not supported; says `where`.
 */
export function tokenizerOf(definition: Part, config: Part, files: readonly string[], where: string): Tokenizer {
  const checked = checkedDefinition(definition, where);
  for (const id of Object.keys(part(config.added_tokens_decoder ?? {}, "the added_tokens_decoder", where))) {
    tokenId(/^\d+$/.test(id) ? Number(id) : id, "a token in added_tokens_decoder", where);
  }
  const vocabulary = vocabularyOf(checked, config, where);
  const [prefix, suffix] = vocabulary.template;
  const specials = prefix.length + suffix.length;
  const joins = NEEDS_SPACE.test(String(config.tokenizer_class)) && joinsWords(definition.pre_tokenizer);
  const added = new Set(checked.added.map(({ content }) => content));
  const spaced = (word: string) => (joins && !word.startsWith(" ") && !added.has(word) ? ` ${word}` : word);
  const padToken = contentOf(config.pad_token) ?? contentOf(config.eos_token);
  const templates = chatTemplatesOf(config.chat_template, where);

  const roomIn = (maxLength: number): number => {
    if (maxLength > specials) return maxLength - specials;
    throw new TokenizerError(`max_length ${maxLength} leaves no space for text`, {
      expected: `more than the ${specials} special tokens that this tokenizer adds to every text`,
    });
  };
  const truncate = <T>(content: T[], maxLength: number): T[] => {
    const room = roomIn(maxLength);
    if (content.length <= room) return content;
    return config.truncation_side === "left" ? content.slice(-room) : content.slice(0, room);
  };

  return {
    padId: (padToken === undefined ? undefined : vocabulary.idOf(padToken)) ?? 0,
    padToken,
    special: Object.fromEntries(
      SPECIAL.map((name) => [name, contentOf(config[name])]).filter(([, token]) => token !== undefined),
    ),
    added: new Set(checked.added.map(({ id }) => id)),
    vocabSize: vocabulary.size,
    chatTemplate: typeof templates === "string" ? templates : templates.get("default"),
    namedTemplates: typeof templates === "string" ? new Map() : templates,
    files,
    encode(text, { maxLength }) {
      return { ids: [...prefix, ...truncate(vocabulary.encode(text), maxLength), ...suffix], specials };
    },
    encodePieces(text, { maxLength }) {
      const content = vocabulary.encode(text);
      const room = roomIn(maxLength);
      const count = Math.max(1, Math.ceil(content.length / room));
      return Array.from({ length: count }, (_, i) => ({
        ids: [...prefix, ...content.slice(i * room, (i + 1) * room), ...suffix],
        specials,
      }));
    },
    encodePlain: vocabulary.encode,
    tokensOf: vocabulary.tokensOf,
    idOf: vocabulary.idOf,
    encodeWords(words, { maxLength }) {
      const all = vocabulary.encodeAll(words.map(spaced)).flatMap((ids, at) => ids.map((id) => ({ id, at })));
      const kept = truncate(all, maxLength);
      return {
        ids: [...prefix, ...kept.map(({ id }) => id), ...suffix],
        wordIds: [...prefix.map(() => null), ...kept.map(({ at }) => at), ...suffix.map(() => null)],
        specials,
      };
    },
    decode(ids, { specials = false } = {}) {
      return ids.length === 0 ? "" : vocabulary.decode(ids, specials);
    },
  };
}

/** Tokenizers that transformers takes word lists from only with `add_prefix_space`; the others read words as they are. */
const NEEDS_SPACE = /^(Roberta|Longformer|Bart|LED|Deberta|GPT2|CodeGen|Blenderbot|MVP)/i;

/** True when a word without a space before it is read as the end of the word before: byte-level, no `add_prefix_space`. */
function joinsWords(pre: unknown): boolean {
  const part = (pre ?? {}) as Part;
  if (part.type === "Sequence") return (part.pretokenizers as unknown[]).some(joinsWords);
  return part.type === "ByteLevel" && part.add_prefix_space !== true;
}

/** A template, or several by name. @throws {TokenizerError} when it is neither. */
function chatTemplatesOf(template: unknown, where: string): string | ReadonlyMap<string, string> {
  if (typeof template === "string") return template;
  if (template === undefined || template === null) return new Map();
  const named = list(template, "the chat_template", where).map((one) => part(one, "a chat_template", where));
  for (const { name, template } of named) {
    if (typeof name === "string" && typeof template === "string") continue;
    const [key, given] = typeof name === "string" ? ["template", template] : ["name", name];
    throw new TokenizerError(`the ${key} of a chat_template is ${shown(given)}`, { where, expected: "a text" });
  }
  return new Map(named.map(({ name, template }) => [name as string, template as string]));
}

/** Bytes of a tokenizer's file. The largest vocabularies in use, of 260,000 tokens, take 35 MB. */
const MAX_FILE_BYTES = 2 ** 27;

async function readBounded(path: string): Promise<string> {
  await checkSize(path);
  return readText(path);
}

async function checkSize(path: string): Promise<void> {
  const file = await openFile(path);
  await file.close();
  if (file.size <= MAX_FILE_BYTES) return;
  throw new TokenizerError(`the file has ${file.size} bytes`, { where: path, expected: `at most ${MAX_FILE_BYTES}` });
}

function parse(text: string, where: string): Part {
  let value: unknown;
  try {
    value = parseBoundedJson(new TextEncoder().encode(text), VOCABULARY_BOUNDS);
  } catch (cause) {
    throw new TokenizerError(`malformed JSON: ${(cause as Error).message}`, { where, cause });
  }
  return part(value, "the file", where);
}
