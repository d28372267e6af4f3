import { brief } from "../formats/json/json.ts";
import type { ParamValue } from "../ir/graph.ts";
import { isUnder } from "../peft/targets.ts";
import { isLanguageModel, type TaskType } from "../task-types/index.ts";
import { outputNames, type StoredBase } from "./own-output.ts";
import { nameInCheckpoint } from "./weights.ts";

/** Names that a warning lists. */
const LISTED = 5;

/** Buffers that PyTorch computes anew, and what pretraining left: heads for next sentences and for replaced tokens. */
const WITHOUT_USE =
  /(?:^|\.)(?:(?:position|token_type)_ids|embeddings\.position_embeddings\.weight|rotary_emb\.inv_freq|(?:attn|attention)\.(?:masked_)?bias)$|(?:^|\.)(?:pooler|cls\.seq_relationship|discriminator_predictions)\./;

/**
 * A warning about the tensors of a checkpoint that no parameter of the model reads; transformers' "unexpected keys". Those of
 * no use to anyone are left out, as are heads of language models where the model is none.
 * @param params Those of the base model, with its head.
 */
export function unreadWarning(found: StoredBase, params: readonly ParamValue[], task: TaskType): string | undefined {
  const { checkpoint, architecture } = found;
  const { basePrefix, heads, trainedHeads } = architecture;
  const read = new Set(params.map(({ origin }) => nameInCheckpoint(origin.name, { checkpoint, basePrefix })));
  const pretraining = !isLanguageModel(task) ? heads.filter((head) => !trainedHeads.includes(head)) : [];
  const { tied, own } = outputNames(found, task) ?? {};
  const output = new Set([tied, own].flatMap((names) => [names?.weight, names?.bias])); // `withOwnOutput` chose
  const isQuiet = (name: string): boolean => WITHOUT_USE.test(name) || output.has(name) || isUnder(name, pretraining);
  const unread = [...checkpoint.tensors.keys()].filter((name) => !read.has(name) && !isQuiet(name));
  if (unread.length === 0) return undefined;
  const listed = unread.slice(0, LISTED).map(brief).join(", ");
  const more = unread.length > LISTED ? `, … (${unread.length} in all)` : "";
  return `${checkpoint.folder} contains tensors that the model does not use: ${listed}${more}`;
}
