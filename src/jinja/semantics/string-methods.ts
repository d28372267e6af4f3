import { braceFormat } from "../values/brace-format.ts";
import { padded } from "../values/format-spec.ts";
import { capitalize, swapCase, title } from "../values/letter-case.ts";
import { cut, cutFromEnd, IS, lines, replaced, words, wordsFromEnd } from "../values/string-parts.ts";
import { type Args, codePoints, integer, isTrue, itemsOf, string, Tuple, type Value } from "../values/values.ts";
import { trimEnd, trimStart } from "../values/whitespace.ts";
import { bound } from "./arguments.ts";
import type { Runtime } from "./runtime.ts";

/** A method of a text. */
type Method = (text: string, args: Args, runtime: Runtime) => Value;

/** A method by its parameters, of which the first `needed` have no default. */
const method =
  (name: string, parameters: readonly string[], needed: number, act: Act): Method =>
  (text, args, runtime) => {
    if (args.named.size > 0 && !KEYWORDS.has(name)) throw new Error(`str.${name}() takes no keyword arguments`);
    return act(text, bound(name, args, parameters, needed), runtime);
  };

type Act = (text: string, args: readonly (Value | undefined)[], runtime: Runtime) => Value;

const KEYWORDS: ReadonlySet<string> = new Set(["split", "rsplit", "splitlines"]);

const plain = (name: string, act: (text: string) => Value): Method => method(name, [], 0, act);

function stripped(ends: "both" | "left" | "right"): Act {
  return (text, [chars]) => {
    const set = chars == null ? undefined : new Set(string(chars, "the argument of strip"));
    const isTrimmed = set && ((character: string) => set.has(character));
    const left = ends === "right" ? text : trimStart(text, isTrimmed);
    return ends === "left" ? left : trimEnd(left, isTrimmed);
  };
}

function split(fromEnd: boolean): Act {
  return (text, [separator, most], { meter }) => {
    const limit = most === undefined ? -1 : integer(most, "maxsplit");
    if (separator == null) return meter.list((fromEnd ? wordsFromEnd : words)(text, limit));
    return meter.list((fromEnd ? cutFromEnd : cut)(text, string(separator, "sep"), limit));
  };
}

/** Part of a text between two places, which may be negative or beyond it; `undefined` when they cross. */
function between(text: string, from: Value | undefined, to: Value | undefined) {
  const length = codePoints(text);
  const place = (value: Value | undefined, standard: number): number => {
    if (value == null) return standard;
    const i = integer(value, "an index");
    return i < 0 ? Math.max(0, i + length) : i;
  };
  const [start, end] = [place(from, 0), Math.min(place(to, length), length)];
  if (start > end) return undefined;
  const part = length === text.length ? text.slice(start, end) : Array.from(text).slice(start, end).join("");
  return { start, part };
}

function found(fromEnd: boolean, mustBe: boolean): Act {
  return (text, [part, from, to]) => {
    const range = between(text, from, to);
    const wanted = string(part!, "the argument of find");
    const at = range === undefined ? -1 : fromEnd ? range.part.lastIndexOf(wanted) : range.part.indexOf(wanted);
    if (at < 0 && mustBe) throw new Error("substring not found");
    return at < 0 ? -1n : BigInt(range!.start + codePoints(range!.part.slice(0, at)));
  };
}

function affixed(atEnd: boolean): Act {
  return (text, [affix, from, to]) => {
    const range = between(text, from, to);
    const all = affix instanceof Tuple ? affix.items : [affix!];
    const name = `${atEnd ? "ends" : "starts"}with first arg`;
    return all.some((one) => {
      const wanted = string(one, name);
      return range !== undefined && (atEnd ? range.part.endsWith(wanted) : range.part.startsWith(wanted));
    });
  };
}

function counted(text: string, [part, from, to]: readonly (Value | undefined)[]): Value {
  const range = between(text, from, to);
  const wanted = string(part!, "the argument of count");
  if (range === undefined) return 0n;
  return BigInt(wanted === "" ? codePoints(range.part) + 1 : range.part.split(wanted).length - 1);
}

const justified = (align: string): Act => {
  return (text, [width, fill = " "], { meter }) => {
    const space = string(fill, "the fill character");
    if (codePoints(space) !== 1) throw new Error("the fill character must be exactly one character long");
    const fieldWidth = integer(width!, "a width");
    // Python puts the odd blank before the text when the width is odd, and behind it when it is even
    const isOdd = align === "^" && (fieldWidth - codePoints(text)) % 2 === 1 && fieldWidth % 2 === 1;
    if (!isOdd || fieldWidth <= codePoints(text)) return padded(text, fieldWidth, align, space, meter);
    return padded(space + text, fieldWidth, align, space, meter);
  };
};

function parted(fromEnd: boolean): Act {
  return (text, [separator]) => {
    const by = string(separator!, "a separator");
    if (by === "") throw new Error("empty separator");
    const at = fromEnd ? text.lastIndexOf(by) : text.indexOf(by);
    if (at < 0) return new Tuple(fromEnd ? ["", "", text] : [text, "", ""]);
    return new Tuple([text.slice(0, at), by, text.slice(at + by.length)]);
  };
}

const RANGE_PARAMETERS = ["sub", "start", "end"];

/** The methods of a text that are computed as Python does. */
export const STRING_METHODS: ReadonlyMap<string, Method> = new Map<string, Method>([
  ["upper", plain("upper", (text) => text.toUpperCase())],
  ["lower", plain("lower", (text) => text.toLowerCase())],
  ["title", plain("title", title)],
  ["capitalize", plain("capitalize", capitalize)],
  ["swapcase", plain("swapcase", swapCase)],
  ...Object.entries(IS).map(([name, act]) => [name, plain(name, act)] as const),
  ["strip", method("strip", ["chars"], 0, stripped("both"))],
  ["lstrip", method("lstrip", ["chars"], 0, stripped("left"))],
  ["rstrip", method("rstrip", ["chars"], 0, stripped("right"))],
  ["split", method("split", ["sep", "maxsplit"], 0, split(false))],
  ["rsplit", method("rsplit", ["sep", "maxsplit"], 0, split(true))],
  ["splitlines", method("splitlines", ["keepends"], 0, (text, [keep = false]) => lines(text, isTrue(keep)))],
  ["partition", method("partition", ["sep"], 1, parted(false))],
  ["rpartition", method("rpartition", ["sep"], 1, parted(true))],
  ["startswith", method("startswith", RANGE_PARAMETERS, 1, affixed(false))],
  ["endswith", method("endswith", RANGE_PARAMETERS, 1, affixed(true))],
  ["find", method("find", RANGE_PARAMETERS, 1, found(false, false))],
  ["rfind", method("rfind", RANGE_PARAMETERS, 1, found(true, false))],
  ["index", method("index", RANGE_PARAMETERS, 1, found(false, true))],
  ["rindex", method("rindex", RANGE_PARAMETERS, 1, found(true, true))],
  ["count", method("count", RANGE_PARAMETERS, 1, counted)],
  ["ljust", method("ljust", ["width", "fillchar"], 1, justified("<"))],
  ["rjust", method("rjust", ["width", "fillchar"], 1, justified(">"))],
  ["center", method("center", ["width", "fillchar"], 1, justified("^"))],
  [
    "zfill",
    method("zfill", ["width"], 1, (text, [width], { meter }) => {
      const sign = /^[-+]?/.exec(text)![0];
      return sign + padded(text.slice(sign.length), integer(width!, "a width") - sign.length, ">", "0", meter);
    }),
  ],
  [
    "replace",
    method("replace", ["old", "new", "count"], 2, (text, [part, by, count], { meter }) => {
      const most = count === undefined ? -1 : integer(count, "the count of replace");
      return replaced(text, string(part!, "replace() argument 1"), string(by!, "replace() argument 2"), most, meter);
    }),
  ],
  [
    "removeprefix",
    method("removeprefix", ["prefix"], 1, (text, [prefix]) => {
      const head = string(prefix!, "the prefix");
      return text.startsWith(head) ? text.slice(head.length) : text;
    }),
  ],
  [
    "removesuffix",
    method("removesuffix", ["suffix"], 1, (text, [suffix]) => {
      const tail = string(suffix!, "the suffix");
      return tail !== "" && text.endsWith(tail) ? text.slice(0, -tail.length) : text;
    }),
  ],
  [
    "join",
    method("join", ["iterable"], 1, (text, [items], { meter }) => {
      return meter.join(
        meter.list(itemsOf(items!)).map((item, i) => string(item, `sequence item ${i}`)),
        text,
      );
    }),
  ],
  ["format", (text, args, { lookup, meter }) => braceFormat(text, args, lookup, meter)],
]);
