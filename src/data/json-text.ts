import { SourceNumber } from "./source-number.ts";

/** Deepest nesting of a row. Schemas of tools reach about 15; what is walked recursively later must not exhaust the stack. */
const MAX_DEPTH = 100;

/** A key that stands for a number whose digits are kept; no real key begins with NUL. */
const MARK = "\0number";

const [QUOTE, BACKSLASH, MINUS, ZERO, NINE] = [34, 92, 45, 48, 57];

/**
 * Parses JSON as `JSON.parse` does, but keeps the digits of numbers that would be written differently, as `SourceNumber`.
 * (A reviver that is given the source exists from Node 21 on.) Of a key that an object has twice the last one counts.
 * @throws {SyntaxError} when it is malformed; {RangeError} when it is nested too deep.
 */
export function parseJson(text: string): unknown {
  const value: unknown = JSON.parse(text);
  if (!survey(value, 0)) return value;
  const marked = markNumbers(text);
  if (marked === undefined) return value;
  return JSON.parse(marked, (_, inner) => {
    const source = typeof inner === "object" && inner !== null ? (inner as Record<string, unknown>)[MARK] : undefined;
    return typeof source === "string" ? new SourceNumber(source) : inner;
  });
}

/** True when there is a number anywhere in a value. @throws {RangeError} when it is nested too deep. */
function survey(value: unknown, depth: number): boolean {
  if (typeof value === "number") return true;
  if (typeof value !== "object" || value === null) return false;
  if (depth >= MAX_DEPTH) throw new RangeError(`it is nested more than ${MAX_DEPTH} levels deep`);
  let found = false;
  for (const inner of Array.isArray(value) ? value : Object.values(value)) found = survey(inner, depth + 1) || found;
  return found;
}

/** The text with each number that JavaScript writes differently as an object; `undefined` when there is none. */
function markNumbers(text: string): string | undefined {
  const parts: string[] = [];
  let done = 0;
  for (let at = 0; at < text.length; ) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) at = endOfString(text, at);
    else if (code !== MINUS && !isDigit(code)) at++;
    else {
      let end = at + 1;
      while (isNumberPart(text.charCodeAt(end))) end++;
      const source = text.slice(at, end);
      if (String(Number(source)) !== source) {
        parts.push(text.slice(done, at), JSON.stringify({ [MARK]: source }));
        done = end;
      }
      at = end;
    }
  }
  return done === 0 ? undefined : parts.join("") + text.slice(done);
}

/** Index after the string that begins at `start`. */
function endOfString(text: string, start: number): number {
  for (let at = text.indexOf('"', start + 1); ; at = text.indexOf('"', at + 1)) {
    let escapes = 0;
    while (text.charCodeAt(at - 1 - escapes) === BACKSLASH) escapes++;
    if (escapes % 2 === 0) return at + 1;
  }
}

const isDigit = (code: number): boolean => code >= ZERO && code <= NINE;

/** Digits, `.`, `e`, `E`, `+` and `-`. */
const isNumberPart = (code: number): boolean =>
  isDigit(code) || code === MINUS || code === 43 || code === 46 || code === 69 || code === 101;
