import type { Meter } from "./meter.ts";
import { codePoints } from "./values.ts";
import { isBlank, LINE_END, SPACE } from "./whitespace.ts";

const SPACES = new RegExp(`${SPACE}+`, "g");

/** A text in words, of which the last is the rest after `most` cuts. */
export function words(text: string, most: number): string[] {
  const parts: string[] = [];
  let start = 0;
  for (const { index, 0: space } of text.matchAll(SPACES)) {
    if (index > start) {
      if (most >= 0 && parts.length >= most) break;
      parts.push(text.slice(start, index));
    }
    start = index + space.length;
  }
  if (start < text.length) parts.push(text.slice(start));
  return parts;
}

/** `words` from the end: the first is what is left of `most` cuts. */
export function wordsFromEnd(text: string, most: number): string[] {
  const all = [...text.matchAll(new RegExp(`(?!${SPACE}).+?(?=${SPACE}|$)`, "gs"))];
  if (most < 0 || all.length <= most) return all.map(([word]) => word);
  const kept = all.slice(all.length - most);
  const rest = text.slice(0, kept[0]?.index ?? text.length).replace(new RegExp(`${SPACE}+$`), "");
  return [...(rest === "" ? [] : [rest]), ...kept.map(([word]) => word)];
}

/** A text cut at a separator, at most `most` times when that is not negative. */
export function cut(text: string, separator: string, most: number): string[] {
  if (separator === "") throw new Error("empty separator");
  const parts = text.split(separator);
  return most < 0 || parts.length <= most + 1 ? parts : [...parts.slice(0, most), parts.slice(most).join(separator)];
}

/** `cut` from the end. */
export function cutFromEnd(text: string, separator: string, most: number): string[] {
  const parts: string[] = [];
  let end = text.length;
  if (separator === "") throw new Error("empty separator");
  while (most < 0 || parts.length < most) {
    const at = end < separator.length ? -1 : text.lastIndexOf(separator, end - separator.length);
    if (at < 0) break;
    parts.unshift(text.slice(at + separator.length, end));
    end = at;
  }
  return [text.slice(0, end), ...parts];
}

const LINES = new RegExp(`(?:(?!${LINE_END}).)*${LINE_END}|.+$`, "gs");
const END = new RegExp(`${LINE_END}$`);

/** A text's lines by what Python takes for line ends. */
export function lines(text: string, keepsEnds: boolean): string[] {
  const parts = text.match(LINES) ?? [];
  return keepsEnds ? parts : parts.map((line) => line.replace(END, ""));
}

/** A text with another in place of a part of it, at most `most` times when that is not negative. */
export function replaced(text: string, part: string, by: string, most: number, meter: Meter): string {
  if (part !== "") return meter.join(cut(text, part, most), by);
  const gaps = Array.from(text);
  const inserted = most < 0 ? gaps.length + 1 : Math.min(most, gaps.length + 1);
  meter.text(text.length + inserted * by.length);
  return gaps.map((c, i) => (i < inserted ? by + c : c)).join("") + (inserted > gaps.length ? by : "");
}

/** Lines with an indentation, as the filter `indent` writes it. */
export function indented(text: string, indent: string, first: boolean, blank: boolean, meter: Meter): string {
  const [head = "", ...rest] = lines(`${text}\n`, false);
  const parts = rest.map((line) => (line === "" && !blank ? "" : indent + line));
  return meter.join([(first ? indent : "") + head, ...parts], "\n");
}

/** A text that ends with a mark where it is longer than it may be, as the filter `truncate` cuts it. */
export function truncated(text: string, length: number, killsWords: boolean, end: string, leeway: number): string {
  if (codePoints(end) > length) throw new Error(`expected length >= ${codePoints(end)}, got ${length}`);
  if (codePoints(text) <= length + leeway) return text;
  const kept = Array.from(text)
    .slice(0, length - codePoints(end))
    .join("");
  return (killsWords ? kept : cutFromEnd(kept, " ", 1)[0]!) + end;
}

/** Python's tests of all characters of a text, which an empty text does not pass. */
export const IS: Readonly<Record<string, (text: string) => boolean>> = {
  isalpha: (text) => /^\p{L}+$/u.test(text),
  isalnum: (text) => /^[\p{L}\p{N}]+$/u.test(text),
  isdecimal: (text) => /^\p{Nd}+$/u.test(text),
  isdigit: (text) => digitsOnly(text),
  isspace: (text) => text !== "" && isBlank(text),
  isascii: (text) => !/\P{ASCII}/u.test(text),
  isupper: (text) => /\p{Uppercase}/u.test(text) && !/\p{Lowercase}|\p{Lt}/u.test(text),
  islower: (text) => /\p{Lowercase}/u.test(text) && !/\p{Uppercase}|\p{Lt}/u.test(text),
};

/** Python's `isdigit`; JavaScript has no Unicode property for it. */
function digitsOnly(text: string): boolean {
  if (/^[\p{Nd}\p{No}]+$/u.test(text) && /\p{No}/u.test(text.replace(/[²³¹⁰⁴-⁹₀-₉]/g, ""))) {
    throw new Error(`isdigit() of '${text.slice(0, 60)}' is not supported`);
  }
  return /^[\p{Nd}²³¹⁰⁴-⁹₀-₉]+$/u.test(text);
}
