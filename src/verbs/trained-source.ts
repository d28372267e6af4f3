import { openTrained, type TrainedModel } from "../assemble/open-trained.ts";
import { recipeOfTrained } from "../assemble/recipe-of-trained.ts";
import { chooseDevice } from "../devices/choose.ts";
import { selfChecked } from "../devices/self-check.ts";
import { RecipeError } from "../errors.ts";
import { type AdapterSource, namedAdapter } from "../formats/hub/model-files.ts";
import type { Engine } from "../prepared/engine.ts";
import type { Prepared, Weights } from "../prepared/prepared.ts";
import type { ResolvedRecipe } from "../recipe/resolve.ts";
import { Model } from "./model.ts";
import { sampleLogits } from "./sample-logits.ts";

/** A trained model, as a user names it. One of the two is needed. */
export interface TrainedOptions {
  /** Folder, Hub id or files of an adapter; its base model is found through it. Or of a whole fine-tuned model. */
  readonly adapter?: AdapterSource | undefined;
  /** Base model, by name or in memory; default: the adapter's own. */
  readonly model?: string | Model | undefined;
}

/** A trained model that can be opened. */
export interface TrainedSource {
  readonly recipe: ResolvedRecipe;
  /** Its name in messages. */
  readonly name: string;
  /** The model with its weights; the parameters are those of {@link openTrained}. */
  open(known?: Weights, held?: (model: Prepared) => Prepared): Promise<TrainedModel>;
  /** Removes what was written to disk for it. A model that is open stays so; a whole one is no base of adapters any longer. */
  release(): Promise<void>;
}

/**
 * Finds what `adapter` and `model` name.
 * @throws {RecipeError} without both, and for an adapter beside a model that was trained in memory.
 */
export async function trainedSource({ adapter, model }: TrainedOptions): Promise<TrainedSource> {
  if (adapter === undefined || typeof adapter === "string") return namedSource(adapter, model);
  const { name, release } = await namedAdapter(adapter);
  return releasedOnError(release, async () => ({ ...(await namedSource(name, model)), release }));
}

/** Calls `release` when `act` fails. */
export async function releasedOnError<T>(release: () => Promise<void>, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    await release();
    throw error;
  }
}

const nothing = async (): Promise<void> => {};

async function namedSource(adapter: string | undefined, model: TrainedOptions["model"]): Promise<TrainedSource> {
  if (model instanceof Model && adapter === undefined) {
    const recipe = model.finished?.recipe ?? model.recipe();
    const open: TrainedSource["open"] = (known, held) => model.open(known, held);
    return { recipe, name: recipe.model_name_or_path, open, release: nothing };
  }
  if (model instanceof Model && model.finished) {
    throw new RecipeError("an adapter is given, and the model was trained in memory itself", {
      where: "adapter, model",
      expected: "one of the two, or the model as loadModel opened it",
    });
  }
  const base = model instanceof Model ? model.recipe().model_name_or_path : model;
  const name = adapter ?? base;
  if (name === undefined) throw new RecipeError("a model or an adapter is needed", { where: "model, adapter" });
  const recipe = await recipeOfTrained(name, base);
  const open: TrainedSource["open"] = (known, held) => openTrained(recipe, adapter, undefined, known, held);
  return { recipe, name, open, release: nothing };
}

/** Names of devices. */
export type Device = ResolvedRecipe["device"];

/**
 * A trained model on a device, after its logits for a fixed text were computed there and on the CPU.
 * @param device Default: that of the model's recipe.
 * @throws {DeviceError} when the device is named, and missing, too small for a weight, or wrong.
 */
export async function onDevice(opened: TrainedModel, device?: Device): Promise<TrainedModel> {
  const { model, warnings } = opened;
  const choice = await chooseDevice(device ?? model.source.recipe.device, model.graph);
  const logits = async (engine: Engine) => new Map([["a sample text", await sampleLogits(withEngine(opened, engine))]]);
  const { engine, warnings: ofDevice } = await selfChecked(choice, logits, "logits");
  return { ...withEngine(opened, engine), warnings: [...warnings, ...ofDevice] };
}

/** A trained model on an engine that was checked. */
export const withEngine = (opened: TrainedModel, engine: Engine): TrainedModel => ({
  ...opened,
  model: { ...opened.model, engine },
});
