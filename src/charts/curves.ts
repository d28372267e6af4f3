/** A figure at a step of a run. */
export interface Point {
  readonly x: number;
  readonly y: number;
}

/** Most points of a curve that is drawn: more than there are pixels, and few enough that a picture stays below 100 kB. */
export const MOST_POINTS = 1000;

/** Points of a curve, thinned to {@link MOST_POINTS}: of neighbours the lowest and the highest stay, so that no peak is lost. */
export function thinned(points: readonly Point[]): readonly Point[] {
  if (points.length <= MOST_POINTS) return points;
  const [first, last] = [points[0], points.at(-1)] as [Point, Point];
  const inner = points.slice(1, -1);
  const buckets = MOST_POINTS / 2 - 1;
  const kept = Array.from({ length: buckets }, (_, i) => {
    const some = inner.slice(Math.floor((i * inner.length) / buckets), Math.floor(((i + 1) * inner.length) / buckets));
    const low = some.reduce((a, b) => (b.y < a.y ? b : a));
    const high = some.reduce((a, b) => (b.y > a.y ? b : a));
    return low === high ? [low] : [low, high].sort((a, b) => a.x - b.x);
  });
  return [first, ...kept.flat(), last];
}

/** Part of the points of a curve over which it is averaged, and fewest points. */
const [SPAN_SHARE, LEAST_SPAN] = [1 / 25, 5];

/**
 * A curve as its exponential moving average, corrected for its beginning as Adam's moments are; it spans a twenty-fifth of the points.
 * Empty where there are fewer points than it spans.
 */
export function smoothed(points: readonly Point[]): readonly Point[] {
  if (points.length < LEAST_SPAN) return [];
  const decay = 1 - 2 / (Math.max(LEAST_SPAN, points.length * SPAN_SHARE) + 1);
  let [mean, weight] = [0, 0];
  return points.map(({ x, y }) => {
    mean = decay * mean + (1 - decay) * y;
    weight = decay * weight + (1 - decay);
    return { x, y: mean / weight };
  });
}
