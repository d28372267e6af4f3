/** A JSON value as a safetensors header may hold it; an object is a map in the order of the file. */
export type HeaderJson = null | string | number | readonly HeaderJson[] | ReadonlyMap<string, HeaderJson>;

/** Header → tensor → shape is three deep; the bound keeps a hostile file from exhausting the stack. */
const MAX_DEPTH = 8;

/**
 * Reads the JSON of a safetensors header, more strictly than `JSON.parse`: no key twice in an object, no number but
 * an integer from 0 to 2⁵³ − 1 written as one (not `4.0`, `1e400`, `-0`), no `true` or `false`,
 * no half of a surrogate pair.
 *
 * @throws {SyntaxError} saying what was found and at which character.
 */
export function parseHeaderJson(text: string): HeaderJson {
  let at = 0;

  const fail = (what: string, where = at): never => {
    throw new SyntaxError(`${what} at character ${where}`);
  };
  const skip = (): string => {
    while (" \t\n\r".includes(text.charAt(at)) && at < text.length) at++;
    return text.charAt(at);
  };
  const expect = (wanted: string): void => {
    const found = skip();
    if (found !== wanted) fail(`expected ${wanted} but found ${found || "the end"}`);
    at++;
  };

  function value(depth: number): HeaderJson {
    if (depth > MAX_DEPTH) fail("nested too deeply");
    const first = skip();
    if (first === "{") return object(depth);
    if (first === "[") return array(depth);
    if (text.startsWith("null", at)) {
      at += 4;
      return null;
    }
    return first === '"' ? string() : integer();
  }

  function object(depth: number): ReadonlyMap<string, HeaderJson> {
    const map = new Map<string, HeaderJson>();
    list("}", () => {
      if (skip() !== '"') fail("expected a key");
      const start = at;
      const key = string();
      if (map.has(key)) fail(`key ${JSON.stringify(key)} occurs twice, again`, start);
      expect(":");
      map.set(key, value(depth + 1));
    });
    return map;
  }

  function array(depth: number): readonly HeaderJson[] {
    const items: HeaderJson[] = [];
    list("]", () => items.push(value(depth + 1)));
    return items;
  }

  function list(close: string, item: () => void): void {
    at++;
    if (skip() === close) {
      at++;
      return;
    }
    item();
    while (skip() === ",") {
      at++;
      item();
    }
    expect(close);
  }

  function string(): string {
    const start = at++;
    while (text[at] !== '"') {
      if (at >= text.length) fail("a string without end begins", start);
      at += text[at] === "\\" ? 2 : 1;
    }
    let read = "";
    try {
      read = JSON.parse(text.slice(start, ++at)); // escapes and control characters: JSON.parse is strict about those
    } catch {
      fail("malformed string", start);
    }
    return /\p{Cs}/u.test(read) ? fail("half of a surrogate pair in the string", start) : read;
  }

  function integer(): number {
    const [word = ""] = /^[^\s,:{}[\]"]{0,40}/.exec(text.slice(at, at + 40)) ?? [];
    const read = Number(word);
    if (!/^(0|[1-9]\d*)$/.test(word) || !Number.isSafeInteger(read)) {
      fail(`expected a non-negative integer below 2^53 but found ${word || text[at] || "the end"}`);
    }
    at += word.length;
    return read;
  }

  const read = value(0);
  if (skip()) fail("something follows the header's object");
  return read;
}
