import { STRING_METHODS } from "../semantics/string-methods.ts";
import { capitalize } from "../values/letter-case.ts";
import { percentFormat } from "../values/percent-format.ts";
import { indented, replaced, truncated } from "../values/string-parts.ts";
import { text } from "../values/text.ts";
import { Dict, isTrue, Markup, string, Tuple, typeName, type Value } from "../values/values.ts";
import { SPACE } from "../values/whitespace.ts";
import { count, type Filter, filter, ofText } from "./filter.ts";

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&#34;",
  "'": "&#39;",
};

const escaped = (plain: string): string => plain.replace(/[&<>"']/g, (character) => ENTITIES[character]!);

const escaping = filter("escape", [], (value, _, { meter }) => {
  return value instanceof Markup ? value : new Markup(escaped(text(value, meter)));
});

/** jinja2's own `title`: words begin after white space, hyphens and opening brackets. */
const titled = (plain: string): string =>
  plain
    .split(new RegExp(`((?:[-({\\[<]|${SPACE})+)`))
    .map((part) => {
      const [first = ""] = part;
      return first.toUpperCase() + part.slice(first.length).toLowerCase();
    })
    .join("");

const method = (name: string, parameter: string, standard?: Value): Filter =>
  filter(name, [parameter], (value, [argument = standard], runtime) => {
    const list = argument === undefined ? [] : [argument];
    return STRING_METHODS.get(name === "trim" ? "strip" : name)!(
      text(value, runtime.meter),
      { list, named: new Map() },
      runtime,
    );
  });

/** Filters that make text of what they get. */
export const TEXT_FILTERS: Readonly<Record<string, Filter>> = {
  upper: ofText("upper", (plain) => plain.toUpperCase()),
  lower: ofText("lower", (plain) => plain.toLowerCase()),
  title: ofText("title", titled),
  capitalize: ofText("capitalize", capitalize),
  trim: method("trim", "chars"),
  center: method("center", "width", 80n),
  string: filter("string", [], (value, _, { meter }) => (value instanceof Markup ? value : text(value, meter))),
  safe: filter("safe", [], (value, _, { meter }) => new Markup(text(value, meter))),
  escape: escaping,
  e: escaping,
  forceescape: ofText("forceescape", (plain) => new Markup(escaped(plain))),
  wordcount: ofText("wordcount", (plain) => BigInt(plain.match(/[\p{L}\p{N}_]+/gu)?.length ?? 0)),
  replace: filter(
    "replace",
    ["old", "new", "count"],
    (value, [old, by, most], { meter }) => {
      const limit = most == null ? -1 : count(most, "count", -1);
      return replaced(text(value, meter), text(old!, meter), text(by!, meter), limit, meter);
    },
    2,
  ),
  indent: filter(
    "indent",
    ["width", "first", "blank"],
    (value, [width = 4n, first = false, blank = false], { meter }) => {
      const indent = typeof width === "string" ? width : meter.repeat(" ", count(width, "width", 4));
      return indented(string(value, "the value to indent"), indent, isTrue(first), isTrue(blank), meter);
    },
  ),
  truncate: filter(
    "truncate",
    ["length", "killwords", "end", "leeway"],
    (value, [length, kills = false, end, leeway]) => {
      const mark = end === undefined ? "..." : string(end, "end");
      const slack = leeway == null ? 5 : count(leeway, "leeway", 5);
      return truncated(
        string(value, "the value to truncate"),
        count(length, "length", 255),
        isTrue(kills),
        mark,
        slack,
      );
    },
  ),
  format(value, { list, named }, { meter }) {
    if (list.length > 0 && named.size > 0) {
      throw new Error("can't handle positional and keyword arguments at the same time");
    }
    if (value instanceof Markup) throw new Error(`format of a ${typeName(value)} is not supported`);
    return percentFormat(text(value, meter), named.size > 0 ? new Dict(named) : new Tuple(list), meter);
  },
};
