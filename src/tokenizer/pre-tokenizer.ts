import { TokenizerError } from "../errors.ts";
import { list, type Part, part, refuse, shown } from "./compat.ts";
import { type Pattern, patternOf } from "./pattern.ts";
import { PUNCTUATION } from "./unicode-classes.ts";

/** A part of the text that the model cuts into tokens by itself. */
export interface Piece {
  readonly text: string;
  /** True when the text begins with it, for a `Metaspace` that puts a space there only. */
  readonly first: boolean;
}

/** The cut of a text into pieces. */
export interface PreTokenizer {
  readonly patterns: readonly Pattern[];
  /** @throws {TokenizerError} when the pieces grow beyond all use. */
  cut(text: string, first: boolean): readonly Piece[];
}

/** Characters that pieces may have for one of the text's; a byte-level one has up to three. */
const MAX_GROWTH = 16;
const GROWTH_SLACK = 4096;

/**
 * The pre-tokenizer of a `tokenizer.json`, piece for piece as Rust's `tokenizers`.
 * @throws {TokenizerError} when it is malformed or not supported; says `where`.
 */
export function preTokenizerOf(value: unknown, where: string): PreTokenizer {
  const steps = value === null || value === undefined ? [] : stepsOf(value, where);
  return {
    patterns: steps.flatMap(({ pattern }) => pattern ?? []),
    cut(text, first) {
      const limit = text.length * MAX_GROWTH + GROWTH_SLACK;
      let pieces: readonly Piece[] = [{ text, first }];
      for (const { cut } of steps) {
        const next: Piece[] = [];
        let size = 0;
        for (const piece of pieces) {
          for (const one of cut(piece)) {
            if (one.text === "") continue;
            next.push(one);
            size += one.text.length;
          }
          if (size > limit) throw tooLong(where, limit);
        }
        pieces = next;
      }
      return pieces;
    },
  };
}

const tooLong = (where: string, limit: number): TokenizerError =>
  new TokenizerError("the tokenizer's pre-tokenizer makes a text too long", {
    where,
    expected: `at most ${limit} characters, ${MAX_GROWTH} for each character of the text`,
  });

interface Step {
  readonly pattern?: Pattern;
  cut(piece: Piece): Iterable<Piece>;
}

/** Treatment of the text that a pattern matches. */
type Behavior = "Removed" | "Isolated" | "MergedWithPrevious" | "MergedWithNext" | "Contiguous";
const BEHAVIORS: readonly string[] = ["Removed", "Isolated", "MergedWithPrevious", "MergedWithNext", "Contiguous"];

const SPACE = /\p{White_Space}/gu;
const WORD = "\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}\\p{Join_Control}";
const WORDS = new RegExp(`[${WORD}]+|[^${WORD}\\p{White_Space}]+`, "gu");

function stepsOf(value: unknown, where: string): Step[] {
  const config = part(value, "the pre-tokenizer", where);
  const { type } = config;
  const at = (regex: RegExp, behavior: Behavior, invert = false): Step => ({
    cut: (piece) => split(piece, regex, behavior, invert),
  });
  switch (type) {
    case "Sequence":
      return list(config.pretokenizers, "the pretokenizers of a Sequence", where).flatMap((one) => stepsOf(one, where));
    case "BertPreTokenizer":
      return [bertWords];
    case "ByteLevel":
      return byteLevel(config);
    case "CharDelimiterSplit":
      return [at(patternOf({ String: config.delimiter }, where).regex, "Removed")];
    case "Digits":
      return [at(/\p{N}/gu, config.individual_digits === true ? "Isolated" : "Contiguous")];
    case "FixedLength":
      return [fixedLength(config.length ?? 5, where)];
    case "Metaspace":
      return metaspace(config, where);
    case "Punctuation":
      return [at(PUNCTUATION, behaviorOf(config.behavior ?? "Isolated", where))];
    case "Split": {
      const pattern = patternOf(config.pattern, where);
      const behavior = behaviorOf(config.behavior, where);
      return [{ ...at(pattern.regex, behavior, config.invert === true), pattern }];
    }
    case "Whitespace":
      return [at(WORDS, "Removed", true)];
    case "WhitespaceSplit":
      return [at(SPACE, "Removed")];
    default:
      return refuse(`the pre-tokenizer ${String(type)}`, where);
  }
}

const ASCII = /^[\0-\x7f]*$/;
/** Words and punctuation of a text in ASCII. */
const ASCII_WORDS = /[!-/:-@[-`{-~]|[^\t-\r !-/:-@[-`{-~]+/g;

const bertWords: Step = {
  cut(piece) {
    if (ASCII.test(piece.text)) return split(piece, ASCII_WORDS, "Removed", true);
    return split(piece, SPACE, "Removed", false).flatMap((word) => split(word, PUNCTUATION, "Isolated", false));
  },
};

function behaviorOf(value: unknown, where: string): Behavior {
  if (typeof value === "string" && BEHAVIORS.includes(value)) return value as Behavior;
  throw new TokenizerError(`a pre-tokenizer has the behavior ${shown(value)}`, {
    where,
    expected: BEHAVIORS.join(", "),
  });
}

const GPT2 = {
  Regex: "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+",
};

/** The character that stands for each byte in a byte-level vocabulary. */
const CHARACTERS = Array.from({ length: 256 }, (_, byte) => String.fromCharCode(byte));
[...CHARACTERS.keys()]
  .filter((byte) => byte < 0x21 || (byte > 0x7e && byte < 0xa1) || byte === 0xad)
  .forEach((byte, i) => {
    CHARACTERS[byte] = String.fromCharCode(256 + i);
  });

const ENCODER = new TextEncoder();

const bytesOf = (text: string): string =>
  Array.from(ENCODER.encode(text), (byte) => CHARACTERS[byte] as string).join("");

/** `bytesOf` for texts in which a character is a byte and all but the control characters and the space stand for themselves. */
const asciiBytes = (text: string): string =>
  text.replace(/[\0- \x7f]/g, (control) => CHARACTERS[control.charCodeAt(0)] as string);

function byteLevel(config: Part): Step[] {
  const prefix: Step = {
    cut: ({ text, first }) => [{ text: text.startsWith(" ") ? text : ` ${text}`, first }],
  };
  const pattern = patternOf(GPT2, "ByteLevel");
  const bytes: Step = {
    cut: ({ text, first }) => [{ text: ASCII.test(text) ? asciiBytes(text) : bytesOf(text), first }],
  };
  const regex: Step = { cut: (piece) => split(piece, pattern.regex, "Isolated", false), pattern };
  // Rust's default is to add a space; files that leave it out are older than the default
  return [...(config.add_prefix_space === true ? [prefix] : []), ...(config.use_regex === false ? [] : [regex]), bytes];
}

function metaspace(config: Part, where: string): Step[] {
  const { replacement = "▁", prepend_scheme, add_prefix_space, split: splits = true } = config;
  if (typeof replacement !== "string" || [...replacement].length !== 1) {
    throw new TokenizerError(`the replacement of a Metaspace is ${shown(replacement)}`, {
      where,
      expected: "one character",
    });
  }
  const scheme = prepend_scheme ?? (add_prefix_space === false ? "never" : "always");
  const { regex } = patternOf({ String: replacement }, where);
  const spaces: Step = {
    cut({ text, first }) {
      const spaced = text.replaceAll(" ", replacement);
      const prepends = scheme === "always" || (scheme === "first" && first);
      return [{ text: prepends && !spaced.startsWith(replacement) ? replacement + spaced : spaced, first }];
    },
  };
  const cut: Step = { cut: (piece) => split(piece, regex, "MergedWithNext", false) };
  return splits === false ? [spaces] : [spaces, cut];
}

function fixedLength(length: unknown, where: string): Step {
  if (!Number.isInteger(length) || (length as number) < 1) {
    throw new TokenizerError(`the length of a FixedLength is ${shown(length)}`, { where, expected: "an integer >= 1" });
  }
  const size = length as number;
  return {
    *cut({ text, first }) {
      const characters = [...text];
      for (let i = 0; i < characters.length; i += size) {
        yield { text: characters.slice(i, i + size).join(""), first: first && i === 0 };
      }
    },
  };
}

/** Cuts a piece at the matches of a pattern, or with `invert` at what it does not match. */
function split({ text, first }: Piece, regex: RegExp, behavior: Behavior, invert: boolean): Piece[] {
  const pieces: Piece[] = [];
  const push = (from: number, to: number): void => {
    pieces.push({ text: text.slice(from, to), first: first && from === 0 });
  };
  if (behavior === "Isolated") {
    eachSegment(text, regex, push);
    return pieces;
  }
  if (behavior === "Removed") {
    eachSegment(text, regex, (from, to, match) => {
      if (match === invert) push(from, to);
    });
    return pieces;
  }
  let start = 0; // of the piece that is not yet complete
  let before: boolean | undefined; // whether that one ends in a match
  eachSegment(text, regex, (from, to, match) => {
    const delimits = match !== invert;
    const joins =
      before !== undefined &&
      ((behavior === "Contiguous" && delimits === before) ||
        (behavior === "MergedWithPrevious" && delimits && !before) ||
        (behavior === "MergedWithNext" && before && !delimits));
    if (!joins && before !== undefined) {
      push(start, from);
      start = from;
    }
    before = delimits;
    if (to === text.length) push(start, to);
  });
  return pieces;
}

/** Visits matches and what lies between them, in order. `matchAll` would compile the expression again for each piece. */
function eachSegment(text: string, regex: RegExp, visit: (from: number, to: number, match: boolean) => void): void {
  let end = 0;
  regex.lastIndex = 0;
  for (let match = regex.exec(text); match; match = regex.exec(text)) {
    const { index } = match;
    const { length } = match[0];
    if (length === 0) {
      regex.lastIndex = index + ((text.codePointAt(index) ?? 0) > 0xffff ? 2 : 1);
      continue;
    }
    if (index > end) visit(end, index, false);
    end = index + length;
    visit(index, end, true);
  }
  if (end < text.length) visit(end, text.length, false);
}
