import { TokenizerError } from "../../../errors.ts";
import type { JsonObject } from "../../json/json.ts";

/** llama.cpp's kinds of tokens. Source: gguf-py, `TokenType`. */
const KIND = { normal: 1, unknown: 2, control: 3, userDefined: 4, unused: 5, byte: 6 } as const;

/** A vocabulary as GGUF lists it, by id. */
export interface GgufTokens {
  readonly texts: readonly string[];
  readonly kinds: Int32Array;
}

/** Score of a token that the merges did not make. */
const ADDED_SCORE = -1000;

/** The parts of a `tokenizer.json` that hold tokens. */
export interface TokenizerJson {
  readonly model: {
    readonly type: string;
    readonly vocab: Readonly<Record<string, number>>;
    readonly merges: readonly (string | readonly [string, string])[];
    readonly byte_fallback?: boolean;
    readonly unk_token?: string | null;
  };
  readonly added_tokens: readonly { readonly id: number; readonly content: string; readonly special: boolean }[];
}

/**
 * All tokens by id, ids without one filled up.
 * @param count Rows of the model's embeddings.
 * @throws {TokenizerError} when the tokenizer has ids beyond these.
 */
export function ggufTokens({ model, added_tokens }: TokenizerJson, count: number, where: string): GgufTokens {
  const texts = Array.from({ length: count }, (_, id) => `[PAD${id}]`);
  const kinds = new Int32Array(count).fill(KIND.unused);
  const place = (id: number, text: string, kind: number): void => {
    if (id >= count) {
      throw new TokenizerError(`the tokenizer has a token with id ${id}, but the model has ${count} embeddings`, {
        where,
      });
    }
    texts[id] = text;
    kinds[id] = kind;
  };
  const isByte = (text: string): boolean => model.byte_fallback === true && /^<0x[0-9A-F]{2}>$/.test(text);
  for (const [text, id] of Object.entries(model.vocab)) place(id, text, isByte(text) ? KIND.byte : KIND.normal);
  for (const { id, content, special } of added_tokens) {
    const control = special || looksSpecial(content);
    place(id, control ? content : content.replaceAll("\u2581", " "), control ? KIND.control : KIND.userDefined);
  }
  const unknown = model.unk_token == null ? undefined : model.vocab[model.unk_token];
  if (model.byte_fallback && unknown !== undefined) kinds[unknown] = KIND.unknown;
  return { texts, kinds };
}

/** Tokens that some models add without calling them special. */
const looksSpecial = (text: string): boolean =>
  /^(<pad>|<mask>|<2mass>|\[@BOS@\])$/.test(text) || /^(<\|.*\|>|<｜.*｜>|<unused.*>)$/.test(text);

/** Merges as GGUF lists them: two parts and a space between, spaces inside as byte-level tokenizers write them. */
export const ggufMerges = ({ model }: TokenizerJson): string[] =>
  model.merges.map((merge) =>
    typeof merge === "string" ? merge : merge.map((part) => part.replaceAll(" ", "\u0120")).join(" "),
  );

/**
 * SentencePiece's scores, which order merges: of two tokens the one that is merged first has the higher score. The
 * merges of a converted tokenizer stand in that order.
 */
export function ggufScores({ model, added_tokens }: TokenizerJson, count: number): Float32Array {
  const scores = new Float32Array(count);
  const ranked = new Set<number>();
  for (const merge of model.merges) {
    const id = model.vocab[typeof merge === "string" ? merge.replace(" ", "") : merge.join("")];
    if (id === undefined || ranked.has(id)) continue;
    scores[id] = -ranked.size;
    ranked.add(id);
  }
  for (const { id } of added_tokens) scores[id] = ADDED_SCORE;
  return scores;
}

/** True when the tokenizer puts a space before a text. */
export function addsSpace(tokenizer: JsonObject): boolean {
  const text = JSON.stringify([tokenizer.normalizer ?? null, tokenizer.pre_tokenizer ?? null]);
  return /"type":"Prepend"/.test(text) || /"prepend_scheme":"(first|always)"/.test(text);
}
