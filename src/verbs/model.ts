import { listFiles, openScratchFolder, readBytes } from "#platform";
import { countParameters } from "../assemble/graphs.ts";
import { prepareFinished } from "../assemble/open-finished.ts";
import { openTrained, type TrainedModel, withWeights } from "../assemble/open-trained.ts";
import { openBase, prepare } from "../assemble/prepare.ts";
import { RecipeError } from "../errors.ts";
import type { ModelFiles } from "../formats/hub/model-files.ts";
import type { MethodSpec } from "../methods/definition.ts";
import { savesWhole } from "../methods/index.ts";
import { forTask } from "../models/parts/architecture.ts";
import type { Finished } from "../prepared/job.ts";
import type { Base, Prepared, Weights } from "../prepared/prepared.ts";
import type { FourBitName } from "../quant/scheme-names.ts";
import { parseRecipe } from "../recipe/parse.ts";
import { type ResolvedRecipe, resolveRecipe } from "../recipe/resolve.ts";
import { DEFAULT_TASK, generates, type TaskType } from "../task-types/index.ts";
import { writeModelFolder } from "../training/checkpoints/model-folder.ts";
import { checkOutputFolder } from "../training/output-folder.ts";
import { saveModel } from "../training/saved.ts";

/** Options for loading a base model. */
export interface LoadOptions {
  /** Task. Default: causal language modelling for a decoder, text classification for an encoder. */
  readonly taskType?: TaskType;
  /** Hold the frozen linear weights quantized: in four bits by a scheme, or in eight. */
  readonly quantization?:
    | { readonly bits: 4; readonly type?: FourBitName; readonly doubleQuant?: boolean }
    | { readonly bits: 8 };
  /** Branch, tag or commit of a Hub model. */
  readonly revision?: string;
}

/** A base model under a fine-tuning method. `train` trains it; then `save` writes what was trained. */
export class Model {
  /** Recipe keys: the model and its method, which is `full` until `with` names one. */
  readonly keys: Readonly<Record<string, unknown>>;
  readonly #base: Base;
  #finished: Finished | undefined;

  constructor(base: Base, keys: Readonly<Record<string, unknown>>) {
    this.#base = base;
    this.keys = keys;
  }

  /** The same base under a method. @throws {NoTargetError} when a target matches no linear layer. */
  with({ keys }: MethodSpec): Model {
    const tuned = new Model(this.#base, { ...this.keys, ...keys });
    tuned.#prepare();
    return tuned;
  }

  /** Parameters: those that train, all, and the share. The head counts as many classes as `config.json` names. */
  get parameters(): { readonly trainable: number; readonly total: number } {
    const { graph, base } = this.#prepare();
    return countParameters(graph, base);
  }

  /** One line for people: `trainable: 154,771 of 22,867,987 (0.68 %)`. */
  summary(): string {
    const { trainable, total } = this.parameters;
    const count = (n: number): string => n.toLocaleString("en-US");
    return `trainable: ${count(trainable)} of ${count(total)} (${((100 * trainable) / total).toFixed(2)} %)`;
  }

  /** Result of the last training; `train` sets it and continues from it. */
  get finished(): Finished | undefined {
    return this.#finished;
  }

  set finished(finished: Finished | undefined) {
    this.#finished = finished;
  }

  /**
   * Writes what was trained, in Hugging Face's files, with the tokenizer beside it; all of it, or nothing.
   * @throws {RecipeError} before anything was trained, or when the base model lies in `folder`.
   * @throws {FileError} when the folder cannot be written, or a run is writing there.
   */
  async save(folder: string): Promise<void> {
    if (!this.#finished)
      throw new RecipeError("there is nothing to save, because the model was not trained.", {
        hint: "for await (const event of train(model, { data })) …",
      });
    const { trained, recipe, step } = this.#finished;
    const prepared = prepareFinished(this.#finished, this.#base);
    const { model, weights } = savesWhole(recipe.method)
      ? await withWeights(prepared)
      : { model: prepared.model, weights: new Map() };
    await checkOutputFolder({ output_dir: folder }, { model_name_or_path: this.#base.checkpoint.folder });
    await writeModelFolder(folder, step, async (staging) => {
      await saveModel(staging, model, weights, trained);
      await model.files.writeTokenizer(staging);
    });
  }

  /**
   * The files that {@link save} writes, by name, as bytes. Whatever takes an adapter's folder takes them, too.
   * @throws {RecipeError} before anything was trained.
   */
  async toFiles(): Promise<ModelFiles> {
    const scratch = await openScratchFolder();
    try {
      const folder = `${scratch.path}/model`;
      await this.save(folder);
      const files: Record<string, Uint8Array> = {};
      for (const name of await listFiles(folder)) files[name] = await readBytes(`${folder}/${name}`);
      return files;
    } finally {
      await scratch.remove();
    }
  }

  /**
   * The model with its weights: as the last training left it, or the base with the head that its file holds.
   *
   * @param known Frozen weights of the base that are in memory already.
   * @param held The model as it is to be held in memory. Default: as prepared.
   */
  open(known?: Weights, held?: (model: Prepared) => Prepared): Promise<TrainedModel> {
    if (!this.#finished) return openTrained(this.recipe(), undefined, undefined, known, held);
    return withWeights(prepareFinished(this.#finished, this.#base), known, held);
  }

  /** The recipe that trains the model; `keys` win over those of the model. */
  recipe(keys: Readonly<Record<string, unknown>> = {}): ResolvedRecipe {
    return recipeOf({ method: "full", dataset_name: "in memory", ...this.keys, ...keys });
  }

  #prepare(): Prepared {
    return prepare(this.recipe(), this.#base, undefined);
  }
}

/**
 * Opens a base model: a folder, or a Hub id, which is downloaded unless it is in the local cache. Reads its configuration and
 * tokenizer, no weights yet.
 * @throws {CheckpointError} when it is missing or malformed; {ArchitectureError} when it is not supported.
 */
export async function loadModel(
  nameOrPath: string,
  { taskType, quantization, revision }: LoadOptions = {},
): Promise<Model> {
  const keys = {
    model_name_or_path: nameOrPath,
    model_revision: revision,
    ...(quantization?.bits === 8 && { load_in_8bit: true }),
    ...(quantization?.bits === 4 && {
      load_in_4bit: true,
      bnb_4bit_quant_type: quantization.type,
      use_bnb_nested_quant: quantization.doubleQuant,
    }),
  };
  const base = await openBase(recipeOf({ ...keys, task_type: taskType, method: "lora", dataset_name: "in memory" }));
  const task = taskType ?? base.architecture.tasks.find(generates) ?? DEFAULT_TASK;
  return new Model({ ...base, architecture: forTask(base.architecture, task) }, { ...keys, task_type: task });
}

/** Recipe keys, checked and filled in; those that are undefined count as not given. */
export function recipeOf(keys: Readonly<Record<string, unknown>>): ResolvedRecipe {
  const given = Object.fromEntries(Object.entries(keys).filter(([, value]) => value !== undefined));
  return resolveRecipe(parseRecipe("", { file: "options", overrides: given }));
}
