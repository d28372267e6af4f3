import { anyOf } from "./patterns.ts";

/** One paragraph of a plain text, its lines joined, with what its layout says of it. */
export interface Block {
  /** One line, single spaces. */
  readonly text: string;
  /** The first of its lines as it stands in the text, trimmed. */
  readonly firstLine: string;
  /** Number of its first line, from 1. */
  readonly line: number;
  /** Set off as a heading: by `#` signs (their number), or by a rule below (1); else 0. */
  readonly marked: number;
}

const RULE = /^[-=~_*+|][-=~_*+|\s]{3,}$/;

/** A longer line, in characters, is a whole paragraph; shorter ones may be one that is wrapped. */
const WRAPPED = 130;

/** Start of a list item: a number, a letter or a Roman numeral with a point or parenthesis, or a bullet. */
const ITEM = anyOf(
  /^\(?\d{1,2}(?:\.\d{1,2}){0,3}[.):]+\s/i,
  /^\d{1,2}(?:\.\d{1,2}){1,3}\s/,
  /^\(?(?:[a-z]|[ivx]{2,5})[.)]\)?\s/,
  /^(?:[*+•·–—-]\s|#)/,
);

/** A line that ends like this goes on with a number that begins no item: `under Section`, `3.1 and`. */
const BEFORE_REFERENCE =
  /(?:sections?|articles?|clauses?|paragraphs?|subsections?|versions?|(?<![;,] )(?:and|or|of))$/i;

/**
 * The paragraphs of a plain text: lines that are wrapped, or one paragraph each. They end at blank lines, rules and
 * list items. Comment signs in front of every line, boxes of asterisks and Markdown's emphasis are taken away.
 */
export function blocksOf(text: string): Block[] {
  const lines = withoutFrame(text.split(/\r?\n/).map((line) => line.trim()));
  const blocks: Block[] = [];
  let open: string[] = [];
  const close = (end: number, marked = 0): void => {
    if (open.length > 0) {
      const text = open
        .join(" ")
        .replace(/\s+/g, " ")
        .replace(/^#+\s*/, "");
      blocks.push({ text, firstLine: open[0]!.replace(/^#+\s*/, ""), line: end - open.length + 1, marked });
    }
    open = [];
  };
  for (const [at, line] of lines.entries()) {
    if (line === "") close(at);
    else if (RULE.test(line)) close(at, open.length === 1 ? 1 : 0);
    else {
      const last = open.at(-1);
      if (last !== undefined && begins(line, last)) close(at);
      open.push(withoutMarkup(line));
      const signs = /^#+/.exec(line)?.[0].length ?? 0;
      if (signs > 0) close(at + 1, signs);
    }
  }
  close(lines.length);
  return blocks;
}

/** True when `line` begins a paragraph though no blank line stands before it. */
function begins(line: string, last: string): boolean {
  if (ITEM.test(line)) return !(/^\d/.test(line) && BEFORE_REFERENCE.test(last));
  if (last.length <= WRAPPED && line.length <= WRAPPED) return false;
  return !(/^[a-z]/.test(line) || (last.length > 50 && /[\w,]$/.test(last)));
}

/** Without emphasis and the targets of links. */
const withoutMarkup = (line: string): string => line.replace(/\*{2,}/g, "").replace(/\[([^\]]+)\]\([^)]*\)/g, "$1");

/** Lines without the sides of boxes, and without the comment sign that most of them begin with. */
function withoutFrame(framed: readonly string[]): string[] {
  const lines = framed.map((line) => line.replace(/^([*|])(?:\s(.*))?\s*\1$|^[*|]$/, "$2").trim());
  const filled = lines.filter((line) => line !== "").length;
  const sign = ["*", "#", "//", "%", ";"].find(
    (sign) => lines.filter((line) => line.startsWith(sign)).length > 0.6 * filled,
  );
  return lines.map((line) => (sign && line.startsWith(sign) ? line.slice(sign.length).trim() : line));
}
