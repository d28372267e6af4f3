import { type Axis, linearAxis, logAxis } from "../../charts/axis.ts";
import { besideEachOther, mark } from "../../charts/marks.ts";
import { FONT, page } from "../../charts/page.ts";
import { colourOf } from "../../charts/palette.ts";
import { el, line, text, textWidth } from "../../charts/svg.ts";
import { type ComparisonRow, type RowScore, scoresOfRow } from "../../events/reports.ts";

const WIDTH = 880;
const HEIGHT = 400;
/** Pixels of a panel: its plot's left and right edge. */
const PANELS = [
  [64, 420],
  [494, 850],
] as const;
const [TOP, BOTTOM] = [56, 336];

/** Pixels from the edges of a plot within which points are moved apart. */
const INSIDE = 6;

/**
 * A comparison drawn: macro F1 (of language models perplexity) against peak memory, and against trainable parameters. A point a run with its 95 %
 * interval; a name a method. Light or dark as the reader's page is.
 */
export function comparisonSvg(rows: readonly ComparisonRow[]): string {
  const y = linearAxis(
    rows.flatMap((row) => [scoreOf(row).value, ...scoreOf(row).interval]),
    [BOTTOM, TOP],
  );
  const title = rows[0] ? scoreOf(rows[0]).title : "";
  const name = title.slice(0, 1).toUpperCase() + title.slice(1);
  const memory = rows.map(({ peakRssBytes }) => peakRssBytes);
  const [divisor, unit] = Math.max(...memory) >= 1e9 ? [1e9, "GB"] : [1e6, "MB"];
  const sizes = [
    linearAxis([0, ...memory], PANELS[0], (bytes) => bytes / divisor),
    logAxis(
      rows.map(({ trainableParameters }) => trainableParameters),
      PANELS[1],
    ),
  ] as const;
  const panels = [
    panel(rows, PANELS[0], `peak memory (${unit})`, sizes[0], y, ({ peakRssBytes }) => peakRssBytes),
    panel(rows, PANELS[1], "trainable parameters (log scale)", sizes[1], y, ({ trainableParameters }) => trainableParameters),
  ]; // biome-ignore format: a panel a line
  const moved = panels.some((one) => one.moved);
  const note = text(PANELS[0][0], HEIGHT + 6, "Points that would hide each other stand side by side.", {
    class: "soft",
  });
  return page(
    {
      width: WIDTH,
      height: HEIGHT + (moved ? 20 : 0),
      left: PANELS[0][0],
      title: `${name} of each method against peak memory and trainable parameters`,
      heading: `${name} with 95 % bootstrap intervals over the test examples`,
    },
    ...panels.map(({ svg }) => svg),
    ...(moved ? [note] : []),
  );
}

/** The score that rows are drawn by. */
const scoreOf = (row: ComparisonRow): RowScore => scoresOfRow(row)[1];

function panel(
  rows: readonly ComparisonRow[],
  [left, right]: readonly [number, number],
  title: string,
  x: Axis,
  y: Axis,
  size: (row: ComparisonRow) => number,
): { svg: string; moved: boolean } {
  const methods = [...new Set(rows.map(({ method }) => method))];
  const byMethod = methods.flatMap((method) => rows.filter((row) => row.method === method));
  const exact = byMethod.map((row) => {
    const { value, interval } = scoreOf(row);
    const [low, high] = interval.map(y.at) as [number, number];
    return { method: row.method, x: x.at(size(row)), y: y.at(value), low, high, fill: colourOf(row.method) };
  });
  const xs = besideEachOther(
    exact.map(boxOf).map((box, i) => ({ ...box, x: exact[i]?.x as number })),
    [left + INSIDE, right - INSIDE],
  );
  const marks = exact.map((one, i) => ({ ...one, x: xs[i] as number }));
  const frame = [
    ...y.ticks.flatMap((tick) => [
      line(left, tick.value, right, tick.value, { class: "grid" }),
      text(left - 8, tick.value + 4, tick.label, { class: "soft", "text-anchor": "end" }),
    ]),
    ...x.ticks.flatMap((tick) => [
      line(tick.value, BOTTOM, tick.value, BOTTOM + 5, { class: "axis" }),
      text(tick.value, BOTTOM + 21, tick.label, { class: "soft", "text-anchor": "middle" }),
    ]),
    line(left, BOTTOM, right, BOTTOM, { class: "axis" }),
    text((left + right) / 2, BOTTOM + 46, title, { "text-anchor": "middle" }),
    text(left, TOP - 10, rows[0] ? scoreOf(rows[0]).title : "", { class: "soft" }),
  ];
  const points = marks.flatMap(({ method, x, y, low, high, fill }) => {
    const ends = [low, high].map((end) => line(x - 4, end, x + 4, end));
    return [
      el("g", { stroke: fill, "stroke-width": 1.5, "stroke-opacity": 0.75 }, line(x, low, x, high), ...ends),
      mark(methods.indexOf(method), x, y, fill),
    ];
  });
  const taken = marks.map(boxOf);
  const names = methods.map((method) => {
    const own = marks.filter((mark) => mark.method === method);
    const height = own.reduce((sum, { y }) => sum + y, 0) / own.length;
    const box = freePlace(method, around(own.map(boxOf)), height, taken, { left, right, top: TOP, bottom: BOTTOM });
    taken.push(box);
    const style = `fill: ${colourOf(method)}`;
    return text(box.left, box.bottom - 4, method, { class: "name", style });
  });
  return { svg: el("g", {}, ...frame, ...points, ...names), moved: marks.some(({ x }, i) => x !== exact[i]?.x) };
}

/** Box of a point with its interval. */
const boxOf = ({ x, y, low, high }: Readonly<Record<"x" | "y" | "low" | "high", number>>): Box => ({
  left: x - 6,
  right: x + 6,
  top: Math.min(high, y - 6),
  bottom: Math.max(low, y + 6),
});

interface Box {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

const around = (boxes: readonly Box[]): Box => ({
  left: Math.min(...boxes.map(({ left }) => left)),
  right: Math.max(...boxes.map(({ right }) => right)),
  top: Math.min(...boxes.map(({ top }) => top)),
  bottom: Math.max(...boxes.map(({ bottom }) => bottom)),
});

/**
 * A place for a name, inside `bounds` and clear of `taken`: right or left of its points at their mean height, else above,
 * below or further along them, as near as can be.
 */
function freePlace(name: string, points: Box, height: number, taken: readonly Box[], bounds: Box): Box {
  const [boxWidth, tall] = [textWidth(name, FONT), FONT + 3];
  const box = (left: number, centreY: number): Box => ({
    left,
    right: left + boxWidth,
    top: centreY - tall / 2,
    bottom: centreY + tall / 2,
  });
  const centre = (points.left + points.right) / 2;
  const beside = (centreY: number): Box[] => [box(points.right + 3, centreY), box(points.left - 3 - boxWidth, centreY)];
  const beyond = (centreY: number): Box[] =>
    [centre - boxWidth / 2, centre - 6, centre + 6 - boxWidth].map((left) => box(left, centreY));
  const candidates = Array.from({ length: 30 }, (_, i) => [
    ...[height + tall * i, height - tall * i].flatMap(beside),
    ...[points.top - tall / 2 - 3 - 8 * i, points.bottom + tall / 2 + 3 + 8 * i].flatMap(beyond),
  ]).flat();
  const free = (place: Box): boolean => inside(place, bounds) && !taken.some((other) => overlap(place, other));
  return candidates.find(free) ?? (candidates[0] as Box);
}

const inside = (box: Box, bounds: Box): boolean =>
  box.left >= bounds.left && box.right <= bounds.right && box.top >= bounds.top && box.bottom <= bounds.bottom;

const overlap = (a: Box, b: Box): boolean =>
  a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
