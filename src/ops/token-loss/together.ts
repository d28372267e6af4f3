import { nodeOf, reachable, type Value } from "../../ir/graph.ts";
import type { Lowering } from "../../ir/lowering.ts";
import type { LoweredTogether, Op } from "../../ir/op.ts";
import { lowerReduction, lowerVocabulary, type Question } from "./chunks.ts";
import type { LayerOperands, TokenLossAttrs } from "./layer.ts";

/** The ops that ask for something of each row's logits, and what. */
export type Questions = ReadonlyMap<Op, Question>;

/**
 * Emits `y`, the result of one of the ops, and with it all that the graph asks of the same logits: the vocabulary is gone
 * through once, and no chunk's logits are kept for a reader that comes later.
 */
export function lowerTogether(
  to: Lowering,
  layer: LayerOperands<string>,
  y: Value,
  attrs: TokenLossAttrs,
  questions: Questions,
): LoweredTogether {
  const asked = askedTogether(y, questions);
  const w = nodeOf(y)?.inputs[1] as Value;
  const found = lowerVocabulary(to, layer, w, new Set(asked.values()), attrs);
  const answers = [...asked].map(
    ([value, question]) => [value, lowerReduction(to, question, layer, w, found, attrs)] as const,
  );
  return new Map(answers);
}

/** `y` and what else of the graph reads the same logits and, if it reads labels, the same labels. */
function askedTogether(y: Value, questions: Questions): ReadonlyMap<Value, Question> {
  const layer = layerOf(y);
  const alike = reachable(y.graph, y.graph.outputs.values()).flatMap((value) => {
    const question = questions.get(nodeOf(value)?.op as Op);
    return question && layerOf(value) === layer ? [{ value, question }] : [];
  });
  const first = alike.find(({ value }) => labelsOf(value))?.value;
  // What reads no labels joins those that do, unless it comes first: their labels may not be there yet.
  const joined = (value: Value): Value | undefined =>
    labelsOf(value) ?? (first && first.id < value.id ? labelsOf(first) : undefined);
  const together = alike.filter(({ value }) => joined(value) === joined(y));
  return new Map(together.map(({ value, question }) => [value, question]));
}

/** Says whose logits a value reads: two values that say the same read the same. */
function layerOf(value: Value): string {
  const inputs = nodeOf(value)?.inputs.filter((input) => input !== labelsOf(value)) ?? [];
  return `${inputs.map(({ id }) => id)} ${JSON.stringify(nodeOf(value)?.attrs)}`;
}

function labelsOf(value: Value): Value | undefined {
  const node = nodeOf(value);
  return node?.inputs[node.op.operands.indexOf("labels")];
}
