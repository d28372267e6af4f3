import { isAdapter, openTrained } from "../assemble/open-trained.ts";
import { recipeOfTrained } from "../assemble/recipe-of-trained.ts";
import { hintFor } from "../assemble/supported-head.ts";
import { AdapterError, RecipeError } from "../errors.ts";
import type { TextEmbedding } from "../events/reports.ts";
import { isGguf } from "../formats/gguf/model/read-gguf.ts";
import { type AdapterSource, namedAdapter } from "../formats/hub/model-files.ts";
import { resolveModelFolder } from "../formats/hub/resolve.ts";
import type { ResolvedRecipe } from "../recipe/resolve.ts";
import { embeds, featureExtraction } from "../task-types/index.ts";
import { eachText, type Numbered } from "./each-text.ts";
import { Model } from "./model.ts";
import { readInputs, type TextInput } from "./predict-inputs.ts";
import { embedded, encodeText, type ShapingOptions, shapingOf } from "./text-embeddings.ts";
import { type Device, onDevice, releasedOnError, type TrainedSource, trainedSource } from "./trained-source.ts";

/** Texts to embed, or a file of them: rows as training reads them, or a text on each line. */
export type TextSource = Iterable<string | TextInput> | AsyncIterable<string | TextInput> | { readonly file: string };

/** Options of embeddings. */
export interface EmbedOptions extends ShapingOptions {
  /** Folder, Hub id or files of an adapter for the model. */
  readonly adapter?: AdapterSource;
  /** Device that the model runs on; default: as its recipe says. */
  readonly device?: Device;
  /** Called with what a reader of the embeddings should know. */
  readonly onWarning?: (message: string) => void;
}

/**
 * Embeds texts, in their order; they are read as they are needed, so a stream may be endless. A text that cannot be
 * embedded, as an empty one, has its reason instead. Numbers are those of sentence-transformers.
 *
 * @param model Folder, Hub id or files of a model, or of an adapter, through which its base is found; or a model in memory, as
 *   its last training left it.
 * @throws {RecipeError} for more `dims` than the model has, or an unknown prompt. @throws {AdapterError} for an adapter of
 *   another task. @throws {DataError} when none of the texts can be embedded.
 */
export async function* embed(
  model: AdapterSource | Model,
  texts: TextSource,
  options: EmbedOptions = {},
): AsyncGenerator<TextEmbedding, void, void> {
  const source = await embeddingSource(model, options.adapter);
  try {
    yield* embeddings(source, texts, options);
  } finally {
    await source.release();
  }
}

async function* embeddings(
  { recipe, open }: EmbeddingSource,
  texts: TextSource,
  options: EmbedOptions,
): AsyncGenerator<TextEmbedding, void, void> {
  const { onWarning } = options;
  const inputs = "file" in texts ? await readInputs(texts.file, recipe) : texts;
  const { model: prepared, weights, fresh, warnings } = await onDevice(await open(), options.device);
  const shaping = shapingOf(prepared, fresh, options);
  for (const warning of warnings) onWarning?.(warning);
  const session = await prepared.engine.compile(prepared.graph, weights);
  try {
    const asked = { session, graph: prepared.graph, padId: prepared.tokenizer.padId };
    const vectors = (texts: readonly Numbered[]) =>
      embedded(asked, prepared, texts.map((text) => encodeText(text, prepared, shaping)), shaping); // biome-ignore format: one call
    yield* eachText(inputs, vectors, ["an", "embedding"]);
  } finally {
    await session.close();
  }
}

/** An embedding model that can be opened. */
export type EmbeddingSource = Pick<TrainedSource, "recipe" | "open" | "release">;

/** The recipe of a model or an adapter, by name or in memory, and how it is opened. */
export async function embeddingSource(
  model: AdapterSource | Model,
  adapter: AdapterSource | undefined,
): Promise<EmbeddingSource> {
  if (model instanceof Model) {
    const source = await trainedSource({ model, adapter });
    const { recipe } = source;
    if (embeds(recipe.task_type)) return source;
    await source.release();
    throw new RecipeError(`the model was loaded for task_type ${recipe.task_type}.`, {
      where: recipe.model_name_or_path,
      expected: `loadModel(…, { taskType: "${featureExtraction.name}" })`,
      hint: hintFor(recipe.task_type),
    });
  }
  const named = await namedAdapter(model);
  return releasedOnError(named.release, async () => {
    const beside = adapter === undefined ? undefined : await namedAdapter(adapter);
    const release = async (): Promise<void> => {
      await named.release();
      await beside?.release();
    };
    return releasedOnError(release, async () => {
      const recipe = await recipeOf(named.name, beside?.name);
      const trained = beside?.name ?? ((await isGguf(named.name)) ? undefined : named.name);
      return { recipe, open: () => openTrained(recipe, trained), release };
    });
  });
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
