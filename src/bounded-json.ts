/** Bounds of the JSON that is parsed. */
export interface JsonBounds {
  /** Most bytes of text. */
  readonly bytes: number;
  /** Most levels of objects and arrays. */
  readonly depth: number;
  /** Most values: items of arrays and members of objects. */
  readonly values: number;
}

/**
 * Bounds for settings, indexes and logs: an index of 250,000 tensors takes 25 MB, a log of 100,000 steps has a million values.
 * No configuration that is in use nests deeper than 10.
 */
export const JSON_BOUNDS: JsonBounds = { bytes: 64_000_000, depth: 100, values: 2_000_000 };
/** Bounds for a vocabulary: Gemma 3's tokenizer.json takes 33 MB and has 1.8 million values. */
export const VOCABULARY_BOUNDS: JsonBounds = { ...JSON_BOUNDS, values: 6_000_000 };

const [QUOTE, BACKSLASH, COMMA] = [0x22, 0x5c, 0x2c];
const [OPEN_BRACKET, CLOSE_BRACKET, OPEN_BRACE, CLOSE_BRACE] = [0x5b, 0x5d, 0x7b, 0x7d];

/**
 * Parses UTF-8 JSON, with or without a byte order mark, after its depth and its number of values have been counted over the
 * bytes: neither the stack nor memory is spent on text that exceeds the bounds.
 *
 * @throws {RangeError} saying which bound is exceeded.
 * @throws {SyntaxError} saying what is wrong with the text.
 */
export function parseBoundedJson(bytes: Uint8Array, bounds = JSON_BOUNDS): unknown {
  if (bytes.length > bounds.bytes) throw new RangeError(`${bytes.length} bytes; the limit is ${bounds.bytes}`);
  checkNesting(bytes, bounds);
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new SyntaxError("it is not UTF-8 text", { cause });
  }
  return JSON.parse(text);
}

/** Counts levels and values. A comma or an opening bracket stands for a value at most, so that none is missed. */
function checkNesting(bytes: Uint8Array, bounds: JsonBounds): void {
  let [depth, values] = [0, 0];
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at];
    if (byte === QUOTE) {
      for (at++; at < bytes.length && bytes[at] !== QUOTE; at++) if (bytes[at] === BACKSLASH) at++;
    } else if (byte === COMMA) values++;
    else if (byte === OPEN_BRACKET || byte === OPEN_BRACE) {
      values++;
      if (++depth > bounds.depth) throw new RangeError(`nested more than ${bounds.depth} levels deep at byte ${at}`);
    } else if (byte === CLOSE_BRACKET || byte === CLOSE_BRACE) depth--;
    if (values > bounds.values) throw new RangeError(`more than ${bounds.values} values`);
  }
}
