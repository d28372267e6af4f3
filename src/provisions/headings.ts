import type { Block } from "./blocks.ts";
import { anyOf } from "./patterns.ts";

/** A heading, and how deep it stands: 0 for one without a number, 1 for `2.`, 2 for `2.1`, more for letters. */
export interface Heading {
  readonly title: string;
  readonly depth: number;
  /** Its number as written, without points and parentheses; empty when it has none. */
  readonly number: string;
}

/** Number and heading of a paragraph, and the remaining text. */
export interface HeadedBlock {
  /** Number as written, without points and parentheses: `2.1`, `a`; empty when there is none. */
  readonly number: string;
  /** Depth of the number, 0 without one. */
  readonly depth: number;
  readonly heading: Heading | null;
  /** Empty when the block is nothing but a heading. */
  readonly body: string;
}

/** Depth of lettered items, below every number. */
export const LETTERED = 5;
/** Depth of headings without a number that run into their paragraph. */
const RUN_IN = 8;

/** `2.1`, `2.` or `2`, also behind `Section` or `Article`, with a dash behind it or not. */
const DECIMAL =
  /^(?:(section|article|art\.|part)\s+|§\s*)?(\d{1,2}(?:\.\d{1,2}){0,3})(?:[.):]+(?!\d)|(?=\s))\s*(?:[-–—]+\s+)?/i;
/** `(2)`, `iv.`, `B)`, also behind `Section` or `Article`. */
const MARK = /^(?:(section|article|part)\s+)?\(?(\d{1,2}|[ivx]{1,5}|[a-z])[.)]\)?\s*(?:[-–—]+\s+)?/i;

/** A title that runs into the text: `Termination. If You …`, `No Warranty: …`, `Notices -- You …`. */
const RUN_IN_TITLE =
  /^[*_]*((?=[A-Z])(?:U\.S\.|[^.:*_]){2,80}?)[*_]*(?:[.:]+[*_]*\s*|\s[–—-]+\s+)(?=["“‘'(A-Z\d_*])(.*)$/;

/**
 * Tells heading, number and body of a paragraph apart.
 * @param isKnown Whether a title is known for a heading: such a one needs no number and no capitals.
 */
export function headingOf(block: Block, isKnown: (title: string) => boolean): HeadedBlock {
  const number = numberOf(block.text);
  const depth = number ? depthOf(number) : 0;
  const rest = block.text.slice(number?.[0].length ?? 0).trim();
  const label = number?.[0].replace(/[().:\s–—-]+$|^\(/g, "").trim() ?? "";
  const found = (title: string, at: number, body: string): HeadedBlock => ({
    number: label,
    depth,
    heading: { title: plain(title), depth: at, number: label },
    body: body.trim(),
  });
  const markedDepth = block.marked > 0 ? (block.marked - 1) / 10 : 0;

  if (rest.length < 130 && !/[;,]$/.test(rest)) {
    const numbered = number !== null && depth < LETTERED && !rest.endsWith(".");
    const plausible = block.marked > 0 || numbered || isKnown(plain(rest));
    const title = isTitle(rest, "capitals") || (plausible && isTitle(rest, "any"));
    if (title) return found(rest, number ? depth : markedDepth, "");
  }
  const first = block.firstLine.slice(numberOf(block.firstLine)?.[0].length ?? 0);
  const below = block.text.slice(block.firstLine.replace(/\s+/g, " ").length).trim();
  if (below !== "" && first.length < 80 && /^["“'(A-Z]/.test(below) && isTitle(first, "capitals")) {
    if (number || isKnown(plain(first))) return found(first, depth, below);
  }
  const [, title = "", body = ""] = RUN_IN_TITLE.exec(rest) ?? [];
  if (isTitle(title, "capitals") && body.length > 20 && !/^(?:e\.?g|i\.?e|Inc|Ltd|No|Mr|St)$/.test(title)) {
    return found(title, number ? depth : RUN_IN, body);
  }
  return { number: label, depth, heading: null, body: rest };
}

const numberOf = (text: string): RegExpExecArray | null => DECIMAL.exec(text) ?? MARK.exec(text);

/** Words that a title may write small. */
const SMALL = anyOf(
  /^(?:of|and|or|the|an?|as|at|by|for|from|in|into|on|over|per|to|under|upon|with|without|than)$/i,
  /^(?:if|its|non|that|this|your|&|\/)$/,
);
/** Words that make a sentence of it. */
const VERB = anyOf(
  /\b(?:is|are|be|was|were|has|have|do|does|can|may|must|shall|will|you|we|hereby)\b/i,
  /\b(?:agrees?|disclaims?|means?|provided|refers?)\b/,
);
/** Words that no title begins with. */
const OPENING = /^(?:for|of|or|and|any|in|unless|except|to|with|without)\b/i;

/** True when a short text can be a title: few words, no verb, and, unless `any`, capitals on all but the small ones. */
export function isTitle(text: string, letters: "capitals" | "any"): boolean {
  const title = plain(text);
  const words = title.split(/\s+/);
  const most = title === title.toUpperCase() ? 16 : 10;
  if (words.length > most || title.length > 120 || !/^[A-Z(]/.test(title) || !/[A-Za-z]{3}/.test(title)) return false;
  if (SMALL.test(words.at(-1)!) || OPENING.test(title)) return false;
  if (/["“”<>@©$%={}]|\d{4}|https?:|[,;]$/.test(title)) return false;
  if (VERB.test(title) && !/^(?:your|what|how|definition)\b/i.test(title)) return false;
  return letters === "any" || words.every((word) => SMALL.test(word) || /^[([]?[A-Z]|^[-/&–]/.test(word));
}

const plain = (title: string): string =>
  title
    .replace(/[*_`#]|^\(|\)$/g, "")
    .replace(/[.:\s-]+$/, "")
    .trim();

function depthOf([, word, mark = ""]: RegExpExecArray): number {
  if (word !== undefined) return 1;
  if (/^\d/.test(mark)) return mark.replace(/(?:\.0)+$/, "").split(".").length;
  if (/^[IVX]+$/.test(mark)) return 1;
  return /^[A-Z]$/.test(mark) ? 2 : /^[ivx]+$/.test(mark) ? LETTERED + 1 : LETTERED;
}
