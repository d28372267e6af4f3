import type { Dim } from "../../ir/types.ts";
import { defineOp, nonDifferentiable, type OpFunction } from "../core/define.ts";

/** Settings of relative positions. */
export interface RelativePositionsAttrs {
  /** Half the rows of the table of relative positions: distances are numbered from −span to span − 1, plus span. */
  readonly span: number;
  /** Distances from here on are numbered alike. */
  readonly maxDistance: number;
  /** Numbers for all distances, an even count: those of half the size or more share numbers logarithmically; absent: each distance has its own. */
  readonly buckets?: number;
  /** Count the distance from the query to the key instead of from the key to the query. */
  readonly reversed?: boolean;
}

/**
 * The row of DeBERTa's table of relative positions for each offset of two tokens of one text: entry `c` is the number of
 * the distance `seq − 1 − c` (`reversed`: `c − seq + 1`), as `relativeScores` reads its rows.
 *
 * Shapes: `mask [batch, seq]`, of which only the length is read → `[2*seq]` integers.
 * @see transformers, `build_relative_position`; He et al. 2021, arXiv:2006.03654, section 3.1, and arXiv:2111.09543.
 */
export const relativePositions: OpFunction<["mask"], RelativePositionsAttrs> = defineOp({
  name: "RelativePositions",
  operands: ["mask"],
  infer: ({ mask }) => ({ dtype: "int64", shape: [`2*${mask.shape[1] as Dim}`] }),
  vjp: { mask: nonDifferentiable },
  reference({ mask }, { shape }, attrs) {
    const [seq, table] = [mask.shape[1]!, tableOf(attrs)];
    return Float64Array.from({ length: shape[0]! }, (_, c) => {
      const distance = (attrs.reversed ? -1 : 1) * (seq - 1 - c);
      const within = Math.min(attrs.maxDistance, Math.max(-attrs.maxDistance, distance));
      return table[within + attrs.maxDistance]!;
    });
  },
  lower(to, { mask }, { attrs }) {
    const integer = (value: number): string => to.constant("int64", [], [value]);
    const seq = to.node("Gather", [to.node("Shape", [mask]), integer(1)]);
    const [last, end] = [to.node("Sub", [seq, integer(1)]), to.node("Mul", [seq, integer(2)])];
    const offsets = to.node("Range", [integer(0), end, integer(1)]);
    const distances = to.node("Sub", attrs.reversed ? [offsets, last] : [last, offsets]);
    const { maxDistance } = attrs;
    const within = to.node("Min", [to.node("Max", [distances, integer(-maxDistance)]), integer(maxDistance)]);
    const table = tableOf(attrs);
    const numbers = to.constant("int64", [table.length], table);
    return to.node("Gather", [numbers, to.node("Add", [within, integer(maxDistance)])]);
  },
});

/** Rows for the distances from −maxDistance to maxDistance. */
function tableOf({ span, maxDistance, buckets }: RelativePositionsAttrs): number[] {
  return Array.from({ length: 2 * maxDistance + 1 }, (_, i) => {
    const distance = i - maxDistance;
    const numbered = buckets === undefined ? distance : bucketOf(distance, buckets, maxDistance);
    return Math.min(2 * span - 1, Math.max(0, numbered + span));
  });
}

/** The bucket of a distance, in float32 arithmetic, as transformers' `make_log_bucket_position`. */
function bucketOf(distance: number, buckets: number, maxDistance: number): number {
  const [half, size] = [Math.floor(buckets / 2), Math.abs(distance)];
  if (size <= half) return distance;
  const log = (x: number): number => Math.fround(Math.log(Math.fround(x)));
  const share = Math.fround(log(size / half) / log((maxDistance - 1) / half));
  return Math.sign(distance) * (Math.ceil(Math.fround(share * (half - 1))) + half);
}
