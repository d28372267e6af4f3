import * as library from "@huggingface/tokenizers";
import { withinTime } from "#platform";
import { TokenizerError } from "../errors.ts";
import type { Part } from "./compat.ts";

/** The library's types do not resolve under Node's module rules. It rewrites Oniguruma's syntax into JavaScript's. */
const { SplitPreTokenizer } = library as unknown as {
  readonly SplitPreTokenizer: new (config: object) => { readonly pattern: unknown };
};

/** Characters of a pattern in a `tokenizer.json`; the longest in use have 2,000. */
const MAX_PATTERN = 16_384;
const COMPILE_MS = 1000;

/** A pattern that cuts text, and how bad it can get. */
export interface Pattern {
  readonly regex: RegExp;
  /** The number of unbounded quantifiers that one match can try in turn; `Infinity` where they nest. */
  readonly degree: number;
}

/**
 * A pattern of a `tokenizer.json`: `{ String }` or `{ Regex }` in Oniguruma's syntax.
 * @throws {TokenizerError} when it is neither, too long, or not supported.
 */
export function patternOf(value: unknown, where: string): Pattern {
  const { String: text, Regex: source } = (value ?? {}) as Part;
  if (typeof text === "string" && text !== "") return { regex: compile({ String: text }, where), degree: 0 };
  if (typeof source === "string" && source !== "") {
    const regex = compile({ Regex: source }, where);
    return { regex, degree: withinTime(COMPILE_MS, () => degreeOf(source), () => refusal(source, where)) }; // biome-ignore format: one pattern
  }
  throw new TokenizerError(`a pattern of the tokenizer is ${String(JSON.stringify(value)).slice(0, 60)}`, {
    where,
    expected: '{"Regex": "…"} or {"String": "…"}, not empty',
  });
}

function compile(pattern: Part, where: string): RegExp {
  const [source] = Object.values(pattern) as [string];
  const shown = JSON.stringify(source.slice(0, 60));
  if (source.length > MAX_PATTERN) {
    throw new TokenizerError(`a pattern of the tokenizer has ${source.length} characters: ${shown}`, {
      where,
      expected: `at most ${MAX_PATTERN}`,
    });
  }
  const refused = (cause?: unknown): TokenizerError => refusal(source, where, cause);
  let made: { readonly pattern: unknown };
  try {
    made = withinTime(
      COMPILE_MS,
      () => new SplitPreTokenizer({ type: "Split", pattern, behavior: "Isolated", invert: true }),
      () => refused(),
    );
  } catch (cause) {
    throw cause instanceof TokenizerError ? cause : refused(cause);
  }
  if (made.pattern instanceof RegExp) return made.pattern;
  throw refused();
}

const refusal = (source: string, where: string, cause?: unknown): TokenizerError =>
  new TokenizerError(`the pattern ${JSON.stringify(source.slice(0, 60))} of the tokenizer is not supported`, {
    where,
    cause,
  });

const UNBOUNDED = /[*+]|\{\d*,\d*\}|\{\d{2,}\}/;

/** Counts quantifiers without parsing: never too few. A bounded repetition of more than a few counts as unbounded. */
function degreeOf(source: string): number {
  const bare = source
    .replace(/\\[pPx]\{[^}]*\}|\\./g, "x")
    .replace(/\[(?:\[:\^?\w+:\]|\[[^\][]*\]|[^\]])+\]/g, "x") // character classes, also nested ones
    .replace(/\{\d,\d\}|\{\d\}/g, "");
  let groups = bare.replace(/\(\?(?:[imsx-]*:|[=!]|<[=!]|<\w+>|>)/g, "(");
  for (let before = ""; before !== groups; ) {
    before = groups;
    if (/\([^()*+{]*[|?][^()*+{]*\)[*+{]/.test(groups)) return Infinity; // each round may match in several ways
    groups = groups.replace(/\(([^()*+{]*)\)\??/g, (_, inner) => (/[|?]/.test(inner) ? "x?" : "x")); // they repeat nothing
  }
  if (/\)(?:[*+?]|\{)/.test(groups) || /\\[1-9k]/.test(source) || /x[*+](?=[*+])/.test(groups)) return Infinity;
  const alternatives = groups.includes("(") ? [groups] : groups.split("|");
  return Math.max(...alternatives.map((one) => one.split(UNBOUNDED).length - 1));
}
