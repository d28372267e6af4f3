import { refuseLanguageModel } from "../assemble/supported-head.ts";
import { RecipeError } from "../errors.ts";
import type { Prediction, TextScore, WordPrediction } from "../events/reports.ts";
import { TASK_FACTS } from "../task-types/index.ts";
import type { TaskDefinition } from "../tasks/definition.ts";
import type { TextInput } from "../verbs/predict-inputs.ts";
import { encodeText, type LabelledInput, labelled, labellingTask } from "../verbs/text-labels.ts";
import { releasedOnError, trainedSource } from "../verbs/trained-source.ts";
import { type CallOptions, type ServiceSource, TextModel, TextService, type TextWork } from "./text-service.ts";

/** A text with its label, its labels or its value. */
export type ClassifiedText = { readonly index: number; readonly text: string } & TextScore;

/** A text whose words have labels. */
export interface TaggedText {
  readonly index: number;
  readonly text: string;
  readonly words: readonly WordPrediction[];
}

const work: TextWork<TaskDefinition, LabelledInput, Prediction> = {
  result: ["a", "label"],
  accept: ({ model, fresh }) => labellingTask(model, fresh),
  encode: (input, { model }) => encodeText(input, model),
  run: (encoded, { asked, model }, task) => labelled(asked, model, encoded, task),
};
type Labels = TextService<TaskDefinition, LabelledInput, Prediction>;

/** @throws {RecipeError} for a model of another task, naming the class that opens it. */
async function openLabels({ adapter, model, ...options }: ServiceSource, labelled: "text" | "word"): Promise<Labels> {
  const source = await trainedSource({ adapter, model });
  return releasedOnError(source.release, async () => {
    const { task_type } = source.recipe;
    refuseLanguageModel(task_type, source.name);
    if (TASK_FACTS[task_type].labelled !== labelled) {
      throw new RecipeError(`the model was trained for ${task_type}.`, {
        where: source.name,
        expected: labelled === "text" ? "a classifier of texts; Tagger.open opens this one" : "a classifier of words; Classifier.open opens this one", // biome-ignore format: one line
      });
    }
    return TextService.open(source, work, options);
  });
}

/**
 * A classifier of texts that stays open, also one that gives several labels or a value. Calls may overlap.
 * @example
 * const classifier = await Classifier.open({ adapter: "out/lora" });
 * const result = await classifier.predict("This Agreement is governed by the laws of Delaware.");
 * if ("score" in result) console.log(result.label, result.score);
 */
export class Classifier extends TextModel<TaskDefinition, LabelledInput, Prediction> {
  /** @throws {LowrankError} when model or adapter are not usable, or not a classifier of texts. */
  static async open(source: ServiceSource): Promise<Classifier> {
    return new Classifier(await openLabels(source, "text"));
  }

  /** Label of a text. @throws {DataError} when it has none, as an empty one. */
  predict(text: string, options?: CallOptions): Promise<ClassifiedText>;
  /** Labels of texts, in their order; a text without one has its reason. */
  predict(texts: readonly string[], options?: CallOptions): Promise<Prediction[]>;
  predict(texts: string | readonly string[], options?: CallOptions): Promise<ClassifiedText | Prediction[]> {
    return typeof texts === "string"
      ? (this.texts.one(texts, options) as Promise<ClassifiedText>)
      : this.texts.all(texts, options);
  }
}

/** A classifier of words that stays open. Calls may overlap. */
export class Tagger extends TextModel<TaskDefinition, LabelledInput, Prediction> {
  /** @throws {LowrankError} when model or adapter are not usable, or not a classifier of words. */
  static async open(source: ServiceSource): Promise<Tagger> {
    return new Tagger(await openLabels(source, "word"));
  }

  /** Labels of the words of a text, which stand between white space unless they are given. @throws {DataError} when it has no words. */
  predict(text: string | TextInput, options?: CallOptions): Promise<TaggedText>;
  /** Labels of the words of texts; a text without words has its reason. */
  predict(texts: readonly (string | TextInput)[], options?: CallOptions): Promise<Prediction[]>;
  predict(
    texts: string | TextInput | readonly (string | TextInput)[],
    options?: CallOptions,
  ): Promise<TaggedText | Prediction[]> {
    return isList(texts) ? this.texts.all(texts, options) : (this.texts.one(texts, options) as Promise<TaggedText>);
  }
}

const isList = <T>(texts: string | TextInput | readonly T[]): texts is readonly T[] => Array.isArray(texts);
