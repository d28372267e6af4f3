import { Tokenizer as Engine } from "@huggingface/tokenizers";
import { TokenizerError } from "../errors.ts";
import { isFolder, listFolder, readText } from "../platform/node.ts";
import { compatible, type Part, refuse } from "./compat.ts";
import { contentOf, wordPieceDefinition } from "./wordpiece.ts";

/** A tokenised text, with the special tokens of the tokenizer's own template. */
export interface Encoding {
  readonly ids: readonly number[];
  /** How many of the ids the template added; a text without tokens of its own has no others. */
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
  idOf(token: string): number | undefined;
  /** As transformers' `is_split_into_words`; RoBERTa's and its kin's put a space before every word (`add_prefix_space`). */
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
  "merges.txt", "tokenizer.model", "spiece.model", "sentencepiece.bpe.model", "chat_template.jinja",
]; // biome-ignore format: a table

/** Goes before the template in `tokenizer_config.json`, as in transformers. */
const CHAT_TEMPLATE = "chat_template.jinja";

/**
 * Loads the tokenizer of a checkpoint folder: `tokenizer.json`, or BERT's `vocab.txt`, with `tokenizer_config.json`.
 * @throws {TokenizerError} when there is none, or it is of a kind that is not supported.
 */
export async function loadTokenizer(folder: string): Promise<Tokenizer> {
  const present = (await isFolder(folder)) ? await listFolder(folder) : [];
  const files = FILES.filter((name) => present.includes(name));
  const at = (name: string) => `${folder}/${name}`;
  const json = async (name: string) => (files.includes(name) ? parse(await readText(at(name)), at(name)) : {});
  const chat = files.includes(CHAT_TEMPLATE) && { chat_template: await readText(at(CHAT_TEMPLATE)) };
  const config = { ...(await json("special_tokens_map.json")), ...(await json("tokenizer_config.json")), ...chat };
  if (files.includes("tokenizer.json")) {
    return tokenizerOf(await json("tokenizer.json"), config, files, at("tokenizer.json"));
  }
  if (files.includes("vocab.txt")) {
    const definition = wordPieceDefinition(await readText(at("vocab.txt")), config);
    return tokenizerOf(definition, config, files, at("vocab.txt"));
  }
  throw new TokenizerError(`there is no tokenizer in ${folder}`, {
    expected: `tokenizer.json, or vocab.txt of a BERT model; the folder has: ${present.join(", ") || "nothing"}`,
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
  const engine = open(compatible(definition, where), config, where);
  const [prefix, suffix] = template(engine, where);
  const specials = prefix.length + suffix.length;
  const joins = NEEDS_SPACE.test(String(config.tokenizer_class)) && joinsWords(definition.pre_tokenizer);
  const added = new Set(((definition.added_tokens ?? []) as Part[]).map(({ content }) => content));
  const spaced = (word: string) => (joins && !word.startsWith(" ") && !added.has(word) ? ` ${word}` : word);
  const padToken = contentOf(config.pad_token) ?? contentOf(config.eos_token);

  let vocabSize: number | undefined;
  const contentIds = (text: string): number[] => engine.encode(text, { add_special_tokens: false }).ids;
  const roomIn = (maxLength: number): number => {
    if (maxLength > specials) return maxLength - specials;
    throw new TokenizerError(`max_length ${maxLength} leaves no room for text`, {
      expected: `more than the ${specials} special tokens that this tokenizer adds to every text`,
    });
  };
  const truncate = <T>(content: T[], maxLength: number): T[] => {
    const room = roomIn(maxLength);
    if (content.length <= room) return content;
    return config.truncation_side === "left" ? content.slice(-room) : content.slice(0, room);
  };

  return {
    padId: (padToken === undefined ? undefined : engine.token_to_id(padToken)) ?? 0,
    padToken,
    special: Object.fromEntries(
      SPECIAL.map((name) => [name, contentOf(config[name])]).filter(([, token]) => token !== undefined),
    ),
    added: new Set(engine.get_added_tokens_decoder().keys()),
    get vocabSize() {
      const size = vocabSize ?? engine.get_vocab(true).size; // it copies the vocabulary
      vocabSize = size;
      return size;
    },
    chatTemplate: chatTemplateOf(config.chat_template),
    files,
    encode(text, { maxLength }) {
      return { ids: [...prefix, ...truncate(contentIds(text), maxLength), ...suffix], specials };
    },
    encodePieces(text, { maxLength }) {
      const content = contentIds(text);
      const room = roomIn(maxLength);
      const count = Math.max(1, Math.ceil(content.length / room));
      return Array.from({ length: count }, (_, i) => ({
        ids: [...prefix, ...content.slice(i * room, (i + 1) * room), ...suffix],
        specials,
      }));
    },
    encodePlain: contentIds,
    idOf: (token) => engine.token_to_id(token),
    encodeWords(words, { maxLength }) {
      const all = words.flatMap((word, at) => contentIds(spaced(word)).map((id) => ({ id, at })));
      const kept = truncate(all, maxLength);
      return {
        ids: [...prefix, ...kept.map(({ id }) => id), ...suffix],
        wordIds: [...prefix.map(() => null), ...kept.map(({ at }) => at), ...suffix.map(() => null)],
        specials,
      };
    },
    decode(ids, { specials = false } = {}) {
      if (ids.length === 0) return "";
      return engine.decode([...ids], { skip_special_tokens: !specials, clean_up_tokenization_spaces: false });
    },
  };
}

function open(definition: Part, config: Part, where: string): Engine {
  const model = definition.model as Part | undefined;
  try {
    return new Engine(definition, model?.type === "WordLevel" ? { ...config, unk_token: model.unk_token } : config);
  } catch (cause) {
    return refuse(`this tokenizer (${(cause as Error).message})`, where, cause);
  }
}

/** Ids that the template puts before and after a single text. */
function template(engine: Engine, where: string): [prefix: number[], suffix: number[]] {
  const text = "\0"; // stands for the text's own tokens
  const tokens = engine.post_processor?.post_process([text], null, true).tokens ?? [text];
  const ids = tokens.map((token: string) => {
    const id = engine.token_to_id(token);
    if (id !== undefined || token === text) return id ?? -1;
    throw new TokenizerError(`the template uses ${token}, which the vocabulary does not have`, { where });
  });
  const at = tokens.indexOf(text);
  return [ids.slice(0, at), ids.slice(at + 1)];
}

/** Tokenizers that transformers takes word lists from only with `add_prefix_space`; the others read words as they are. */
const NEEDS_SPACE = /^(Roberta|Longformer|Bart|LED|Deberta|GPT2|CodeGen|Blenderbot|MVP)/i;

/** Whether a word without a space before it is read as the end of the word before: byte-level, no `add_prefix_space`. */
function joinsWords(pre: unknown): boolean {
  const part = (pre ?? {}) as Part;
  if (part.type === "Sequence") return (part.pretokenizers as unknown[]).some(joinsWords);
  return part.type === "ByteLevel" && part.add_prefix_space !== true;
}

/** A template, or of several the one named "default". */
function chatTemplateOf(template: unknown): string | undefined {
  if (typeof template === "string") return template;
  if (!Array.isArray(template)) return undefined;
  const named = (template as Part[]).find(({ name }) => name === "default")?.template;
  return typeof named === "string" ? named : undefined;
}

function parse(text: string, where: string): Part {
  try {
    return JSON.parse(text) as Part;
  } catch (cause) {
    throw new TokenizerError(`malformed JSON: ${(cause as Error).message}`, { where, cause });
  }
}
