import { Tokenizer as Engine } from "@huggingface/tokenizers";
import { withinTime } from "#platform";
import { LowrankError, TokenizerError } from "../errors.ts";
import { type AddedToken, sectionFinder } from "./added-tokens.ts";
import { type Part, refuse } from "./compat.ts";
import type { Range } from "./generation-marks.ts";
import { normalizerOf } from "./normalizer.ts";
import { preTokenizerOf } from "./pre-tokenizer.ts";
import { type Tokens, tokensOfRanges } from "./token-spans.ts";
import type { Definition } from "./tokenizer-definition.ts";

/** A vocabulary with all that is done to a text before it. */
export interface Vocabulary {
  /** Ids of a text's own tokens. @throws {TokenizerError} when it takes too long, or a token has no id. */
  encode(text: string): number[];
  /** Ids of each of several texts, which share one limit of time. */
  encodeAll(texts: readonly string[]): number[][];
  /** `tokensOfRanges` for the ids that `encode` gives. */
  tokensOf(text: string, ranges: readonly Range[]): (Tokens | null)[] | undefined;
  decode(ids: readonly number[], specials: boolean): string;
  idOf(token: string): number | undefined;
  /** Ids that the template puts before and after a single text. */
  readonly template: readonly [prefix: number[], suffix: number[]];
  /** Tokens with an id, added ones included. */
  readonly size: number;
}

/** Milliseconds that a text may take, and those added for each character: a tenth of the speed of the slowest model. */
const TIME_MS = 600;
const TIME_MS_A_CHARACTER = 0.01;
/** Steps of a pattern or a model, at their worst, that are too few to be worth a time limit. */
const FREE_STEPS = 1e7;

/** Pieces whose ids are kept, and characters of each: a few megabytes, and nearly all words that a data set repeats. */
const MAX_KNOWN = 2 ** 15;
const MAX_KNOWN_LENGTH = 48;

/** The library's model, whose types leave open what they hold. */
interface Model {
  (pieces: readonly string[]): string[];
  readonly tokens_to_ids: ReadonlyMap<string, number>;
  readonly unk_token_id: number | undefined;
}

/**
 * Puts a checked `tokenizer.json` to work: tokens that were added, normalizer and pre-tokenizer are ours, model and
 * decoder are those of `@huggingface/tokenizers`.
 * @throws {TokenizerError} when it is of a kind that is not supported.
 */
export function vocabularyOf(definition: Definition, config: Part, where: string): Vocabulary {
  const { added } = definition;
  const engine = open(definition, config, where);
  const model = engine.model as unknown as Model;
  const normalizer = normalizerOf(definition.normalizer, where);
  const preTokenizer = preTokenizerOf(definition.preTokenizer, where);
  const raw = new Map(added.filter((one) => !one.normalized).map((one) => [one.content, one]));
  const spelled = (one: AddedToken) =>
    limited(one.content.length, Infinity, where, () => normalizer.normalize(one.content));
  const normalized = new Map(added.filter((one) => one.normalized).map((one) => [spelled(one), one]));
  const [inRaw, inNormalized] = [sectionFinder(raw), sectionFinder(normalized)];
  const degrees = [...normalizer.patterns, ...preTokenizer.patterns].map(({ degree }) => degree);
  const degree = Math.max(degreeOfModel(definition.model), ...degrees);

  const idOf = (token: string): number => {
    const id = model.tokens_to_ids.get(token) ?? model.unk_token_id;
    if (id !== undefined) return id;
    throw new TokenizerError(`the vocabulary has neither ${JSON.stringify(token)} nor an unknown token`, { where });
  };
  const known = new Map<string, readonly number[]>();
  /** Piece by piece, as unknown characters are fused within one only. */
  const idsOf = (piece: string): readonly number[] => {
    const before = known.get(piece);
    if (before) return before;
    const ids = model([piece]).map(idOf);
    if (piece.length > MAX_KNOWN_LENGTH) return ids;
    if (known.size === MAX_KNOWN) known.clear();
    known.set(` ${piece}`.slice(1), ids); // a copy: a part of a text would keep all of it in memory
    return ids;
  };
  const piecesOf = (text: string, first: boolean): (string | AddedToken)[] => {
    const pieces: (string | AddedToken)[] = [];
    for (const inner of inNormalized(normalizer.normalize(text))) {
      if ("token" in inner) pieces.push(inner.token);
      else for (const { text } of preTokenizer.cut(inner.text, first && inner.from === 0)) pieces.push(text);
    }
    return pieces;
  };
  const encode = (text: string): number[] => {
    const ids: number[] = [];
    for (const outer of inRaw(text)) {
      if ("token" in outer) {
        ids.push(outer.token.id);
        continue;
      }
      for (const piece of piecesOf(outer.text, outer.from === 0)) {
        if (typeof piece !== "string") ids.push(piece.id);
        else for (const id of idsOf(piece)) ids.push(id);
      }
    }
    return ids;
  };

  const prefix = definition.model.continuing_subword_prefix;
  const steps = {
    ...{ sections: inRaw, pieces: piecesOf, tokens: (piece: string) => model([piece]) },
    continuing: typeof prefix === "string" ? prefix : "##",
  };

  return {
    encode: (text) => limited(text.length, degree, where, () => encode(text)),
    encodeAll(texts) {
      const size = texts.reduce((sum, text) => sum + text.length, 0);
      return limited(size, degree, where, () => texts.map(encode));
    },
    tokensOf: (text, ranges) => limited(text.length, degree, where, () => tokensOfRanges(text, ranges, steps)),
    decode: (ids, specials) =>
      limited(ids.length, Infinity, where, () =>
        engine.decode([...ids], { skip_special_tokens: !specials, clean_up_tokenization_spaces: false }),
      ),
    idOf: (token) => model.tokens_to_ids.get(token),
    template: template(engine, where),
    size: model.tokens_to_ids.size,
  };
}

/** Unigram's lattice is quadratic, and so are WordPiece's words, unless they are as short as in files in use. */
function degreeOfModel({ type, max_input_chars_per_word: longest }: Part): number {
  const isBounded = type === "BPE" || type === "WordLevel" || (type === "WordPiece" && Number(longest ?? 100) <= 100);
  return isBounded ? 1 : 2;
}

/** Runs `act` under a time limit where it may be slow, and makes what the library throws an error of ours. */
function limited<T>(size: number, degree: number, where: string, act: () => T): T {
  try {
    if (size ** (degree + 1) <= FREE_STEPS) return act();
    const milliseconds = Math.ceil(TIME_MS + size * TIME_MS_A_CHARACTER);
    const late = (): TokenizerError =>
      new TokenizerError(`the tokenizer takes too long: more than ${milliseconds / 1000} s for ${size} characters`, {
        where,
        hint: "a regular expression in its pre_tokenizer or normalizer may take exponential time.",
      });
    return withinTime(milliseconds, act, late);
  } catch (cause) {
    if (cause instanceof LowrankError) throw cause;
    throw new TokenizerError(`the tokenizer fails on a text of ${size} characters: ${(cause as Error).message}`, {
      where,
      cause,
    });
  }
}

function open({ model, added, postProcessor, decoder }: Definition, config: Part, where: string): Engine {
  const names = model.type === "WordLevel" ? { ...config, unk_token: model.unk_token } : config;
  const tokens = added.map(({ content, id, special }) => ({ content, id, special }));
  const parts = { model, added_tokens: tokens, post_processor: postProcessor, decoder };
  const extra = config.additional_special_tokens;
  const known = Array.isArray(extra) ? extra.filter((token) => typeof token === "string") : [];
  try {
    return new Engine(
      { normalizer: null, pre_tokenizer: null, ...parts },
      { unk_token: names.unk_token, eos_token: names.eos_token, additional_special_tokens: known },
    );
  } catch (cause) {
    return refuse(`this tokenizer (${(cause as Error).message})`, where, cause);
  }
}

function template(engine: Engine, where: string): [prefix: number[], suffix: number[]] {
  const text = "\0"; // stands for the text's own tokens
  const tokens: string[] = engine.post_processor?.post_process([text], null, true).tokens ?? [text];
  const ids = tokens.map((token) => {
    const id = engine.token_to_id(token);
    if (id !== undefined || token === text) return id ?? -1;
    throw new TokenizerError(`the template uses ${token}, which is not in the vocabulary`, { where });
  });
  const at = tokens.indexOf(text);
  return [ids.slice(0, at), ids.slice(at + 1)];
}
