/** A value of a JSON text: where it stands, and what is around it. */
export interface JsonSpan {
  readonly kind: "object" | "array" | "string" | "number" | "word";
  readonly start: number;
  readonly end: number;
  /** Keys and indexes that lead to it: `model.vocab[3]`. */
  readonly path: string;
  /** Set for a member of an object: its key without quotes, and where the key's text stands. */
  readonly key?: { readonly name: string; readonly start: number; readonly end: number };
  /** Direct members or elements of a container. */
  readonly children: readonly JsonSpan[];
}

const STRING = /"(?:[^"\\]|\\.)*"/y;
const SCALAR = /[^\s,\]}]+/y;
const SPACE = /\s*/y;

/** Every value of a valid JSON text, containers before what is in them. */
export function jsonSpans(text: string): JsonSpan[] {
  const all: JsonSpan[] = [];
  let at = 0;
  const match = (pattern: RegExp): string => {
    pattern.lastIndex = at;
    const found = pattern.exec(text)?.[0] ?? "";
    at += found.length;
    return found;
  };

  function value(path: string, key?: JsonSpan["key"]): JsonSpan {
    match(SPACE);
    const [start, first] = [at, text[at]];
    const children: JsonSpan[] = [];
    const kind = first === "{" ? "object" : first === "[" ? "array" : first === '"' ? "string" : SCALARS(first);
    const span = { kind, start, end: start, path, children, ...(key && { key }) } satisfies JsonSpan;
    all.push(span);
    if (kind === "object" || kind === "array") {
      at++;
      for (match(SPACE); text[at] !== "}" && text[at] !== "]"; match(SPACE)) {
        if (text[at] === ",") at++;
        match(SPACE);
        if (at >= text.length) throw new Error("the seed is not JSON");
        children.push(kind === "object" ? member(path) : value(`${path}[${children.length}]`));
      }
      at++;
    } else match(kind === "string" ? STRING : SCALAR);
    span.end = at;
    return span;
  }

  function member(path: string): JsonSpan {
    const start = at;
    const quoted = match(STRING);
    const key = { name: quoted.slice(1, -1), start, end: at };
    match(SPACE);
    at++; // the colon
    return value(path === "" ? key.name : `${path}.${key.name}`, key);
  }

  value("");
  return all;
}

const SCALARS = (first = ""): "number" | "word" => (/[-\d]/.test(first) ? "number" : "word");
