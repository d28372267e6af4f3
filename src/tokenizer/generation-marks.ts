/** Texts that a template writes before and after what an assistant generates. */
export type Marks = readonly [start: string, end: string];

/** Offsets in UTF-16 code units: the first of a stretch of text, and the first after it. */
export type Range = readonly [start: number, end: number];

const TAG = /\{%[-+]?\s*(?:end)?generation\s*[-+]?%\}/;
const COMMENT = /\{#[\s\S]*?#\}/g;

/** True when a chat template has `{% generation %}` blocks. */
export const hasMarks = (source: string): boolean => source.replace(COMMENT, "").search(TAG) !== -1;

/** Marks that a text does not have: characters for private use. */
export function marksBeside(text: string): Marks {
  const marks: string[] = [];
  for (let code = 0xf0000; marks.length < 2; code++) {
    const mark = String.fromCodePoint(code);
    if (!text.includes(mark)) marks.push(mark);
  }
  return marks as unknown as Marks;
}

/**
 * The text between marks, by its position in the text without them. A block within a block is a part of it.
 * @returns `undefined` when a mark lacks its other half.
 */
export function rangesOf(marked: string, [start, end]: Marks): { text: string; ranges: Range[] } | undefined {
  const ranges: Range[] = [];
  let [text, depth, from] = ["", 0, 0];
  for (const piece of marked.split(new RegExp(`(${start}|${end})`, "u"))) {
    if (piece === start) {
      if (depth++ === 0) from = text.length;
    } else if (piece === end) {
      if (--depth < 0) return undefined;
      if (depth === 0) ranges.push([from, text.length]);
    } else text += piece;
  }
  return depth === 0 ? { text, ranges } : undefined;
}
