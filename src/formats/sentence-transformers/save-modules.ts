import { makeFolder, writeTextAtomic } from "#platform";
import { writeJson } from "../json/json-file.ts";
import { FILES, type SentenceModules } from "./modules.ts";

/** Folder of the pooling module, as sentence-transformers names it. */
const POOLING = "1_Pooling";

/**
 * Writes the files with which sentence-transformers loads a model, or an adapter of PEFT, out of a folder.
 * @param dim Width of the hidden states.
 * @param maxLength Longest text in tokens that the model was trained with.
 * @throws {FileError} when the folder cannot be written.
 */
export async function saveModules(
  folder: string,
  { mode, normalize, poolsPrompt, settings }: SentenceModules,
  dim: number,
  maxLength: number,
): Promise<void> {
  const types = ["Transformer", "Pooling", ...(normalize ? ["Normalize"] : [])];
  const paths = ["", POOLING, "2_Normalize"];
  const modules = types.map((type, idx) => ({
    idx,
    name: String(idx),
    path: paths[idx],
    type: `sentence_transformers.models.${type}`, // which every version of sentence-transformers knows
  }));
  await makeFolder(`${folder}/${POOLING}`);
  await writeJson(`${folder}/${POOLING}/config.json`, {
    word_embedding_dimension: dim,
    pooling_mode_cls_token: mode === "cls",
    pooling_mode_mean_tokens: mode === "mean",
    pooling_mode_max_tokens: false,
    pooling_mode_mean_sqrt_len_tokens: false,
    pooling_mode_weightedmean_tokens: false,
    pooling_mode_lasttoken: mode === "lasttoken",
    include_prompt: poolsPrompt,
  });
  await writeJson(`${folder}/${FILES.transformer}`, { max_seq_length: maxLength, do_lower_case: false });
  await writeJson(`${folder}/${FILES.settings}`, settings);
  await writeTextAtomic(`${folder}/${FILES.modules}`, `${JSON.stringify(modules, null, 2)}\n`);
}
