/** Python's white space, as a class of a regular expression. JavaScript's `\s` is another set. */
export const SPACE = "[\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]";

/** Ends of lines, as Python's `splitlines` has them. */
export const LINE_END = "(?:\\r\\n|[\\n-\\r\\x1c-\\x1e\\x85\\u2028\\u2029])";

const BLANK = new RegExp(`^${SPACE}*$`);
const SPACES = new RegExp(SPACE);

/** True when a text is empty or nothing but white space. */
export const isBlank = (text: string): boolean => BLANK.test(text);

/** A text without the white space at its end. */
export function trimEnd(text: string, isTrimmed = (character: string) => SPACES.test(character)): string {
  let end = text.length;
  while (end > 0) {
    const units = end > 1 && text.codePointAt(end - 2)! > 0xffff ? 2 : 1;
    if (!isTrimmed(text.slice(end - units, end))) break;
    end -= units;
  }
  return text.slice(0, end);
}

/** A text without the white space at its beginning. */
export function trimStart(text: string, isTrimmed = (character: string) => SPACES.test(character)): string {
  let start = 0;
  for (const character of text) {
    if (!isTrimmed(character)) break;
    start += character.length;
  }
  return text.slice(start);
}
