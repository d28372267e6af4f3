import { openBase, prepare, weightsOf } from "../../../../src/assemble/prepare.ts";
import { readCheckpoint } from "../../../../src/formats/transformers/checkpoint.ts";
import type { Prepared } from "../../../../src/prepared/prepared.ts";
import { Random } from "../../../../src/random.ts";
import { loadTokenizer, type Tokenizer } from "../../../../src/tokenizer/tokenizer.ts";
import { recipeOf } from "../../../../src/verbs/model.ts";

/** A line with words, numbers, capitals, accents and a script without spaces. */
export const LINE = "The Borrower shall pay 1,250 € to Élise within 30 days.\n支払 😀 ﬁn";

/** Opens a model as a run does: configuration, headers, tokenizer; builds its graph under LoRA and reads its weights. */
export async function openModel(path: string): Promise<Prepared> {
  const keys = { model_name_or_path: path, dataset_name: "none", lora_target_modules: "all-linear", lora_r: 2 };
  const classifier = recipeOf({ ...keys, task_type: "SEQ_CLS" });
  const found = await openBase(classifier).catch((error: { readonly code?: string }) => {
    if (error.code !== "E_ARCHITECTURE") throw error;
    return undefined;
  });
  const recipe = found ? classifier : recipeOf({ ...keys, task_type: "CAUSAL_LM" });
  const model = prepare(recipe, found ?? (await openBase(recipe)), undefined, { 0: "no", 1: "yes" });
  await weightsOf(model, Random.seed(0));
  return model;
}

/** Reads every tensor of a folder. */
export async function readTensors(folder: string): Promise<void> {
  const checkpoint = await readCheckpoint(folder);
  for (const name of checkpoint.tensors.keys()) await checkpoint.readFloat32(name);
}

/** Tokenizes a line in every way that there is, and turns it into text again. */
export function tokenizeLine(tokenizer: Tokenizer): void {
  const { ids } = tokenizer.encode(LINE, { maxLength: 64 });
  tokenizer.encodePieces(LINE, { maxLength: 16 });
  tokenizer.encodeWords(LINE.split(" "), { maxLength: 64 });
  tokenizer.decode(ids);
  tokenizer.decode(tokenizer.encodePlain(LINE), { specials: true });
}

/** As {@link tokenizeLine}, for the tokenizer of an open model. */
export const tokenizeModel = ({ tokenizer }: Prepared): void => tokenizeLine(tokenizer);

/** As {@link tokenizeLine}, for the tokenizer of a folder. */
export const tokenizeFolder = async (folder: string): Promise<void> => tokenizeLine(await loadTokenizer(folder));
