import { stripVTControlCharacters } from "node:util";

/** A column of a table; figures stand to the right. */
export interface Column {
  readonly title: string;
  readonly right?: boolean;
}

type Rows = readonly (readonly string[])[];

/** Fewest characters that a column of texts is shortened to. */
const NARROWEST = 8;

/** Spaces between columns. */
const GAP = "  ";

/**
 * Cells in aligned columns, two spaces apart, under their titles; without titles when none has text. Cells may be styled.
 * A table that is wider than the terminal has its widest texts shortened, figures never; if it is still too wide, each row is a block
 * of lines under each other.
 * @param width Width of the terminal; absent: all cells stay whole.
 */
export function textTable(columns: readonly Column[], rows: Rows, width = Number.POSITIVE_INFINITY): string {
  const titles = columns.map(({ title }) => title);
  const hasTitles = titles.some((title) => title !== "");
  const lines = hasTitles ? [titles, ...rows] : rows;
  const widths = fittingWidths(columns, columns.map((_, i) => Math.max(...lines.map((cells) => widthOf(cells[i] ?? "")))), width); // biome-ignore format: one line
  if (!widths) return hasTitles ? blocks(titles, rows) : textTable(columns, rows);
  return lines
    .map((cells) =>
      columns
        .map((column, i) => pad(shortened(cells[i] ?? "", widths[i]!), widths[i]!, column.right))
        .join(GAP)
        .trimEnd(),
    )
    .join("\n");
}

/** Facts as aligned `name  value` lines, indented by two. */
export function factTable(facts: Readonly<Record<string, string>>): string {
  return textTable([{ title: "" }, { title: "" }], Object.entries(facts)).replace(/^/gm, "  ");
}

/** Widths of columns whose table fits a terminal, the widest texts made narrower first; `undefined` when none do. */
function fittingWidths(columns: readonly Column[], whole: readonly number[], width: number): number[] | undefined {
  const widths = [...whole];
  let excess = widths.reduce((sum, w) => sum + w, 0) + GAP.length * (columns.length - 1) - width;
  for (; excess > 0; excess--) {
    const widest = columns.reduce((best, { right }, i) => (!right && widths[i]! > (widths[best] ?? NARROWEST) ? i : best), -1); // biome-ignore format: one line
    if (widest === -1) return undefined;
    widths[widest]!--;
  }
  return widths;
}

/** Each row as lines of a title and a value; empty values are left out. */
function blocks(titles: readonly string[], rows: Rows): string {
  const names = Math.max(...titles.map(widthOf));
  const lineOf = (cell: string, i: number): string[] =>
    cell === "" ? [] : [`${pad(titles[i] ?? "", names)}${GAP}${cell}`];
  return rows.map((cells) => cells.flatMap(lineOf).join("\n")).join("\n\n");
}

/** A cell of at most so many characters, its styles kept. */
function shortened(cell: string, most: number): string {
  if (widthOf(cell) <= most) return cell;
  let left = most - 1;
  const parts = cell.split(STYLE).map((part, i) => {
    if (i % 2 === 1) return part; // a style
    const shown = [...part].slice(0, left).join("");
    const isCut = left >= 0 && widthOf(part) > left;
    left = isCut ? -1 : left - widthOf(part);
    return isCut ? `${shown}…` : shown;
  });
  return parts.join("");
}

/** An escape sequence that styles text. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: it begins with ESC
const STYLE = /(\u001b\[[\d;]*m)/;

const widthOf = (cell: string): number => [...stripVTControlCharacters(cell)].length;

function pad(cell: string, to: number, right = false): string {
  const space = " ".repeat(Math.max(0, to - widthOf(cell)));
  return right ? space + cell : cell + space;
}
