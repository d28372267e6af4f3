import { stripVTControlCharacters } from "node:util";

/** A column of a table; figures stand to the right. */
export interface Column {
  readonly title: string;
  readonly right?: boolean;
}

/** Cells in aligned columns, two spaces apart, under their titles; without titles when none has text. Cells may be styled. */
export function textTable(columns: readonly Column[], rows: readonly (readonly string[])[]): string {
  const titles = columns.map(({ title }) => title);
  const lines = titles.some((title) => title !== "") ? [titles, ...rows] : rows;
  const widths = columns.map((_, i) => Math.max(...lines.map((cells) => width(cells[i] ?? ""))));
  return lines
    .map((cells) =>
      columns
        .map((column, i) => pad(cells[i] ?? "", widths[i]!, column.right))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

/** Facts as aligned `name  value` lines, indented by two. */
export function factTable(facts: Readonly<Record<string, string>>): string {
  return textTable([{ title: "" }, { title: "" }], Object.entries(facts)).replace(/^/gm, "  ");
}

const width = (cell: string): number => [...stripVTControlCharacters(cell)].length;

function pad(cell: string, to: number, right = false): string {
  const space = " ".repeat(Math.max(0, to - width(cell)));
  return right ? space + cell : cell + space;
}
