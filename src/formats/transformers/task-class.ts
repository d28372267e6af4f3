import { factsOf } from "../../task-types/index.ts";
import type { JsonObject } from "../json/json.ts";

/** Classes that are not called as their family and head are. */
const OTHERS: Readonly<Record<string, string>> = {
  GPT2ForCausalLM: "GPT2LMHeadModel",
  Gemma3ForSequenceClassification: "Gemma3TextForSequenceClassification", // the other reads images too
  Gemma3TextForCausalLM: "Gemma3ForCausalLM",
};

/**
 * The transformers class of a base model under a task: `BertForMaskedLM`, to classify texts → `BertForSequenceClassification`.
 * @param config The base model's `config.json`; `undefined` when it does not say its class.
 */
export function taskClass({ architectures }: JsonObject, taskType: string): string | undefined {
  const [known] = Array.isArray(architectures) ? (architectures as unknown[]) : [];
  const family = /^(\w+?)(?:For[A-Z]\w*|LMHeadModel|Model)$/.exec(String(known))?.[1];
  const [head] = factsOf(taskType)?.classEndings ?? [];
  const name = family && head ? family + head : undefined;
  return OTHERS[name ?? ""] ?? name;
}

/** Label → id, from labels by id. */
export const label2id = (id2label: Readonly<Record<string, string>>): Record<string, number> =>
  Object.fromEntries(Object.entries(id2label).map(([id, label]) => [label, Number(id)]));
