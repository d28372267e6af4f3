import { FONT } from "./page.ts";
import { text, textWidth } from "./svg.ts";

/** Meaning of one mark of a picture. */
export interface LegendEntry {
  readonly label: string;
  /** The mark, drawn around a point. */
  readonly mark: (x: number, y: number) => string;
}

/** Pixels from a mark's middle to its label, and from a label to the next mark's middle. */
const [TO_LABEL, TO_NEXT] = [14, 24];

/** Width of a legend in pixels. */
const widthOf = (entries: readonly LegendEntry[]): number =>
  entries.reduce((sum, { label }) => sum + TO_LABEL + textWidth(label, FONT) + TO_NEXT, -TO_NEXT);

/** Marks with their labels in a row that ends at `right`, its texts on the line `y`. */
export function legend(right: number, y: number, entries: readonly LegendEntry[]): string[] {
  let x = right - widthOf(entries);
  return entries.flatMap(({ label, mark }) => {
    const parts = [mark(x, y - 4), text(x + TO_LABEL, y, label, { class: "soft" })];
    x += TO_LABEL + textWidth(label, FONT) + TO_NEXT;
    return parts;
  });
}
