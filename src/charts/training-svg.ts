import { type Axis, linearAxis, stepAxis } from "./axis.ts";
import { type Point, smoothed, thinned } from "./curves.ts";
import { type LegendEntry, legend } from "./legend.ts";
import { HEADING, page } from "./page.ts";
import { colourOf } from "./palette.ts";
import { el, line, pathThrough, text } from "./svg.ts";

/** A logged step of a run. */
export interface TrainingStep {
  readonly step: number;
  readonly loss: number;
  readonly learningRate: number;
  readonly gradNorm: number;
}

/** An evaluation of a run. */
export interface Evaluation {
  readonly step: number;
  readonly loss: number;
  readonly score?: number;
}

/** The log of a run, as it is drawn. */
export interface TrainingLog {
  readonly method: string;
  /** Name of the scores of `evaluations`. */
  readonly scoreName?: string;
  readonly steps: readonly TrainingStep[];
  /** Evaluations while training. */
  readonly evaluations: readonly Evaluation[];
  /** The evaluation after the last step, which may be of another split. */
  readonly final?: Evaluation;
}

const [WIDTH, LEFT, RIGHT] = [760, 72, 736];
/** Heights of a panel's line of text, of its plot, of the plot of the losses, and between panels. */
const [LINE, PLOT, LOSS_PLOT, GAP] = [20, 96, 160, 26];
/** Most points of a curve that are marked one by one. */
const MOST_DOTS = 40;

/** One curve of a panel. */
interface Curve {
  readonly points: readonly Point[];
  readonly colour?: string;
  readonly faint?: boolean;
  /** True for the evaluations: dashed, in the colour of the text. */
  readonly dashed?: boolean;
}

/** One figure over the steps. */
interface Panel {
  readonly title: string;
  readonly height: number;
  readonly curves: readonly Curve[];
  readonly final?: Point | undefined;
  readonly legend: readonly LegendEntry[];
  /** True when the figure's axis begins at 0. */
  readonly fromZero: boolean;
}

/** A run drawn: loss and evaluations, learning rate and gradient norm over its steps, one under another. */
export function trainingSvg(log: TrainingLog): string {
  const panels = panelsOf(log);
  const last = [...log.steps, ...log.evaluations, ...(log.final ? [log.final] : [])].reduce((most, { step }) => Math.max(most, step), 1); // biome-ignore format: one number
  const x = stepAxis(last, [LEFT, RIGHT]);
  let top = HEADING;
  const drawn = panels.map((one) => {
    const above = top;
    top += LINE + one.height + GAP;
    return panel(one, x, above);
  });
  const bottom = top - GAP;
  const marks = x.ticks.map(({ value, label }) => text(value, bottom + 18, label, { class: "soft", "text-anchor": "middle" })); // biome-ignore format: one list
  const names = panels.map(({ title }) => title);
  return page(
    {
      width: WIDTH,
      height: bottom + 50,
      left: LEFT,
      title: `${names.slice(0, -1).join(", ")} and ${names.at(-1)} over the steps of training`,
      heading: `Training with ${log.method}`,
    },
    ...drawn,
    ...marks,
    text((LEFT + RIGHT) / 2, bottom + 38, "optimizer step", { "text-anchor": "middle" }),
  );
}

function panelsOf({ method, scoreName = "score", steps, evaluations, final }: TrainingLog): Panel[] {
  const colour = colourOf(method);
  const of = <T extends { readonly step: number }>(from: readonly T[], figure: (one: T) => number | undefined): Point[] =>
    from.flatMap((one) => {
      const y = figure(one);
      return y !== undefined && Number.isFinite(y) ? [{ x: one.step, y }] : [];
    }); // biome-ignore format: a list
  const last = final ? [final] : [];
  const losses = of(steps, ({ loss }) => loss);
  const smooth = smoothed(losses);
  const ofEvaluation = (title: string, figure: (one: Evaluation) => number | undefined) => ({
    title,
    dashed: { points: thinned(of(evaluations, figure)), dashed: true },
    final: of(last, figure)[0],
  });
  const loss = ofEvaluation("loss", ({ loss }) => loss);
  const score = ofEvaluation(scoreName, ({ score }) => score);
  const evaluated = ({ dashed, final }: typeof loss): LegendEntry[] => [
    ...(dashed.points.length > 0 ? [{ label: "evaluation", mark: dashedMark }] : []),
    ...(final ? [{ label: "evaluation at the end", mark: diamond }] : []),
  ];
  const faint = smooth.length > 0;
  const solo = (title: string, figure: (one: TrainingStep) => number): Panel => ({
    title,
    height: PLOT,
    curves: [{ points: thinned(of(steps, figure)), colour }],
    legend: [],
    fromZero: true,
  });
  return [
    {
      title: loss.title,
      height: LOSS_PLOT,
      curves: [{ points: thinned(losses), colour, faint }, { points: thinned(smooth), colour }, loss.dashed],
      final: loss.final,
      legend: [
        { label: "each step", mark: (x, y) => line(x - 9, y, x + 9, y, strokeOf({ colour, faint })) },
        ...(faint
          ? [{ label: "smoothed", mark: (x: number, y: number) => line(x - 9, y, x + 9, y, strokeOf({ colour })) }]
          : []),
        ...evaluated(loss),
      ],
      fromZero: false,
    },
    ...(score.final || score.dashed.points.length > 0
      ? [{ title: scoreName, height: PLOT, curves: [score.dashed], final: score.final, legend: evaluated(score), fromZero: false }]
      : []), // biome-ignore format: a panel
    solo("learning rate", ({ learningRate }) => learningRate),
    solo("gradient norm", ({ gradNorm }) => gradNorm),
  ];
}

/** A panel whose line of text begins at `above`. */
function panel({ title, height, curves, final, legend: entries, fromZero }: Panel, x: Axis, above: number): string {
  const [top, bottom] = [above + LINE, above + LINE + height];
  const points = [...curves.flatMap((curve) => curve.points), ...(final ? [final] : [])];
  const y = linearAxis(
    [...(fromZero || points.length === 0 ? [0] : []), ...points.map((point) => point.y)],
    [bottom, top],
  );
  const place = (point: Point): readonly [number, number] => [x.at(point.x), y.at(point.y)];
  return el(
    "g",
    {},
    text(LEFT, above + 12, title, { class: "strong" }),
    ...legend(RIGHT, above + 12, entries),
    ...y.ticks.flatMap(({ value, label }) => [
      line(LEFT, value, RIGHT, value, { class: "grid" }),
      text(LEFT - 8, value + 4, label, { class: "soft small", "text-anchor": "end" }),
    ]),
    ...x.ticks.map(({ value }) => line(value, bottom, value, bottom + 5, { class: "axis" })),
    line(LEFT, bottom, RIGHT, bottom, { class: "axis" }),
    ...curves.flatMap((curve) => drawnCurve(curve, place)),
    ...(final ? [diamond(...place(final))] : []),
  );
}

function drawnCurve(curve: Curve, place: (point: Point) => readonly [number, number]): string[] {
  const { points, colour, faint, dashed } = curve;
  if (points.length === 0) return [];
  const path = el("path", { d: pathThrough(points.map(place)), "stroke-linejoin": "round", ...strokeOf(curve) });
  if (faint || points.length > (dashed ? MOST_DOTS : 1)) return [path];
  const fill = dashed ? { class: "inked" } : { fill: colour as string };
  return [path, ...points.map(place).map(([cx, cy]) => el("circle", { cx, cy, r: 3, ...fill }))];
}

const strokeOf = ({ colour = "", faint, dashed }: Omit<Curve, "points">): Record<string, string | number> =>
  dashed
    ? { class: "ink", "stroke-width": 1.5, "stroke-dasharray": "5 3" }
    : { stroke: colour, fill: "none", "stroke-width": faint ? 1 : 2, ...(faint && { "stroke-opacity": 0.4 }) };

const dashedMark = (x: number, y: number): string =>
  el(
    "g",
    {},
    line(x - 9, y, x + 9, y, strokeOf({ dashed: true })),
    el("circle", { cx: x, cy: y, r: 3, class: "inked" }),
  );

const diamond = (x: number, y: number): string =>
  el("path", { d: `M${x - 6} ${y}L${x} ${y - 6}L${x + 6} ${y}L${x} ${y + 6}Z`, class: "ink", "stroke-width": 1.5 });
