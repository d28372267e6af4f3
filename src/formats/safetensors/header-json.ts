import { brief } from "../json/json.ts";

/** A JSON value as a safetensors header may hold it; an object is a map in the order of the file. */
export type HeaderJson = null | string | number | readonly HeaderJson[] | ReadonlyMap<string, HeaderJson>;

/** Header → tensor → shape is three deep; the bound keeps a hostile file from exhausting the stack. */
const MAX_DEPTH = 8;
/** Most values in a header: 100,000 tensors of three dims have 900,000. */
const MAX_VALUES = 1_000_000;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/**
 * Reads the JSON of a safetensors header, more strictly than `JSON.parse`: no key twice in an object, no number but
 * an integer from 0 to 2⁵³ − 1 written as one (not `4.0`, `1e400`, `-0`), no `true` or `false`,
 * no half of a surrogate pair, no more than {@link MAX_VALUES} values.
 *
 * @throws {SyntaxError} saying what was found and at which character.
 */
export function parseHeaderJson(text: string): HeaderJson {
  let at = 0;
  let values = 0;

  const fail = (what: string, where = at): never => {
    throw new SyntaxError(`${what} at character ${where}`);
  };
  const skip = (): string => {
    for (let code = text.charCodeAt(at); code === 32 || code === 9 || code === 10 || code === 13; ) {
      code = text.charCodeAt(++at);
    }
    return text.charAt(at);
  };
  const expect = (wanted: string): void => {
    const found = skip();
    if (found !== wanted) fail(`expected ${wanted} but found ${found || "the end"}`);
    at++;
  };

  function value(depth: number): HeaderJson {
    if (depth > MAX_DEPTH) fail("nested too deeply");
    if (++values > MAX_VALUES) fail(`more than ${MAX_VALUES} values`);
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
      if (map.has(key)) fail(`key ${brief(key)} occurs twice, the second time`, start);
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
    let isPlain = true;
    for (let code = text.charCodeAt(at); code !== QUOTE; code = text.charCodeAt(at)) {
      if (at >= text.length) fail("an unterminated string begins", start);
      isPlain &&= code !== BACKSLASH && code >= 0x20 && code < 0xd800;
      at += code === BACKSLASH ? 2 : 1;
    }
    at++;
    return isPlain ? text.slice(start + 1, at - 1) : unusualString(start);
  }

  /** With escapes, control characters or surrogates: JSON.parse is strict about the first two. */
  function unusualString(start: number): string {
    let read = "";
    try {
      read = JSON.parse(text.slice(start, at));
    } catch {
      fail("malformed string", start);
    }
    return /\p{Cs}/u.test(read) ? fail("an unpaired surrogate in the string", start) : read;
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
