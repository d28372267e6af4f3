import { checkVocabulary } from "../assemble/data.ts";
import { isAdapter, openTrained } from "../assemble/open-trained.ts";
import { recipeOfTrained } from "../assemble/recipe-of-trained.ts";
import { hintFor } from "../assemble/supported-head.ts";
import { AdapterError, CheckpointError, RecipeError } from "../errors.ts";
import type { TextEmbedding } from "../events/reports.ts";
import { ExampleStore } from "../examples/examples.ts";
import { isGguf } from "../formats/gguf/model/read-gguf.ts";
import { resolveModelFolder } from "../formats/hub/resolve.ts";
import { DEFAULT_MODULES } from "../formats/sentence-transformers/modules.ts";
import { unit } from "../metrics/vectors.ts";
import type { Prepared } from "../prepared/prepared.ts";
import type { ResolvedRecipe } from "../recipe/resolve.ts";
import { embeds, featureExtraction } from "../task-types/index.ts";
import type { Asked } from "../tasks/definition.ts";
import { embeddingsOf } from "../tasks/embeddings.ts";
import { NotFiniteError } from "../training/scoring.ts";
import { BATCH, eachText, type Numbered } from "./each-text.ts";
import { Model } from "./model.ts";
import { readInputs, type TextInput } from "./predict-inputs.ts";
import { type TrainedSource, trainedSource } from "./trained-source.ts";

/** Texts to embed, or a file of them: rows as training reads them, or a text on each line. */
export type TextSource = Iterable<string | TextInput> | AsyncIterable<string | TextInput> | { readonly file: string };

/** Options of embeddings. */
export interface EmbedOptions {
  /** Folder or Hub id of an adapter for the model. */
  readonly adapter?: string;
  /** Length of an embedding: its first so many numbers, of a model trained with `matryoshka_dims`. Default: all. */
  readonly dims?: number;
  /** Divide embeddings by their length, so that their dot product is their cosine. Default: as the model's files have it. */
  readonly normalize?: boolean;
  /** Name of the text that is put before each input, among those of the model's files. Default: the one that they name. */
  readonly promptName?: string;
  /** Called with what a reader of the embeddings should know. */
  readonly onWarning?: (message: string) => void;
}

/**
 * Embeds texts, in their order; they are read as they are needed, so a stream may be endless. A text that cannot be
 * embedded, as an empty one, has its reason instead. Numbers are those of sentence-transformers.
 *
 * @param model Folder or Hub id of a model, or of an adapter, through which its base is found; or a model in memory, as its
 *   last training left it.
 * @throws {RecipeError} for more `dims` than the model has, or an unknown prompt. @throws {AdapterError} for an adapter of
 *   another task. @throws {DataError} when none of the texts can be embedded.
 */
export async function* embed(
  model: string | Model,
  texts: TextSource,
  options: EmbedOptions = {},
): AsyncGenerator<TextEmbedding, void, void> {
  const { adapter, onWarning } = options;
  const { recipe, open } = await sourceOf(model, adapter);
  const inputs = "file" in texts ? await readInputs(texts.file, recipe) : texts;
  const { model: prepared, weights, fresh, warnings } = await open();
  if (fresh.length > 0) throw incomplete(fresh, prepared);
  const shaping = shapingOf(prepared, options);
  for (const warning of warnings) onWarning?.(warning);
  const session = await prepared.engine.compile(prepared.graph, weights);
  try {
    const asked = { session, graph: prepared.graph, padId: prepared.tokenizer.padId };
    yield* eachText(inputs, (inputs) => embedded(asked, prepared, inputs, shaping), ["an", "embedding"]);
  } finally {
    await session.close();
  }
}

/** The recipe of a model or an adapter, by name or in memory, and how it is opened. */
async function sourceOf(
  model: string | Model,
  adapter: string | undefined,
): Promise<Pick<TrainedSource, "recipe" | "open">> {
  if (model instanceof Model) {
    const { recipe, open } = await trainedSource({ model, adapter });
    if (embeds(recipe.task_type)) return { recipe, open };
    throw new RecipeError(`the model was loaded for task_type ${recipe.task_type}.`, {
      where: recipe.model_name_or_path,
      expected: `loadModel(…, { taskType: "${featureExtraction.name}" })`,
      hint: hintFor(recipe.task_type),
    });
  }
  const recipe = await recipeOf(model, adapter);
  const trained = adapter ?? ((await isGguf(model)) ? undefined : model);
  return { recipe, open: () => openTrained(recipe, trained) };
}

/** The adapter that a folder holds, if it holds one. */
const adapterAt = async (model: string): Promise<string | undefined> =>
  !(await isGguf(model)) && (await isAdapter(await resolveModelFolder(model))) ? model : undefined;

/** The recipe of a model, whatever it was trained for, or of an adapter. @throws {AdapterError} for one of another task. */
async function recipeOf(model: string, adapter: string | undefined): Promise<ResolvedRecipe> {
  const own = adapter ?? (await adapterAt(model));
  if (own === undefined) return { ...(await recipeOfTrained(model)), task_type: featureExtraction.name };
  const recipe = await recipeOfTrained(own, own === model ? undefined : model);
  if (embeds(recipe.task_type)) return recipe;
  throw new AdapterError("embed takes the hidden states of a model, and the adapter was trained with a head on them", {
    where: `${own}: task_type ${recipe.task_type}`,
    expected: `an adapter for ${featureExtraction.name}`,
    hint: hintFor(recipe.task_type),
  });
}

const incomplete = (fresh: readonly string[], { checkpoint }: Prepared): CheckpointError =>
  new CheckpointError(`the model lacks ${fresh.join(", ")}: its embeddings would be random`, {
    where: checkpoint.folder,
  });

/** Changes to a text before the model, and to its vector after it. */
interface Shaping {
  readonly prompt: string;
  readonly dims: number;
  readonly normalize: boolean;
}

/** @throws {RecipeError} for what the model does not have. */
function shapingOf({ graph, modules = DEFAULT_MODULES, checkpoint }: Prepared, options: EmbedOptions): Shaping {
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

async function embedded(
  asked: Asked,
  { source, tokenizer, checkpoint }: Prepared,
  inputs: readonly Numbered[],
  { prompt, dims, normalize }: Shaping,
): Promise<TextEmbedding[]> {
  const { max_length: maxLength } = source.recipe;
  const encoded = inputs.map(({ text, index, error }) => {
    const { ids, specials } = tokenizer.encode(error === undefined ? text : "", { maxLength });
    if (ids.length === specials) return undefined;
    const shown = prompt === "" ? ids : tokenizer.encode(prompt + text, { maxLength }).ids;
    return { ids: Int32Array.from(shown), label: 0, where: `text ${index + 1}` };
  });
  const examples = ExampleStore.of(encoded.flatMap((example) => example ?? []));
  checkVocabulary(examples, checkpoint);
  const vectors = (await embeddingsOf(asked, examples, BATCH)) ?? [];
  let row = 0;
  return inputs.map(({ index, text, error }, i) => {
    if (!encoded[i]) return { index, text, embedding: null, error: error ?? "the text has no tokens" };
    const whole = vectors[row++] as Float32Array;
    const bad = whole.find((value) => !Number.isFinite(value));
    if (bad !== undefined) throw new NotFiniteError(`the embedding holds ${bad}`, `text ${index + 1}`);
    const vector = whole.slice(0, dims);
    return { index, text, embedding: normalize ? unit(vector) : vector };
  });
}
