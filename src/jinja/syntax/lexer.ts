import { isBlank, SPACE, trimEnd } from "../values/whitespace.ts";
import { unescaped } from "./string-literal.ts";

/** A part of a template's source. Operators, brackets and the borders of tags have themselves as their kind. */
export interface Token {
  readonly kind: string;
  readonly value: string;
  readonly line: number;
  /** Its place in the normalized source. */
  readonly start: number;
}

const OPEN = /\{([%{#])([-+]?)/g;
const RAW = new RegExp(`\\{%[-+]?${SPACE}*raw${SPACE}*(?:-%\\}${SPACE}*|%\\})`, "y");
const RAW_END = new RegExp(`\\{%([-+]?)${SPACE}*endraw${SPACE}*(?:\\+%\\}|-%\\}${SPACE}*|%\\}\\n?)`, "g");
const COMMENT_END = new RegExp(`\\+#\\}|-#\\}${SPACE}*|#\\}\\n?`, "g");
const TAG_END = {
  "%": new RegExp(`\\+%\\}|-%\\}${SPACE}*|%\\}\\n?`, "y"),
  "{": new RegExp(`-\\}\\}${SPACE}*|\\}\\}`, "y"),
};

const DIGITS = "(?:\\d+_)*\\d+";
const PARTS: readonly (readonly [kind: string, pattern: RegExp])[] = [
  ["space", new RegExp(`${SPACE}+`, "y")],
  ["float", new RegExp(`(?<!\\.)${DIGITS}(?:(?:\\.${DIGITS})?e[+-]?${DIGITS}|\\.${DIGITS})`, "iy")],
  ["integer", /0b(?:_?[01])+|0o(?:_?[0-7])+|0x(?:_?[\da-f])+|[1-9](?:_?\d)*|0(?:_?0)*/iy],
  ["name", /[\p{L}\p{M}\p{N}_]+/uy],
  ["string", /'[^'\\]*(?:\\.[^'\\]*)*'|"[^"\\]*(?:\\.[^"\\]*)*"/sy],
  ["operator", /\/\/|\*\*|[=!<>]=|[-+/*%~[\](){}<>=.:|,;]/y],
];

const CLOSING: Readonly<Record<string, string>> = { "(": ")", "[": "]", "{": "}" };

/** A template's source as jinja2 reads it: line ends as `\n`, the last one dropped. */
export const normalized = (source: string): string => source.replace(/\r\n?/g, "\n").replace(/\n$/, "");

/**
 * The tokens of a normalized template, as jinja2 cuts it with `trim_blocks` and `lstrip_blocks`: a line end after a
 * tag is dropped, and so is the indentation before one, unless the tag says otherwise.
 */
export function tokenize(source: string): Token[] {
  const tokens: Token[] = [];
  let line = 1;
  let counted = 0;
  let end = 0;

  function add(kind: string, value: string, start: number): void {
    for (; counted < start; counted++) if (source[counted] === "\n") line++;
    tokens.push({ kind, value, line, start });
  }

  /** The next match from `end` on, which moves behind it. */
  function match(pattern: RegExp, missing?: string): RegExpExecArray | undefined {
    pattern.lastIndex = end;
    const found = pattern.exec(source) ?? undefined;
    if (found !== undefined) end = pattern.lastIndex;
    else if (missing !== undefined) throw new Error(`Missing end of ${missing}`);
    return found;
  }

  function data(start: number, border: number, sign: string, canStrip = true): void {
    const whole = source.slice(start, border);
    const atLineStart = start === 0 || source[start - 1] === "\n";
    const value = sign === "-" ? trimEnd(whole) : sign === "" && canStrip ? withoutIndent(whole, atLineStart) : whole;
    if (value !== "") add("data", value, start);
  }

  function tag(kind: "%" | "{"): void {
    const open: string[] = [];
    while (end < source.length) {
      const start = end;
      if (open.length === 0 && match(TAG_END[kind])) {
        add(kind === "%" ? "%}" : "}}", "", start);
        return;
      }
      const [part, value] = next();
      if (part === "space") continue;
      if (CLOSING[value] !== undefined && part === "operator") open.push(CLOSING[value]);
      else if (part === "operator" && ")]}".includes(value) && open.pop() !== value) throw unexpected(value, start);
      if (part === "string") add(part, unescaped(value.slice(1, -1)), start);
      else add(part === "operator" ? value : part, value, start);
    }
  }

  function next(): readonly [string, string] {
    for (const [kind, pattern] of PARTS) {
      const found = match(pattern);
      if (found !== undefined) return [kind, found[0]];
    }
    throw unexpected(source[end]!, end);
  }

  function unexpected(value: string, start: number): Error {
    return new Error(`unexpected '${value}' in line ${source.slice(0, start).split("\n").length}`);
  }

  while (end < source.length) {
    const start = end;
    const open = match(OPEN);
    if (open === undefined) {
      add("data", source.slice(start), start);
      break;
    }
    const [, kind, sign] = open as unknown as [string, "%" | "{" | "#", string];
    data(start, open.index, sign, kind !== "{");
    if (kind === "#") {
      match(COMMENT_END, "comment tag");
      continue;
    }
    const inside = end;
    end = open.index;
    if (kind === "%" && match(RAW)) {
      const raw = end;
      const close = match(RAW_END, "raw directive")!;
      data(raw, close.index, close[1]!);
      continue;
    }
    end = inside;
    add(kind === "%" ? "{%" : "{{", "", open.index);
    tag(kind);
  }
  add("end", "", source.length);
  return tokens;
}

/** Text before a tag without the white space that begins the tag's line. */
function withoutIndent(text: string, atLineStart: boolean): string {
  const line = text.lastIndexOf("\n") + 1;
  return (line > 0 || atLineStart) && isBlank(text.slice(line)) ? text.slice(0, line) : text;
}
