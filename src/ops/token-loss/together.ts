import { nodeOf, reachable, type Value } from "../../ir/graph.ts";
import type { Lowering } from "../../ir/lowering.ts";
import type { ValueId } from "../../ir/types.ts";
import { lowerAnswer, lowerVocabulary, type Question } from "./chunks.ts";
import type { LayerOperands, TokenLossAttrs } from "./layer.ts";

/** The ops that ask for something of each row's logits. */
const QUESTIONS: Readonly<Record<string, Question>> = {
  TokenLoss: "loss",
  TokenLossBackward: "gradient",
  TokenChoice: "choice",
};

/** What was emitted ahead, because the logits it reads were in memory. */
const ahead = new WeakMap<Lowering, Map<ValueId, string>>();

/**
 * Emits `y`, one of the ops above, and with it all that the graph asks of the same logits: the vocabulary is gone
 * through once, and no chunk's logits are kept for a reader that comes later.
 */
export function lowerTogether(to: Lowering, layer: LayerOperands<string>, y: Value, attrs: TokenLossAttrs): string {
  const known = ahead.get(to) ?? new Map<ValueId, string>();
  ahead.set(to, known);
  if (!known.has(y.id)) {
    const asked = new Map(askedTogether(y).map((value) => [questionOf(value) as Question, value.id]));
    const w = nodeOf(y)?.inputs[1] as Value;
    const found = lowerVocabulary(to, layer, w, new Set(asked.keys()), attrs);
    for (const [question, id] of asked) known.set(id, lowerAnswer(to, question, layer, w.dtype, found, attrs.softcap));
  }
  return known.get(y.id) as string;
}

/** `y` and what else of the graph reads the same logits and, if it reads labels, the same labels. */
function askedTogether(y: Value): Value[] {
  const layer = layerOf(y);
  const alike = reachable(y.graph, y.graph.outputs.values()).filter((value) => layerOf(value) === layer);
  const first = alike.find(labelsOf);
  // What reads no labels joins those that do, unless it comes first: their labels may not be there yet.
  const joined = (value: Value): Value | undefined =>
    labelsOf(value) ?? (first && first.id < value.id ? labelsOf(first) : undefined);
  return alike.filter((value) => joined(value) === joined(y));
}

/** Says whose logits a value reads: two values that say the same read the same. */
function layerOf(value: Value): string | undefined {
  if (!questionOf(value)) return undefined;
  const inputs = nodeOf(value)?.inputs.filter((input) => input !== labelsOf(value)) ?? [];
  return `${inputs.map(({ id }) => id)} ${JSON.stringify(nodeOf(value)?.attrs)}`;
}

const questionOf = (value: Value): Question | undefined => QUESTIONS[nodeOf(value)?.op.name ?? ""];

function labelsOf(value: Value): Value | undefined {
  const node = nodeOf(value);
  return node?.inputs[node.op.operands.indexOf("labels")];
}
