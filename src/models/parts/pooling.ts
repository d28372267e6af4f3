import type { Value } from "../../ir/graph.ts";
import { reshape, select } from "../../ops/shape/shape.ts";

/** The first token of each row: `[batch*seq, hidden]` → `[batch, hidden]`. */
export function firstToken(h: Value): Value {
  return select(reshape(h, { shape: ["batch", "seq", h.shape[1] as number] }), { axis: 1, index: 0 });
}
