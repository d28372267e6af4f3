import { isLess } from "../semantics/comparison.ts";
import type { Runtime } from "../semantics/runtime.ts";
import { text } from "../values/text.ts";
import {
  type Args,
  characters,
  Dict,
  hashOf,
  isTrue,
  itemsOf,
  Lazy,
  lengthOf,
  orElse,
  string,
  Tuple,
  typeName,
  Undefined,
  type Value,
  View,
} from "../values/values.ts";
import { caseless, count, type Filter, filter, getter, sorted } from "./filter.ts";

const length = filter("length", [], (value) => {
  const size = lengthOf(value);
  if (size === undefined) throw new Error(`object of type '${typeName(value)}' has no len()`);
  return BigInt(size);
});

function first(value: Value): Value {
  for (const item of itemsOf(value)) return item;
  return new Undefined("No first item, sequence was empty.");
}

function last(value: Value): Value {
  if (value instanceof Lazy) throw new Error("'generator' object is not reversible");
  return orElse([...itemsOf(value)].at(-1), new Undefined("No last item, sequence was empty."));
}

function reverse(value: Value): Value {
  if (typeof value === "string") return [...characters(value)].reverse().join("");
  return new Lazy([...itemsOf(value)].reverse());
}

const join = filter("join", ["d", "attribute"], (value, [separator = "", attribute], runtime) => {
  const { meter } = runtime;
  const get = getter(attribute, runtime);
  const parts = meter.list(itemsOf(value)).map((item) => text(get(item), meter));
  return meter.join(parts, text(separator, meter));
});

const sort = filter("sort", ["reverse", "case_sensitive", "attribute"], (value, args, runtime) => {
  const [isReverse = false, isSensitive, attribute] = args;
  const names = typeof attribute === "string" ? attribute.split(",") : [attribute];
  const gets = names.map((name) => getter(name, runtime));
  const plain = caseless(isSensitive);
  const key = (item: Value): Value => gets.map((get) => plain(get(item)));
  return sorted(runtime.meter.list(itemsOf(value)), key, isTrue(isReverse));
});

const dictsort = filter("dictsort", ["case_sensitive", "by", "reverse"], (value, args, { meter }) => {
  const [isSensitive, by = "key", isReverse = false] = args;
  if (by !== "key" && by !== "value") throw new Error('You can only sort by either "key" or "value"');
  const plain = caseless(isSensitive);
  const key = (item: Value): Value => plain((item as Tuple).items[by === "key" ? 0 : 1]!);
  return sorted(meter.list(new View(dictOf(value), "items").items()), key, isTrue(isReverse));
});

function dictOf(value: Value): Dict {
  if (value instanceof Undefined) value.fail();
  if (value instanceof Dict) return value;
  throw new Error(`a dict is expected, not a value of the type ${typeName(value)}`);
}

const unique = filter("unique", ["case_sensitive", "attribute"], (value, [isSensitive, attribute], runtime) => {
  const [get, plain] = [getter(attribute, runtime), caseless(isSensitive)];
  const items = itemsOf(value);
  return new Lazy(
    (function* () {
      const seen = new Set<unknown>();
      for (const item of items) {
        const hash = hashOf(plain(get(item)));
        if (!seen.has(hash)) yield item;
        seen.add(hash);
      }
    })(),
  );
});

const extreme = (name: "min" | "max"): Filter =>
  filter(name, ["case_sensitive", "attribute"], (value, [isSensitive, attribute], runtime) => {
    const [get, plain] = [getter(attribute, runtime), caseless(isSensitive)];
    let best: { item: Value; key: Value } | undefined;
    for (const item of itemsOf(value)) {
      const key = plain(get(item));
      if (best === undefined || (name === "min" ? isLess(key, best.key) : isLess(best.key, key))) best = { item, key };
    }
    return orElse(best?.item, new Undefined("No aggregated item, sequence was empty."));
  });

const groupby = filter(
  "groupby",
  ["attribute", "default", "case_sensitive"],
  (value, [attribute, standard, isSensitive], runtime) => {
    const [get, plain] = [getter(attribute, runtime, standard), caseless(isSensitive)];
    const groups: { name: Value; key: Value; items: Value[] }[] = [];
    for (const item of sorted(runtime.meter.list(itemsOf(value)), (one) => plain(get(one)), false)) {
      const key = plain(get(item));
      const group = groups.at(-1);
      if (group !== undefined && !isLess(group.key, key)) group.items.push(item);
      else groups.push({ name: get(item), key, items: [item] });
    }
    return groups.map(({ name, items }) => new Tuple([name, items], ["grouper", "list"]));
  },
  1,
);

const batch = filter(
  "batch",
  ["linecount", "fill_with"],
  (value, [size, fill], { meter }) => {
    const [items, width] = [meter.list(itemsOf(value)), count(size, "linecount", 0)];
    if (width < 1) throw new Error("batches of less than one item are not supported");
    const rows: Value[] = [];
    for (let i = 0; i < items.length; i += width) rows.push(filled(items.slice(i, i + width), width, fill));
    if (fill != null) meter.items(Math.max(width, items.length));
    return new Lazy(rows);
  },
  1,
);

function filled(row: readonly Value[], width: number, fill: Value | undefined): Value {
  if (fill == null || row.length >= width) return row;
  if (width > 2 ** 20) throw new Error(`a list of more than ${2 ** 20} items`);
  return [...row, ...new Array<Value>(width - row.length).fill(fill)];
}

const slices = filter(
  "slice",
  ["slices", "fill_with"],
  (value, [number, fill], { meter }) => {
    const [items, wanted] = [meter.list(itemsOf(value)), count(number, "slices", 0)];
    if (wanted < 1) throw new Error("less than one slice is not supported");
    meter.items(wanted);
    const [size, longer] = [Math.floor(items.length / wanted), items.length % wanted];
    const rows = Array.from({ length: wanted }, (_, i): Value => {
      const start = i * size + Math.min(i, longer);
      const row = items.slice(start, start + size + (i < longer ? 1 : 0));
      return fill != null && i >= longer ? [...row, fill] : row;
    });
    return new Lazy(rows);
  },
  1,
);

/** Items that `map` and its like go over: anything that is false has no items for them. */
const itemsIfTrue = (value: Value): Iterable<Value> => (isTrue(value) ? itemsOf(value) : []);

function map(value: Value, args: Args, runtime: Runtime): Value {
  const items = itemsIfTrue(value);
  let act: (item: Value) => Value;
  if (args.list.length === 0 && args.named.has("attribute")) {
    for (const name of args.named.keys()) {
      if (name !== "attribute" && name !== "default") throw new Error(`Unexpected keyword argument '${name}'`);
    }
    act = getter(args.named.get("attribute"), runtime, args.named.get("default"));
  } else {
    const [name, ...list] = args.list;
    if (name === undefined) throw new Error("map requires a filter argument");
    act = (item) => runtime.filter(string(name, "the name of a filter"), item, { list, named: args.named });
  }
  return new Lazy(
    (function* () {
      for (const item of items) yield act(item);
    })(),
  );
}

const picking =
  (wanted: boolean, ofAttribute: boolean): Filter =>
  (value, args, runtime) => {
    const items = itemsIfTrue(value);
    const rest = ofAttribute ? args.list.slice(1) : args.list;
    const attribute = ofAttribute ? args.list[0] : undefined;
    if (ofAttribute && attribute === undefined) throw new Error("Missing parameter for attribute name");
    const get = getter(attribute, runtime);
    const [name, ...list] = rest;
    const passes = (item: Value): boolean =>
      name === undefined
        ? isTrue(item)
        : runtime.test(string(name, "the name of a test"), item, { list, named: args.named });
    return new Lazy(
      (function* () {
        for (const item of items) if (passes(get(item)) === wanted) yield item;
      })(),
    );
  };

/** Filters of lists and dicts. */
export const LIST_FILTERS: Readonly<Record<string, Filter>> = {
  length,
  count: length,
  first: filter("first", [], first),
  last: filter("last", [], last),
  reverse: filter("reverse", [], reverse),
  list: filter("list", [], (value, _, { meter }) => meter.list(itemsOf(value))),
  items: filter("items", [], (value) => {
    return new Lazy(value instanceof Undefined ? [] : new View(dictOf(value), "items").items());
  }),
  join,
  sort,
  dictsort,
  unique,
  min: extreme("min"),
  max: extreme("max"),
  groupby,
  batch,
  slice: slices,
  map,
  select: picking(true, false),
  reject: picking(false, false),
  selectattr: picking(true, true),
  rejectattr: picking(false, true),
};
