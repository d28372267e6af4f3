import { refuseLanguageModel } from "../assemble/supported-head.ts";
import type { Prediction } from "../events/reports.ts";
import type { AdapterSource } from "../formats/hub/model-files.ts";
import { eachText, type Numbered } from "./each-text.ts";
import type { Model } from "./model.ts";
import { readInputs, type TextInput } from "./predict-inputs.ts";
import { encodeText, labelled, labellingTask } from "./text-labels.ts";
import { type Device, onDevice, type TrainedSource, trainedSource } from "./trained-source.ts";

/** The model and the texts of a prediction. One of `adapter` and `model` is needed, and one of `texts` and `input`. */
export interface PredictOptions {
  /** Folder, Hub id or files of an adapter; its base model is found through it. Or of a whole fine-tuned model. */
  readonly adapter?: AdapterSource;
  /** Base model; default: the adapter's own. Without an adapter, a model with a trained head, also one in memory. */
  readonly model?: string | Model;
  readonly texts?: Iterable<string | TextInput> | AsyncIterable<string | TextInput>;
  /** Device that the model runs on; default: as its recipe says. */
  readonly device?: Device;
  /** A file: rows as training reads them, or a text on each line. */
  readonly input?: string;
  /** Called with what a reader of the labels should know. */
  readonly onWarning?: (message: string) => void;
}

/**
 * Labels texts, in their order; they are read as they are needed, so a stream may be endless. A text that cannot be
 * labelled, as an empty one, has its reason as its prediction.
 *
 * @throws {CheckpointError} when the model has no trained head, or one that is not supported. @throws {DataError} when
 *   none of the texts can be labelled. @throws {NotFiniteError} naming the text whose logits are NaN or infinite.
 */
export async function* predict(options: PredictOptions): AsyncGenerator<Prediction, void, void> {
  const source = await trainedSource(options);
  try {
    yield* predicted(source, options);
  } finally {
    await source.release();
  }
}

async function* predicted(
  { recipe, name, open }: TrainedSource,
  options: PredictOptions,
): AsyncGenerator<Prediction, void, void> {
  refuseLanguageModel(recipe.task_type, name);
  const { input } = options;
  const texts = input === undefined ? (options.texts ?? []) : await readInputs(input, recipe);
  const { model, weights, fresh, warnings } = await onDevice(await open(), options.device);
  const task = labellingTask(model, fresh);
  for (const warning of warnings) options.onWarning?.(warning);
  const session = await model.engine.compile(model.graph, weights);
  try {
    const classifier = { session, graph: model.graph, padId: model.tokenizer.padId };
    const label = (inputs: readonly Numbered[]) =>
      labelled(classifier, model, inputs.map((input) => encodeText(input, model)), task); // biome-ignore format: one call
    yield* eachText(texts, label, ["a", "label"]);
  } finally {
    await session.close();
  }
}
