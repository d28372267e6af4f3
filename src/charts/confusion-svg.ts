import { FONT, HEADING, page, SMALL_FONT } from "./page.ts";
import { colourOf } from "./palette.ts";
import { el, line, nameText, shortened, text, textWidth, titleOf } from "./svg.ts";

/** Predictions of a classifier, in the order of the data. */
export interface Predicted {
  readonly method: string;
  readonly classes: readonly string[];
  /** Class ids. */
  readonly labels: readonly number[];
  readonly predictions: readonly number[];
}

/** Most classes that are drawn one by one; the rarest of more share the last row and column. */
export const MOST_CLASSES = 30;

/** Counts of predictions: a row a true class, a column a predicted one. */
export interface Confusion {
  readonly names: readonly string[];
  readonly counts: readonly (readonly number[])[];
}

/** Counts labels by what was predicted for them. Of more than {@link MOST_CLASSES} classes the most frequent stay in their order. */
export function confusionOf({ classes, labels, predictions }: Omit<Predicted, "method">): Confusion {
  const support = classes.map(() => 0);
  for (const label of labels) support[label] = (support[label] as number) + 1;
  const kept = new Set(
    [...classes.keys()]
      .sort((a, b) => (support[b] as number) - (support[a] as number) || a - b)
      .slice(0, classes.length > MOST_CLASSES ? MOST_CLASSES - 1 : MOST_CLASSES),
  );
  const shown = [...classes.keys()].filter((id) => kept.has(id));
  const others = classes.length - shown.length;
  const indexes = new Map(shown.map((id, place) => [id, place]));
  const names = [...shown.map((id) => classes[id] as string), ...(others > 0 ? [`${others} other classes`] : [])];
  const counts = names.map(() => names.map(() => 0));
  for (const [i, label] of labels.entries()) {
    const row = counts[indexes.get(label) ?? shown.length] as number[];
    const column = indexes.get(predictions[i] as number) ?? shown.length;
    row[column] = (row[column] as number) + 1;
  }
  return { names, counts };
}

/** Most characters of a class name. */
const MOST_CHARACTERS = 22;
/** Least and most pixels of a cell, pixels that the cells share, and those below which texts are small. */
const [LEAST_CELL, MOST_CELL, ALL_CELLS, SMALL_CELL] = [29, 64, 640, 42];
const [MARGIN, LEAST_WIDTH] = [20, 570];
/** Opacity of a cell that holds its whole row: the count stays readable on it, light or dark. */
const MOST_OPACITY = 0.7;

/** A confusion matrix drawn: rows are true classes, columns predicted ones; a cell is shaded by its share of the row. */
export function confusionSvg(predicted: Predicted): string {
  const { names, counts } = confusionOf(predicted);
  const cell = Math.min(MOST_CELL, Math.max(LEAST_CELL, Math.floor(ALL_CELLS / names.length)));
  const isSmall = cell < SMALL_CELL;
  const font = isSmall ? SMALL_FONT : FONT;
  const small = isSmall ? { class: "small" } : {};
  const widest = Math.max(...names.map((name) => textWidth(shortened(name, MOST_CHARACTERS), font)));
  const upright = widest < cell - 6;
  const slant = Math.SQRT1_2 * (widest + font);
  const left = Math.ceil(MARGIN + widest + 8);
  const top = Math.ceil(HEADING + 26 + (upright ? font : slant));
  const [right, bottom] = [left + cell * names.length, top + cell * names.length];
  const columns = names.map((name, i) => {
    const [x, y] = [left + cell * (i + 0.5), top - 8];
    const slanted = upright ? { "text-anchor": "middle" } : { transform: `rotate(-45 ${x} ${y})` };
    return nameText(x, y, name, MOST_CHARACTERS, slanted);
  });
  const rows = names.map((name, i) =>
    nameText(left - 8, top + cell * (i + 0.5) + 4, name, MOST_CHARACTERS, { "text-anchor": "end" }),
  );
  const cells = cellsOf({ names, counts }, { left, top, cell });
  const edges = Array.from({ length: names.length + 1 }, (_, i) => [
    line(left, top + cell * i, right, top + cell * i),
    line(left + cell * i, top, left + cell * i, bottom),
  ]);
  const total = predicted.labels.length;
  return page(
    {
      width: Math.ceil(Math.max(LEAST_WIDTH, right + (upright ? 0 : slant) + MARGIN)),
      height: bottom + MARGIN,
      left: MARGIN,
      title: `Confusion matrix of ${predicted.classes.length} classes over ${total} labels`,
      heading: `Confusion matrix over ${total} labels`,
    },
    text(MARGIN, HEADING, "rows: true class; columns: predicted; shade: share of the row", { class: "soft" }),
    el("g", small, ...columns, ...rows),
    el("g", { fill: colourOf(predicted.method) }, ...cells.map(({ shade }) => shade)),
    el("g", { class: "grid" }, ...edges.flat()),
    el("g", { ...small, "text-anchor": "middle", "pointer-events": "none" }, ...cells.map(({ label }) => label)),
  );
}

/** Place of the cells. */
interface Grid {
  readonly left: number;
  readonly top: number;
  readonly cell: number;
}

/** The cells that count anything. Where a count is shortened, or cells are few, it stands whole under the pointer. */
function cellsOf({ names, counts }: Confusion, { left, top, cell }: Grid): { shade: string; label: string }[] {
  return counts.flatMap((row, i) => {
    const sum = row.reduce((a, b) => a + b, 0);
    return row.flatMap((count, j) => {
      if (count === 0) return [];
      const [x, y] = [left + cell * j, top + cell * i];
      const label = shortCount(count);
      const hint = label !== String(count) || cell >= SMALL_CELL ? [titleOf(`${count} of ${sum} ${names[i]} predicted as ${names[j]}`)] : []; // biome-ignore format: a cell
      const box = { d: `M${x} ${y}h${cell}v${cell}h-${cell}z`, "fill-opacity": MOST_OPACITY * (count / sum) };
      return [{ shade: el("path", box, ...hint), label: text(x + cell / 2, y + cell / 2 + 4, label) }];
    });
  });
}

/** A count in at most four characters. */
function shortCount(count: number): string {
  if (count < 1000) return String(count);
  return count < 999_500 ? `${Math.round(count / 1000)}k` : `${Number((count / 1e6).toPrecision(2))}M`;
}
