import { readCheckpoint } from "../../../../src/checkpoint/checkpoint.ts";
import { loadTokenizer } from "../../../../src/data/tokenizer.ts";
import { lora } from "../../../../src/trainer/methods.ts";
import { type LoadOptions, loadModel } from "../../../../src/trainer/model.ts";

/** A line with words, numbers, capitals, accents and a script without spaces. */
export const LINE = "The Borrower shall pay 1,250 € to Élise within 30 days.\n支払 😀 ﬁn";

/** Opens a folder as any command does: configuration, headers, tokenizer; then builds its graph under LoRA. */
export async function openModel(folder: string, options: LoadOptions = {}): Promise<void> {
  const model = await loadModel(folder, options);
  const { total } = model.with(lora({ r: 2, targetModules: "all-linear" })).parameters;
  if (!(total > 0)) throw new Error(`a model of ${total} parameters`);
}

/** Reads every tensor of a folder. */
export async function readTensors(folder: string): Promise<void> {
  const checkpoint = await readCheckpoint(folder);
  for (const name of checkpoint.tensors.keys()) await checkpoint.readFloat32(name);
}

/** Tokenizes a line in every way that there is, and turns it into text again. */
export async function tokenize(folder: string): Promise<void> {
  const tokenizer = await loadTokenizer(folder);
  const { ids } = tokenizer.encode(LINE, { maxLength: 64 });
  tokenizer.encodePieces(LINE, { maxLength: 16 });
  tokenizer.encodeWords(LINE.split(" "), { maxLength: 64 });
  tokenizer.decode(ids);
  tokenizer.decode(tokenizer.encodePlain(LINE), { specials: true });
}
