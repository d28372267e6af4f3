import type { JsonObject } from "../formats/json/json.ts";
import { TASK_FACTS } from "../task-types/index.ts";
import type { Prepared } from "./prepared.ts";

/** Key of `config.json` with the probability from which on a label is predicted; transformers keeps it and does not read it. */
export const THRESHOLD = "multi_label_threshold";

/** Keys of `config.json` that say how the outputs of a classification head are read. */
export function headKeys({ source, threshold }: Pick<Prepared, "source" | "threshold">): JsonObject {
  const { task_type, problem_type } = source.recipe;
  const [usual] = TASK_FACTS[task_type].problemTypes ?? [];
  if (usual === undefined) return {};
  return { problem_type: problem_type ?? usual, ...(threshold !== undefined && { [THRESHOLD]: threshold }) };
}

/** The threshold of a `config.json`; absent in those of other libraries. */
export function storedThreshold(config: JsonObject): { readonly threshold?: number } {
  const threshold = config[THRESHOLD];
  return typeof threshold === "number" ? { threshold } : {};
}
