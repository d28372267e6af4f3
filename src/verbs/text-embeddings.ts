import { checkVocabulary } from "../assemble/data.ts";
import { CheckpointError, RecipeError } from "../errors.ts";
import type { TextEmbedding } from "../events/reports.ts";
import { ExampleStore } from "../examples/examples.ts";
import { DEFAULT_MODULES } from "../formats/sentence-transformers/modules.ts";
import { unit } from "../metrics/vectors.ts";
import type { Prepared } from "../prepared/prepared.ts";
import type { Asked } from "../tasks/definition.ts";
import { embeddingsOf } from "../tasks/embeddings.ts";
import { NotFiniteError } from "../training/scoring.ts";
import { BATCH, type EncodedText, type Numbered, placeOf, reasonOf } from "./each-text.ts";

/** Options of embeddings that change texts and vectors. */
export interface ShapingOptions {
  /** Length of an embedding: its first so many numbers, of a model trained with `matryoshka_dims`. Default: all. */
  readonly dims?: number;
  /** Divide embeddings by their length, so that their dot product is their cosine. Default: as the model's files have it. */
  readonly normalize?: boolean;
  /** Name of the text that is put before each input, among those of the model's files. Default: the one that they name. */
  readonly promptName?: string;
}

const incomplete = (fresh: readonly string[], { checkpoint }: Prepared): CheckpointError =>
  new CheckpointError(`the model lacks ${fresh.join(", ")}: its embeddings would be random`, {
    where: checkpoint.folder,
  });

/** Changes to a text before the model, and to its vector after it. */
export interface Shaping {
  readonly prompt: string;
  readonly dims: number;
  readonly normalize: boolean;
}

/** Changes that the options ask for. @throws {RecipeError} for what the model does not have; {CheckpointError} for parameters that no file holds. */
export function shapingOf(model: Prepared, fresh: readonly string[], options: ShapingOptions): Shaping {
  const { graph, modules = DEFAULT_MODULES, checkpoint } = model;
  if (fresh.length > 0) throw incomplete(fresh, model);
  const width = graph.outputs.get("logits")?.shape[1] as number;
  const { dims = width, normalize = false, promptName = modules.defaultPrompt } = options;
  if (!Number.isInteger(dims) || dims < 1 || dims > width) {
    throw new RecipeError(`dims is ${dims}, and the embeddings of the model have ${width} numbers.`, {
      where: "dims",
      expected: `a whole number from 1 to ${width}`,
    });
  }
  const { prompts } = modules;
  const prompt = promptName === undefined ? "" : Object.hasOwn(prompts, promptName) ? prompts[promptName] : undefined;
  if (prompt === undefined) {
    throw new RecipeError(`the model has no prompt named ${promptName}.`, {
      where: "prompt_name",
      expected: Object.keys(prompts).join(", ") || "none: its files name no prompts",
    });
  }
  if (prompt !== "" && !modules.poolsPrompt) {
    throw new CheckpointError("a pooling that leaves out the tokens of a prompt is not supported", {
      where: `${checkpoint.folder}: include_prompt`,
      expected: "true",
    });
  }
  return { prompt, dims, normalize };
}

/** A text as token ids, after the prompt. */
export function encodeText(input: Numbered, { source, tokenizer }: Prepared, { prompt }: Shaping): EncodedText {
  const { max_length: maxLength } = source.recipe;
  const { text, error } = input;
  const { ids, specials } = tokenizer.encode(error === undefined ? text : "", { maxLength });
  if (ids.length === specials) return { input };
  const shown = prompt === "" ? ids : tokenizer.encode(prompt + text, { maxLength }).ids;
  return { input, example: { ids: Int32Array.from(shown), label: 0, where: placeOf(input) } };
}

/** Embeddings of texts, in their order. @throws {NotFiniteError} naming the text whose embedding is not finite. */
export async function embedded(
  asked: Asked,
  { checkpoint }: Prepared,
  encoded: readonly EncodedText[],
  { dims, normalize }: Shaping,
): Promise<TextEmbedding[]> {
  const examples = ExampleStore.of(encoded.flatMap(({ example }) => example ?? []));
  checkVocabulary(examples, checkpoint);
  const vectors = (await embeddingsOf(asked, examples, BATCH)) ?? [];
  let row = 0;
  return encoded.map(({ input, example }) => {
    const { index, text } = input;
    if (!example) return { index, text, embedding: null, error: reasonOf(input) };
    const whole = vectors[row++] as Float32Array;
    const bad = whole.find((value) => !Number.isFinite(value));
    if (bad !== undefined) throw new NotFiniteError(`the embedding holds ${bad}`, placeOf(input));
    const vector = whole.slice(0, dims);
    return { index, text, embedding: normalize ? unit(vector) : vector };
  });
}
