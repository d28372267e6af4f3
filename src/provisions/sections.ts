import { blocksOf } from "./blocks.ts";
import { type Heading, headingOf, LETTERED } from "./headings.ts";

/** A paragraph of a legal text without its number and heading, under the headings it stands below. */
export interface Paragraph {
  readonly text: string;
  /** True when it has a number of its own, not only its section. */
  readonly numbered: boolean;
  /** Titles from the outermost to the innermost. */
  readonly headings: readonly string[];
  /** Number of its first line, from 1. */
  readonly line: number;
}

/** An item is not joined to a paragraph that is this long already, in characters. */
const LONG = 1500;

/**
 * The paragraphs of a legal text. Items of a list belong to the sentence they continue; an item that is a sentence of
 * its own is a paragraph of its own.
 * @param isKnown Whether a title is known for a heading.
 */
export function sectionsOf(text: string, isKnown: (title: string) => boolean): Paragraph[] {
  const paragraphs: Paragraph[] = [];
  let open: readonly Heading[] = [];
  for (const block of blocksOf(text)) {
    const { number, depth, heading, body } = headingOf(block, isKnown);
    if (heading) open = [...open.filter((above) => above.depth < heading.depth), heading];
    else open = closedBy(number, depth, open);
    if (body === "") continue;

    const last = paragraphs.at(-1);
    const item = number !== "" || /^[*+•·-]\s/.test(body);
    if (last && !heading && item && continues(last.text, body) && last.headings.length === open.length) {
      const joined = `${last.text} ${number === "" ? "" : `(${number}) `}${body}`;
      paragraphs[paragraphs.length - 1] = { ...last, text: joined };
    } else {
      const headings = open.map(({ title }) => title);
      paragraphs.push({ text: body, numbered: number !== "" && !heading, headings, line: block.line });
    }
  }
  return paragraphs;
}

/** True when `item` continues the sentence that `before` has begun. */
function continues(before: string, item: string): boolean {
  if (before.length > LONG) return false;
  if (/[:—–]$/.test(before)) return !(/^["“‘'(A-Z]/.test(item) && item.endsWith("."));
  return /(?:[;,]|[;,]? (?:and|or|and\/or))$/.test(before);
}

/**
 * The headings that still stand above a paragraph that has a number and no heading: it ends sections of its own depth
 * that count on to it. `1.` below `5. Termination` is an item of a list and ends nothing.
 */
function closedBy(number: string, depth: number, open: readonly Heading[]): readonly Heading[] {
  if (number === "" || depth >= LETTERED) return open;
  if (depth > 1) return open.filter((above) => above.depth < depth);
  const section = open.find((above) => above.depth === 1);
  return section && ordinal(number) > ordinal(section.number) ? [] : open;
}

/** `Article 5` and `5.0` are 5; what is no number counts as 0. */
const ordinal = (number: string): number => Number(/\d+/.exec(number)?.[0] ?? 0);
