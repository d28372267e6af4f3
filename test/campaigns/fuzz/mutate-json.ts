import type { Random } from "../../../src/random.ts";
import { chance, type Mutate, type Mutation, pick } from "./format.ts";
import { type JsonSpan, jsonSpans } from "./json-spans.ts";
import { mutateBytes } from "./mutate-bytes.ts";

/** Numbers at the edges of types, as JSON spells them; some are no JSON. */
export const NUMBERS = [
  "0", "-0", "1", "-1", "2", "7", "127", "128", "255", "256", "32768", "65535", "65536", "1000000", "2147483647", "2147483648",
  "4294967295", "4294967296", "9007199254740991", "9007199254740992", "9223372036854775807", "9223372036854775808",
  "18446744073709551615", "-2147483648", "-2147483649", "1e9", "1e15", "1e16", "1e21", "1e308", "-1e308", "1e400", "5e-324", "1e-7",
  "0.5", "1.5", "-0.5", "0.1", "12345678901234567890", "1.0", "2.0", "NaN", "Infinity",
]; // biome-ignore format: a table

/** Strings that are unusual somewhere, quoted. */
export const STRINGS = [
  '""', '" "', '"a"', '"\\u0000"', '"\\ud800"', '"\\udc00x"', '"𠀋"', '"😀"', '"\\ufeff"', '"\\u200b"', '"\\n"', '"\\\\"', '"../../etc/passwd"', '"/"',
  '"__proto__"', '"constructor"', '"toString"', '"NaN"', '"null"', '"0"', '"-1"', '"1e9"', '"true"', '"(a+)+$"', '"^(a|a)*$"', '"[" ', '"(?<n>a)\\\\k<n>"',
  '"\\\\p{L}"', '"(?i)a"', '"\\\\s+$"', '"▁"', '"##"', '"<unk>"', '"[UNK]"', '"%"', '"$1"', '"e\\u0301"', '"İ"', '"ﬀ"', '"١"',
]; // biome-ignore format: a table

const OTHERS = [
  "null",
  "true",
  "false",
  "[]",
  "{}",
  "[null]",
  "[[]]",
  "[{}]",
  '{"a":null}',
  '{"type":null}',
  "[0]",
  '[""]',
  "[1,2]",
];
const KEYS = ["", "a", "__proto__", "constructor", "toString", "length", "type", "0", "\\u0000", "\\ud800", "😀"];

/** Part of the text of a document, to stand for something else. */
interface Edit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
  readonly what: string;
}

/** A document of a seed, taken apart. */
interface Parsed {
  readonly text: string;
  readonly spans: readonly JsonSpan[];
}

const long = (random: Random): string => {
  const length = pick(random, [100, 1_000, 10_000, 100_000]);
  return `"${pick(random, ["a", " ", "ab ", "\\u0000", "𠀋", "("]).repeat(length)}"`;
};

function deep(random: Random, inner: string): string {
  const depth = pick(random, [10, 100, 1_000, 20_000]);
  return chance(random, 0.5)
    ? "[".repeat(depth) + inner + "]".repeat(depth)
    : '{"a":'.repeat(depth) + inner + "}".repeat(depth);
}

/** Another number near one, so that what follows from it is reached. */
function near(random: Random, number: string): string {
  const value = Number(number);
  const to = pick(random, [value + 1, value - 1, 2 * value, value / 2, -value, 10 * value, value + 0.5, value * 1000]);
  return Number.isFinite(to) ? String(to) : "1e400";
}

function newValue(random: Random, { kind, start, end }: JsonSpan, { text, spans }: Parsed): string {
  const own = text.slice(start, end);
  const draw = random.uniform();
  if (draw < 0.35 && kind === "number") return chance(random, 0.5) ? near(random, own) : pick(random, NUMBERS);
  if (draw < 0.35 && kind === "string") {
    const others = spans.filter((span) => span.kind === "string");
    const other = pick(random, others);
    return chance(random, 0.5) ? text.slice(other.start, other.end) : pick(random, STRINGS);
  }
  if (draw < 0.5) return pick(random, NUMBERS);
  if (draw < 0.6) return pick(random, STRINGS);
  if (draw < 0.8) return pick(random, OTHERS);
  if (draw < 0.9) {
    const other = pick(random, spans);
    return text.slice(other.start, Math.min(other.end, other.start + 5_000));
  }
  if (draw < 0.93) return long(random);
  return draw < 0.95 ? deep(random, "0") : pick(random, OTHERS);
}

/** The text of a member with its key, or of an element. */
const whole = ({ key, start, end }: JsonSpan): { start: number; end: number } => ({ start: key?.start ?? start, end });

function editOf(random: Random, parsed: Parsed): Edit {
  const { text, spans } = parsed;
  const span = pick(random, spans);
  const { start, end, path, key, children } = span;
  const at = path || "the document";
  const replaced = (value: string): Edit => ({ start, end, text: value, what: `${at} = ${value.slice(0, 60)}` });
  const draw = random.uniform();
  if (draw < 0.55) return replaced(newValue(random, span, parsed));
  if (draw < 0.65 && key) {
    const name = chance(random, 0.5) ? pick(random, KEYS) : (pick(random, spans).key?.name ?? "other");
    return { start: key.start, end: key.end, text: `"${name}"`, what: `${at} renamed ${name}` };
  }
  if (draw < 0.72 && key) {
    const again = `${text.slice(key.start, key.end)}:${newValue(random, span, parsed)},`;
    return { start: key.start, end: key.start, text: again, what: `${at} twice` };
  }
  if (draw < 0.82 && path !== "") {
    const { start: from, end: to } = whole(span);
    const comma = /^\s*,/.exec(text.slice(to, to + 20))?.[0].length ?? 0;
    return { start: from, end: to + comma, text: comma ? "" : '"":0', what: `${at} left out` };
  }
  if (children.length > 0) {
    const parts = children.map((child) => text.slice(whole(child).start, whole(child).end));
    const [open, close] = [text[start] as string, text[end - 1] as string];
    if (draw < 0.87) return replaced(`${open}${parts.toReversed().join(",")}${close}`);
    if (draw < 0.92) return replaced(`${open}${[...parts, ...parts].join(",")}${close}`);
    if (draw < 0.95) {
      const times = Math.min(pick(random, [10, 1_000, 20_000]), Math.floor(300_000 / (parts[0]?.length || 1)));
      return replaced(`${open}${new Array(times).fill(parts[0]).join(",")}${close}`);
    }
    return replaced(`${open}${close}`);
  }
  return replaced(newValue(random, span, parsed));
}

const parsed = new WeakMap<Uint8Array, Parsed>();

function parsedOf(bytes: Uint8Array): Parsed {
  const known = parsed.get(bytes);
  if (known) return known;
  const text = new TextDecoder().decode(bytes);
  const made = { text, spans: jsonSpans(text) };
  parsed.set(bytes, made);
  return made;
}

/** A JSON document with one to three values, keys, members or lists changed. */
export function mutateJsonText(bytes: Uint8Array, random: Random): { readonly text: string; readonly changes: string } {
  const document = parsedOf(bytes);
  const edits = Array.from({ length: pick(random, [1, 1, 1, 2, 3]) }, () => editOf(random, document));
  edits.sort((a, b) => a.start - b.start || a.end - b.end);
  let [text, at] = ["", 0];
  const changes: string[] = [];
  for (const edit of edits) {
    if (edit.start < at) continue;
    text += document.text.slice(at, edit.start) + edit.text;
    at = edit.end;
    changes.push(edit.what);
  }
  return { text: text + document.text.slice(at), changes: changes.join("; ") };
}

/** As {@link mutateJsonText}, of a file; one in ten has its bytes changed instead. */
export const mutateJson: Mutate = (bytes, random): Mutation => {
  if (chance(random, 0.1)) return mutateBytes(bytes, random);
  const { text, changes } = mutateJsonText(bytes, random);
  return { bytes: Buffer.from(text), changes };
};
