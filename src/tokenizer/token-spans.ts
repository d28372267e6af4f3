import type { AddedToken, Section } from "./added-tokens.ts";
import type { Range } from "./generation-marks.ts";

/** A tokenizer's steps, as far as they tell where a token lies. */
export interface Steps {
  /** Added tokens, found before anything else, and the text between them. */
  sections(text: string): Section[];
  /** The input of the model for a section: pieces of text, and added tokens that only the normalized text has. */
  pieces(text: string, first: boolean): readonly (string | AddedToken)[];
  tokens(piece: string): readonly string[];
  /** Before every token of a word but its first; `##` of WordPiece. */
  readonly continuing: string;
}

/** Indices of the first and the last token that a range of a text takes. */
export type Tokens = readonly [first: number, last: number];

/**
 * The tokens of ranges of a text, as `char_to_token` of transformers finds them: a range begins with the first token that
 * has its first character and ends with the first that has its last. Characters that the tokenizer drops have none.
 *
 * @param ranges In order, without overlap.
 * @returns For each range its tokens, `null` where it has none; `undefined` when it cannot be told exactly where a range
 *   begins or ends, because the tokenizer reads the text otherwise when it is cut there.
 */
export function tokensOfRanges(text: string, ranges: readonly Range[], steps: Steps): (Tokens | null)[] | undefined {
  const found: (Tokens | null)[] = [];
  const parts = partsOf(text, ranges, steps);
  if (!parts) return undefined;
  for (const [start, end] of ranges) {
    const inside = parts.filter(({ from, to, count }) => from >= start && to <= end && count !== 0);
    const [head, tail] = [inside[0], inside.at(-1)];
    if (!head || !tail) {
      found.push(null);
      continue;
    }
    const [first, last] = [head.first(), tail.last()];
    if (first === undefined || last === undefined) return undefined;
    found.push([first, last]);
  }
  return found;
}

/** Text that lies within one section, and within or outside of ranges; `count` is 0 where the model reads nothing of it. */
interface TextPart {
  readonly from: number;
  readonly to: number;
  readonly count: number;
  /** Index of the token that has the first character. */
  first(): number | undefined;
  /** Index of the first token that has the last character. */
  last(): number | undefined;
}

function partsOf(text: string, ranges: readonly Range[], steps: Steps): TextPart[] | undefined {
  const parts: TextPart[] = [];
  const borders = [...new Set(ranges.flat())].sort((a, b) => a - b);
  const sections = steps.sections(text);
  let index = 0; // of the first token of a section
  let passed = 0;
  for (const [i, section] of sections.entries()) {
    const [from, to] = [section.from, sections[i + 1]?.from ?? text.length];
    while ((borders[passed] ?? Infinity) <= from) passed++;
    const cuts = [from];
    for (; (borders[passed] ?? Infinity) < to; passed++) cuts.push(borders[passed] as number);
    if ("token" in section) {
      const at = index++;
      // a border within the token: each side has it
      cuts.forEach((cut, j) => {
        parts.push({ from: cut, to: cuts[j + 1] ?? to, count: 1, first: () => at, last: () => at });
      });
      continue;
    }
    const spans = spansOf(section.text, from === 0, steps);
    const made = textParts(section.text, cuts.map((cut) => cut - from), { from, index, spans, steps }); // biome-ignore format: one call
    if (!made) return undefined;
    parts.push(...made);
    index += spans.length;
  }
  return parts;
}

/** The position of a token in the model's input for a section; `exact` unless only its piece is known. */
interface Span {
  readonly from: number;
  readonly to: number;
  readonly exact: boolean;
}

interface Place {
  readonly from: number;
  readonly index: number;
  readonly spans: readonly Span[];
  readonly steps: Steps;
}

function textParts(
  text: string,
  cuts: readonly number[],
  { from, index, spans, steps }: Place,
): TextPart[] | undefined {
  const read = (text: string, first: boolean): string =>
    steps.pieces(text, first).map((piece) => (typeof piece === "string" ? piece : piece.content)).join(""); // biome-ignore format: one sum
  const tokenAt = (position: number): number | undefined => {
    const at = spans.findIndex((span) => span.from <= position && position < span.to);
    return at !== -1 && (spans[at] as Span).exact ? index + at : undefined;
  };
  const whole = cuts.length > 1 ? read(text, from === 0) : undefined;
  const parts: TextPart[] = [];
  let done = 0; // of what the model reads
  for (const [i, cut] of cuts.entries()) {
    const piece = text.slice(cut, cuts[i + 1]);
    const alone = read(piece, from === 0 && cut === 0);
    const count = whole === undefined ? alone.length : lengthAt(whole, done, alone, cut === 0);
    if (count === undefined) return undefined;
    const begin = done;
    const end = begin + count;
    done = end;
    parts.push({
      ...{ from: from + cut, to: from + cut + piece.length, count },
      first: () => tokenAt(begin),
      last: () => {
        const tail = tailOf(piece, alone, (text, begins) => read(text, begins && from === 0 && cut === 0));
        const head = begin + Math.max(0, tail.from - (alone.length - count));
        return tokenAt(tail.single ? head : end - 1);
      },
    });
  }
  return whole === undefined || done === whole.length ? parts : undefined;
}

/** The length of a part within `whole`; read alone, it may get a space at its beginning. */
function lengthAt(whole: string, at: number, alone: string, begins: boolean): number | undefined {
  if (whole.startsWith(alone, at)) return alone.length;
  return !begins && alone !== "" && whole.startsWith(alone.slice(1), at) ? alone.length - 1 : undefined;
}

/** Characters from the end that may be dropped, or be read as one with those before. */
const MAX_BACK = 64;

/**
 * The offset of a text's last character in the model's input; `single` unless it stands for several, of which
 * `char_to_token` may know none.
 */
function tailOf(
  text: string,
  alone: string,
  read: (text: string, begins: boolean) => string,
): { from: number; single: boolean } {
  let single = true;
  let end = text.length;
  for (let back = 0; back < MAX_BACK && end > 0; back++) {
    const low = text.charCodeAt(end - 1);
    const at = end - (low >= 0xdc00 && low < 0xe000 && end > 1 ? 2 : 1);
    const [head, rest] = [at === 0 ? "" : read(text.slice(0, at), true), read(text.slice(at), at === 0)];
    const exact = lengthAt(alone, head.length, rest, at === 0) === alone.length - head.length && alone.startsWith(head);
    if (exact && head.length < alone.length) return { from: head.length, single };
    if (!exact) single = false;
    end = at;
  }
  return { from: 0, single: false };
}

function spansOf(text: string, first: boolean, steps: Steps): Span[] {
  let at = 0;
  return steps.pieces(text, first).flatMap((piece) => {
    const from = at;
    if (typeof piece !== "string") {
      at += piece.content.length;
      return [{ from, to: at, exact: true }];
    }
    at += piece.length;
    return spansOfPiece(piece, steps).map((span) => ({ ...span, from: from + span.from, to: from + span.to }));
  });
}

const ENCODER = new TextEncoder();
const BYTE = /^<0x[0-9A-F]{2}>$/;

function spansOfPiece(piece: string, { tokens, continuing }: Steps): Span[] {
  const made = tokens(piece);
  const spans: Span[] = [];
  let at = 0;
  for (let i = 0; i < made.length; ) {
    const token = made[i] as string;
    const text = at > 0 && token.startsWith(continuing) ? token.slice(continuing.length) : token;
    if (text !== "" && piece.startsWith(text, at)) {
      spans.push({ from: at, to: at + text.length, exact: true });
      at += text.length;
      i++;
      continue;
    }
    const character = String.fromCodePoint(piece.codePointAt(at) ?? 0);
    const bytes = ENCODER.encode(character).length;
    if (!made.slice(i, i + bytes).every((one) => BYTE.test(one))) break;
    for (let byte = 0; byte < bytes; byte++) spans.push({ from: at, to: at + character.length, exact: true });
    at += character.length;
    i += bytes;
  }
  if (spans.length === made.length && at === piece.length) return spans;
  // an unknown token, for text of any length
  return made.map(() => ({ from: 0, to: piece.length, exact: made.length === 1 }));
}
