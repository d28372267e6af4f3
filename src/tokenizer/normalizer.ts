import { TokenizerError } from "../errors.ts";
import { list, type Part, part, refuse } from "./compat.ts";
import { type Pattern, patternOf } from "./pattern.ts";
import { precompiled } from "./precompiled.ts";
import { ACCENTS, COMPATIBLE_LATER, DECOMPOSED_LATER, NONSPACING, OTHER } from "./unicode-classes.ts";

/** A change of the text before it is cut. */
export interface Normalizer {
  readonly patterns: readonly Pattern[];
  /** @throws {TokenizerError} when the text grows beyond all use. */
  normalize(text: string): string;
}

/** Characters that one of the text may become; the longest decomposition in Unicode has 18. */
const MAX_GROWTH = 32;
const GROWTH_SLACK = 4096;

/**
 * The normalizer of a `tokenizer.json`, character for character as Rust's `tokenizers`, whatever Unicode's version here.
 * @throws {TokenizerError} when it is malformed or not supported; says `where`.
 */
export function normalizerOf(value: unknown, where: string): Normalizer {
  const steps = value === null || value === undefined ? [] : stepsOf(value, where);
  return {
    patterns: steps.flatMap(({ pattern }) => pattern ?? []),
    normalize(text) {
      const limit = text.length * MAX_GROWTH + GROWTH_SLACK;
      return steps.reduce((text, { apply }) => {
        const next = apply(text, limit);
        if (next.length > limit) throw tooLong(where, limit);
        return next;
      }, text);
    },
  };
}

const tooLong = (where: string, limit: number): TokenizerError =>
  new TokenizerError(`the tokenizer's normalizer makes a text too long`, {
    where,
    expected: `at most ${limit} characters, ${MAX_GROWTH} for each character of the text`,
  });

interface Step {
  readonly pattern?: Pattern;
  apply(text: string, limit: number): string;
}

function stepsOf(value: unknown, where: string): Step[] {
  const config = part(value, "the normalizer", where);
  const { type } = config;
  const step = (apply: (text: string) => string): Step[] => [{ apply }];
  switch (type) {
    case "Sequence":
      return list(config.normalizers, "the normalizers of a Sequence", where).flatMap((one) => stepsOf(one, where));
    case "BertNormalizer":
      return step(bert(config));
    case "Precompiled":
      return step(precompiled(config.precompiled_charsmap, where));
    case "Replace":
      return [replacing(config, where)];
    case "NFC":
    case "NFD":
    case "NFKC":
    case "NFKD":
      return step((text) => unicodeForm(text, type));
    case "Strip": {
      const { strip_left = true, strip_right = true } = config;
      return step((text) => stripped(text, strip_left === true, strip_right === true));
    }
    case "StripAccents":
      return step((text) => text.replace(ACCENTS, ""));
    case "Lowercase":
      return step(lowercase);
    case "Prepend": {
      const { prepend } = config;
      if (typeof prepend !== "string") return refuse("a Prepend normalizer without a text to prepend", where);
      return step((text) => (text === "" ? text : prepend + text));
    }
    default:
      return refuse(`the normalizer ${String(type)}`, where);
  }
}

const SPACE = /\p{White_Space}/u;
const SPACES = /\p{White_Space}/gu;
/** Rust's own ranges, the gap before U+2B920 among them. */
const CHINESE =
  /[\u3400-\u4DBF\u4E00-\u9FFF\uF900-\uFAFF\u{20000}-\u{2A6DF}\u{2A700}-\u{2B73F}\u{2B740}-\u{2B81F}\u{2B920}-\u{2CEAF}\u{2F800}-\u{2FA1F}]/gu;

/** ASCII without the control characters that `clean_text` removes. */
const PLAIN = /^[\t\n\r -~]*$/;

function bert(config: Part): (text: string) => string {
  const { clean_text = true, handle_chinese_chars = true, strip_accents, lowercase: lower = true } = config;
  return (given) => {
    let text = given;
    if (PLAIN.test(text)) {
      if (clean_text) text = text.replace(/[\t\n\r]/g, " ");
      return lower ? text.toLowerCase() : text;
    }
    if (clean_text) text = text.replace(OTHER, "").replace(SPACES, " ");
    if (handle_chinese_chars) text = text.replace(CHINESE, " $& ");
    if (strip_accents ?? lower) text = unicodeForm(text, "NFD").replace(NONSPACING, "");
    return lower ? lowercase(text) : text;
  };
}

/** Each character by itself: a sigma that ends a word is none that Rust knows. */
const lowercase = (text: string): string =>
  text.includes("Σ")
    ? text
        .split("Σ")
        .map((piece) => piece.toLowerCase())
        .join("σ")
    : text.toLowerCase();

/** From both ends, without an expression that would look at every space in between. */
function stripped(text: string, left: boolean, right: boolean): string {
  let [start, end] = [0, text.length];
  while (left && start < end && SPACE.test(text[start] as string)) start++;
  while (right && end > start && SPACE.test(text[end - 1] as string)) end--;
  return text.slice(start, end);
}

const ASCII = /^[\0-\x7f]*$/;

type Form = "NFC" | "NFD" | "NFKC" | "NFKD";

/** Unicode's form as of the tables in Rust's library: characters that got a decomposition later stay as they are. */
function unicodeForm(text: string, form: Form): string {
  if (ASCII.test(text)) return text;
  const later = form.includes("K") ? COMPATIBLE_LATER : DECOMPOSED_LATER;
  if (text.search(later) === -1) return formOfOld(text, form);
  const kept = text.match(later) ?? [];
  return text
    .split(later)
    .flatMap((piece, i) => [formOfOld(piece, form), kept[i] ?? ""])
    .join("");
}

function formOfOld(text: string, form: Form): string {
  const made = text.normalize(form);
  return form.includes("D") ? made : made.replace(DECOMPOSED_LATER, (composed) => composed.normalize("NFD"));
}

function replacing(config: Part, where: string): Step {
  const pattern = patternOf(config.pattern, where);
  const { content } = config;
  if (typeof content !== "string") return refuse("a Replace normalizer without content", where);
  return {
    pattern,
    apply(text, limit) {
      let room = limit - text.length;
      return text.replace(pattern.regex, () => {
        room -= content.length;
        if (room < 0) throw tooLong(where, limit);
        return content;
      });
    },
  };
}
