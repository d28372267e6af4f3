import { el } from "./svg.ts";

type Draw = (x: number, y: number, fill: string) => string;

/** A polygon through points around its centre. */
const polygon =
  (...around: readonly (readonly [number, number])[]): Draw =>
  (x, y, fill) =>
    el("path", { d: `${around.map(([dx, dy], i) => `${i === 0 ? "M" : "L"}${round(x + dx)} ${round(y + dy)}`).join("")}Z`, fill }); // biome-ignore format: one element

/** Shapes of points, about as large as each other. */
const SHAPES: readonly Draw[] = [
  (cx, cy, fill) => el("circle", { cx, cy, r: 5, fill }),
  polygon([-4.5, -4.5], [4.5, -4.5], [4.5, 4.5], [-4.5, 4.5]),
  polygon([0, -6], [5.5, 4.5], [-5.5, 4.5]),
  polygon([0, -6.5], [6.5, 0], [0, 6.5], [-6.5, 0]),
  polygon([0, 6], [5.5, -4.5], [-5.5, -4.5]),
  polygon([-5.5, -2], [-2, -2], [-2, -5.5], [2, -5.5], [2, -2], [5.5, -2], [5.5, 2], [2, 2], [2, 5.5], [-2, 5.5], [-2, 2], [-5.5, 2]), // biome-ignore format: a cross
];

/** A point in the shape of its group, so that groups differ without colours too. */
export const mark = (group: number, x: number, y: number, fill: string): string =>
  (SHAPES[group % SHAPES.length] as Draw)(x, y, fill);

const round = (x: number): number => Math.round(10 * x) / 10;

/** A point with its interval, in pixels. */
export interface Placed {
  readonly x: number;
  readonly top: number;
  readonly bottom: number;
}

/** Pixels between points that would hide each other, and most pixels over which many of them are spread. */
const [APART, MOST_SPREAD] = [12, 72];

/**
 * Moves points that would hide each other, or whose intervals would, apart sideways about their common centre, in their order.
 * @param bounds Where points may lie.
 * @returns the x of each point.
 */
export function besideEachOther(points: readonly Placed[], [least, most]: readonly [number, number]): number[] {
  const placed = points.map(({ x }) => x);
  for (const group of groupsOf(points)) {
    const spread = Math.min(MOST_SPREAD, APART * (group.length - 1));
    const centre = group.reduce((sum, i) => sum + (points[i] as Placed).x, 0) / group.length;
    const from = Math.min(most - spread, Math.max(least, centre - spread / 2));
    for (const [at, i] of group.entries()) placed[i] = from + (spread * at) / (group.length - 1);
  }
  return placed;
}

/** Groups of points in which each hides another, as places in the list. Points that hide none are in no group. */
function groupsOf(points: readonly Placed[]): number[][] {
  const hides = (a: Placed, b: Placed): boolean =>
    Math.abs(a.x - b.x) < APART && a.top <= b.bottom && b.top <= a.bottom;
  let left = [...points.keys()];
  const groups: number[][] = [];
  while (left.length > 0) {
    const group = left.slice(0, 1);
    left = left.slice(1);
    for (const member of group) {
      const near = left.filter((i) => hides(points[i] as Placed, points[member] as Placed));
      group.push(...near);
      left = left.filter((i) => !near.includes(i));
    }
    if (group.length > 1) groups.push(group.sort((a, b) => a - b));
  }
  return groups;
}
