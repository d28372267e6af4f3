import { isLess } from "../semantics/comparison.ts";
import { floatText } from "../values/floats.ts";
import type { Meter } from "../values/meter.ts";
import {
  Dict,
  integer,
  isTrue,
  itemsOf,
  lengthOf,
  Markup,
  string,
  Tuple,
  typeName,
  type Value,
} from "../values/values.ts";
import { filter } from "./filter.ts";

interface Layout {
  readonly isAscii: boolean;
  readonly indent: string | undefined;
  readonly separators: readonly [item: string, key: string];
  readonly sorts: boolean;
  readonly meter: Meter;
}

/** The filter `tojson`, as transformers has it: Python's `json.dumps`, which leaves HTML and other scripts alone. */
export const tojson = filter(
  "tojson",
  ["ensure_ascii", "indent", "separators", "sort_keys"],
  (value, args, { meter }) => {
    const [isAscii = false, indent = null, separators = null, sorts = false] = args;
    const unit = indent === null || typeof indent === "string" ? indent : meter.repeat(" ", integer(indent, "indent"));
    return json(value, "\n", {
      isAscii: isTrue(isAscii),
      indent: unit ?? undefined,
      separators: separators === null ? [unit === null ? ", " : ",", ": "] : pairOf(separators),
      sorts: isTrue(sorts),
      meter,
    });
  },
);

function pairOf(value: Value): readonly [string, string] {
  if (lengthOf(value) !== 2) throw new Error("separators must be two texts");
  const [item, key] = itemsOf(value);
  return [string(item!, "a separator"), string(key!, "a separator")];
}

function json(value: Value, line: string, layout: Layout): string {
  layout.meter.step();
  if (value === null || typeof value === "boolean") return String(value);
  if (typeof value === "bigint") return layout.meter.digits(value);
  if (typeof value === "number") return jsonFloat(value);
  if (typeof value === "string") return quoted(value, layout);
  if (value instanceof Markup) return quoted(value.text, layout);
  const inner = layout.indent === undefined ? line : line + layout.indent;
  if (Array.isArray(value) || value instanceof Tuple) {
    const items = value instanceof Tuple ? value.items : (value as readonly Value[]);
    return enclosed(
      "[",
      "]",
      items.map((item) => json(item, inner, layout)),
      line,
      layout,
    );
  }
  if (!(value instanceof Dict)) throw new Error(`Object of type ${typeName(value)} is not JSON serializable`);
  const entries = [...value.entries()];
  if (layout.sorts) entries.sort(([a], [b]) => (isLess(a, b) ? -1 : isLess(b, a) ? 1 : 0));
  const members = entries.map(([key, item]) => {
    return `${quoted(keyText(key), layout)}${layout.separators[1]}${json(item, inner, layout)}`;
  });
  return enclosed("{", "}", members, line, layout);
}

function enclosed(open: string, close: string, parts: string[], line: string, layout: Layout): string {
  const { indent, separators, meter } = layout;
  if (parts.length === 0) return open + close;
  if (indent === undefined) return open + meter.join(parts, separators[0]) + close;
  return open + line + indent + meter.join(parts, separators[0] + line + indent) + line + close;
}

function jsonFloat(value: number): string {
  if (Number.isNaN(value)) return "NaN";
  return Number.isFinite(value) ? floatText(value) : value < 0 ? "-Infinity" : "Infinity";
}

function keyText(key: Value): string {
  if (typeof key === "string") return key;
  if (key === null || typeof key === "boolean" || typeof key === "bigint") return String(key);
  if (typeof key === "number") return jsonFloat(key);
  throw new Error(`keys must be str, int, float, bool or None, not ${typeName(key)}`);
}

const SHORT: Readonly<Record<string, string>> = {
  '"': '\\"',
  "\\": "\\\\",
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
  "\f": "\\f",
  "\b": "\\b",
};

function quoted(text: string, { isAscii, meter }: Layout): string {
  meter.text(text.length);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: JSON escapes control characters
  const escapes = isAscii ? /["\\]|[^ -~]/g : /["\\\x00-\x1f]/g;
  const inner = text.replace(escapes, (c) => SHORT[c] ?? `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`);
  return `"${inner}"`;
}
