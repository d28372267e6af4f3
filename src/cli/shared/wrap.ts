import { stripVTControlCharacters } from "node:util";

/** Narrowest terminal that lines are broken for. */
const NARROWEST = 20;

/**
 * Text whose lines end between words where they would be longer than a terminal is wide. Further lines of one are indented by two
 * more. What has no place to break, as a path, stays whole.
 * @param columns Width of the terminal; absent: lines stay as they are.
 */
export function wrapped(text: string, columns: number | undefined): string {
  if (columns === undefined || columns < NARROWEST) return text;
  return text.split("\n").flatMap((line) => (width(line) <= columns ? line : broken(line, columns))).join("\n"); // biome-ignore format: a chain
}

function broken(line: string, columns: number): string[] {
  const [indent = ""] = /^ */.exec(line) ?? [];
  const lines: string[] = [];
  let current = indent;
  for (const word of line.slice(indent.length).split(/(?<=\S)(?= )/)) {
    if (current.trim() !== "" && width(current) + width(word) > columns) {
      lines.push(current);
      current = `${indent}  ${word.trimStart()}`;
    } else current += word;
  }
  return [...lines, current];
}

const width = (text: string): number => [...stripVTControlCharacters(text)].length;
