import { shareAxis } from "./axis.ts";
import { legend } from "./legend.ts";
import { HEADING, page } from "./page.ts";
import { colourOf } from "./palette.ts";
import { el, line, text } from "./svg.ts";

/** Scores of search among its first `k` results. */
export interface ScoresAt {
  readonly k: number;
  /** Share of a query's documents that are among the results. */
  readonly recall: number;
  /** Share of the queries with a document among the results. */
  readonly accuracy: number;
}

const [WIDTH, LEFT, RIGHT] = [520, 64, 496];
const [TOP, BOTTOM] = [HEADING + 30, HEADING + 250];
const BAR = 44;

/** Recall and accuracy of search by the number of results, as bars side by side: they are often equal. */
export function retrievalSvg(method: string, scores: readonly ScoresAt[]): string {
  const y = shareAxis([BOTTOM, TOP]);
  const colour = colourOf(method);
  const kinds = [
    { label: "recall@k", style: { fill: colour } },
    { label: "accuracy@k", style: { fill: colour, "fill-opacity": 0.25, stroke: colour, "stroke-width": 1.5 } },
  ];
  const bars = scores.flatMap(({ k, recall, accuracy }, i) => {
    const centre = LEFT + ((i + 0.5) / scores.length) * (RIGHT - LEFT);
    const values = [recall, accuracy];
    return [
      ...values.flatMap((value, j) => {
        const x = centre + (j === 0 ? -BAR - 3 : 3);
        return [
          el("rect", { x, y: y.at(value), width: BAR, height: BOTTOM - y.at(value), ...kinds[j]?.style }),
          text(x + BAR / 2, y.at(value) - 6, value.toFixed(3), { class: "small", "text-anchor": "middle" }),
        ];
      }),
      text(centre, BOTTOM + 20, `k = ${k}`, { "text-anchor": "middle" }),
    ];
  });
  const entries = kinds.map(({ label, style }) => ({
    label,
    mark: (x: number, y: number) => el("rect", { x: x - 6, y: y - 6, width: 12, height: 12, ...style }),
  }));
  return page(
    {
      width: WIDTH,
      height: BOTTOM + 40,
      left: LEFT,
      title: `Recall and accuracy of search among the first ${scores.map(({ k }) => k).join(", ")} results`,
      heading: "Search by number of results",
    },
    ...legend(RIGHT, HEADING + 6, entries),
    ...y.ticks.flatMap(({ value, label }) => [
      line(LEFT, value, RIGHT, value, { class: "grid" }),
      text(LEFT - 8, value + 4, label, { class: "soft small", "text-anchor": "end" }),
    ]),
    ...bars,
    line(LEFT, BOTTOM, RIGHT, BOTTOM, { class: "axis" }),
  );
}
