import { saveModules } from "../formats/sentence-transformers/save-modules.ts";
import type { Prepared } from "./prepared.ts";

/** Writes the files of sentence-transformers beside an embedding model; nothing for models of other tasks. */
export async function saveModulesOf(folder: string, { modules, graph, source }: Prepared): Promise<void> {
  const dim = graph.outputs.get("logits")?.shape[1] as number;
  if (modules) await saveModules(folder, modules, dim, source.recipe.max_length);
}
