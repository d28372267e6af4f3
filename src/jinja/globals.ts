import { bound } from "./semantics/arguments.ts";
import { type Args, Callable, Dict, integer, itemsOf, Namespace, Range, string, type Value } from "./values/values.ts";

/** Loops in chat templates go over messages and tools. */
const MAX_RANGE = 10_000;

function range(args: Args): Value {
  if (args.named.size > 0) throw new Error("range() takes no keyword arguments");
  const [first, second, third] = bound("range", args, ["start", "stop", "step"], 1);
  const [from, to] = second === undefined ? [0n, first!] : [first!, second];
  const [start, stop] = [integer(from, "the start of a range"), integer(to, "the stop of a range")];
  const step = third === undefined ? 1 : integer(third, "the step of a range");
  if (step === 0) throw new Error("range() arg 3 must not be zero");
  const length = Math.max(0, Math.ceil((stop - start) / step));
  if (length > MAX_RANGE) throw new Error(`range() of more than ${MAX_RANGE} numbers`);
  return new Range(start, step, length);
}

/** The result of `dict` for a dict or pairs, and of arguments with names. */
function entriesOf(callee: string, { list, named }: Args): [Value, Value][] {
  if (list.length > 1) throw new Error(`${callee} expected at most 1 argument, got ${list.length}`);
  const [first] = list;
  const entries: [Value, Value][] = first instanceof Dict ? [...first.entries()].map(([k, v]) => [k, v]) : [];
  if (first !== undefined && !(first instanceof Dict)) {
    for (const pair of itemsOf(first)) {
      const [key, value, ...rest] = itemsOf(pair);
      if (key === undefined || value === undefined || rest.length > 0) throw new Error(`${callee} needs pairs`);
      entries.push([key, value]);
    }
  }
  return [...entries, ...named];
}

function namespace(args: Args): Value {
  const made = new Namespace();
  for (const [name, value] of entriesOf("namespace", args))
    assign(made, string(name, "the name of an attribute"), value);
  return made;
}

/** Sets an attribute of a namespace. */
export function assign(target: Namespace, name: string, value: Value): void {
  if (name.startsWith("_")) throw new Error(`a namespace cannot have an attribute '${name}'`);
  target.attributes.set(name, value);
}

const unsupported = (name: string): Callable =>
  new Callable(name, () => {
    throw new Error(`${name}() is not supported`);
  });

/** The functions that every template has. */
export const GLOBALS: readonly (readonly [string, Value])[] = [
  ["range", new Callable("range", range)],
  ["dict", new Callable("dict", (args) => new Dict(entriesOf("dict", args)))],
  ["namespace", new Callable("namespace", namespace)],
  ...["lipsum", "cycler", "joiner"].map((name) => [name, unsupported(name)] as const),
];
