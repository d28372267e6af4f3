/** Letters that are two in one, each as three characters in a row: large, for the beginning of a word, small. */
const TWO_IN_ONE = /[\u01c4-\u01cc\u01f1-\u01f3]/;

/** A letter as it begins a word. */
function titled(letter: string): string {
  if (/[\u1f80-\u1fff]/.test(letter) && letter.toUpperCase().length > 1) {
    throw new Error(`title() and capitalize() of '${letter}' are not supported`);
  }
  // Georgian has capitals, and does not begin words with them
  if (/[\u10d0-\u10ff]/.test(letter)) return letter;
  const [first = "", ...rest] = letter.toUpperCase();
  if (TWO_IN_ONE.test(letter)) return String.fromCharCode(first.charCodeAt(0) + 1);
  return first + rest.join("").toLowerCase();
}

/** Python's `str.title`: a large letter after whatever is no letter, an apostrophe among them. */
export const title = (text: string): string =>
  text.replace(/(\p{Cased})(\p{Cased}*)/gu, (_, first: string, rest: string, at: number) => {
    return titled(first) + lowered(text, at + first.length, rest);
  });

/** A part of a text in small letters. A sigma at the end of a word has its own, so what is around it matters. */
function lowered(text: string, at: number, part: string): string {
  const alone = part.toLowerCase();
  if (!part.includes("Σ")) return alone;
  const before = text.slice(0, at).toLowerCase().length;
  return text.toLowerCase().slice(before, before + alone.length);
}

/** Python's `str.capitalize`: the first letter large, all others small. */
export function capitalize(text: string): string {
  const [first = ""] = text;
  return titled(first) + lowered(text, first.length, text.slice(first.length));
}

/** Python's `str.swapcase`. */
export const swapCase = (text: string): string =>
  Array.from(text, (c) => (/\p{Uppercase}|\p{Lt}/u.test(c) ? c.toLowerCase() : c.toUpperCase())).join("");
