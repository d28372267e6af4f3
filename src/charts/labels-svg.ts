import type { ClassScores } from "../metrics/classification.ts";
import { countLabel, shareAxis } from "./axis.ts";
import { legend } from "./legend.ts";
import { FONT, HEADING, page } from "./page.ts";
import { colourOf } from "./palette.ts";
import { type Attributes, el, line, nameText, shortened, text, textWidth, titleOf } from "./svg.ts";

/** Most labels that are drawn; of more, those with the lowest F1. */
export const MOST_LABELS = 40;

/** Most characters of a label's name. */
const MOST_CHARACTERS = 22;
const [MARGIN, PLOT] = [20, 340];
/** Pixels from the plot to the ends of the figures: F1 and support. */
const FIGURES = [48, 112] as const;
/** Pixels of a label, of each of its bars, and between the parts above them. */
const [ROW, BAR, TOP] = [32, 8, HEADING + 42];

/** The labels that a picture has, in their order; of many the worst, those that no text has last. */
export function shownLabels(labels: readonly ClassScores[]): readonly ClassScores[] {
  if (labels.length <= MOST_LABELS) return labels;
  const isEmpty = ({ support }: ClassScores): number => (support === 0 ? 1 : 0);
  return [...labels].sort((a, b) => isEmpty(a) - isEmpty(b) || a.f1 - b.f1).slice(0, MOST_LABELS);
}

/** Precision, recall and F1 of labels as bars, with F1 and support in figures. */
export function labelsSvg(method: string, labels: readonly ClassScores[]): string {
  const shown = shownLabels(labels);
  const colour = colourOf(method);
  const kinds: readonly { readonly label: "precision" | "recall" | "F1"; readonly style: Attributes }[] = [
    { label: "precision", style: { fill: colour } },
    { label: "recall", style: { fill: colour, "fill-opacity": 0.25, stroke: colour, "stroke-width": 1.5 } },
    { label: "F1", style: { class: "inked", "fill-opacity": 0.75 } },
  ];
  const widest = Math.max(...shown.map(({ class: name }) => textWidth(shortened(name, MOST_CHARACTERS), FONT)));
  const left = Math.ceil(MARGIN + widest + 10);
  const right = left + PLOT;
  const bottom = TOP + ROW * shown.length;
  const x = shareAxis([left, right]);
  const rows = shown.flatMap((scores, i) => {
    const top = TOP + ROW * i + (ROW - 3 * BAR) / 2;
    const values = [scores.precision, scores.recall, scores.f1];
    const [, recall] = values;
    const figures = `precision ${scores.precision.toFixed(3)}, recall ${recall?.toFixed(3)}, F1 ${scores.f1.toFixed(3)}, support ${scores.support}`;
    return [
      nameText(left - 8, TOP + ROW * (i + 0.5) + 4, scores.class, MOST_CHARACTERS, { "text-anchor": "end" }),
      el(
        "g",
        {},
        titleOf(`${scores.class}: ${figures}`),
        ...values.map((value, j) =>
          el("rect", { x: left, y: top + BAR * j + 1, width: x.at(value) - left, height: BAR - 2, ...kinds[j]?.style }),
        ),
      ),
      ...[scores.f1.toFixed(3), countLabel(scores.support)].map((figure, j) =>
        text(right + (FIGURES[j] as number), TOP + ROW * (i + 0.5) + 4, figure, {
          class: "small",
          "text-anchor": "end",
        }),
      ),
    ];
  });
  const entries = kinds.map(({ label, style }) => ({
    label,
    mark: (x: number, y: number) => el("rect", { x: x - 6, y: y - 6, width: 12, height: 12, ...style }),
  }));
  const some = shown.length < labels.length ? `: the ${shown.length} of ${labels.length} with the lowest F1` : "";
  return page(
    {
      width: Math.ceil(right + FIGURES[1] + MARGIN),
      height: bottom + 40,
      left: MARGIN,
      title: `Precision, recall and F1 of ${shown.length} labels${some && ", the worst"}`,
      heading: `Scores of labels${some}`,
    },
    ...legend(right, HEADING + 6, entries),
    ...["F1", "support"].map((title, j) =>
      text(right + (FIGURES[j] as number), TOP - 8, title, { class: "soft small", "text-anchor": "end" }),
    ),
    ...x.ticks.flatMap(({ value, label }) => [
      line(value, TOP, value, bottom, { class: "grid" }),
      text(value, bottom + 18, label, { class: "soft small", "text-anchor": "middle" }),
    ]),
    ...rows,
    line(left, TOP, left, bottom, { class: "axis" }),
  );
}
