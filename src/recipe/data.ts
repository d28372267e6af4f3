import { z } from "zod";
import { count, text } from "../methods/keys/kinds.ts";
import { DEFAULT_TASK, TASK_FACTS, TASK_TYPES } from "../task-types/index.ts";

/** One character that no quoting and no line end needs. */
const character = () => z.string().regex(/^[^"\r\n]$/u, "expected one character");

const usual = TASK_FACTS[DEFAULT_TASK].maxLength;
const longer = TASK_TYPES.map((task) => ({ task, length: TASK_FACTS[task].maxLength }))
  .filter(({ length }) => length !== usual)
  .map(({ task, length }) => `${length} with ${task}`);

/** The data set and how its rows become batches; names are TRL's. */
export const dataKeys = {
  dataset_name: text().describe("Data: a file, a folder of train/validation/test files, a Hub id, or embedded"),
  dataset_config: text().optional().describe("Configuration of a Hub data set that has several"),
  delimiter: character()
    .optional()
    .describe("Character between columns of .csv, .tsv and .txt tables; unset: tab in .tsv, otherwise a comma"),
  dataset_train_split: text().default("train").describe("Split to train on"),
  dataset_validation_split: text()
    .optional()
    .describe("Split to evaluate on during training; unset: validation or dev, if present"),
  validation_split_percentage: z
    .number()
    .min(1)
    .max(99)
    .optional()
    .describe("Percent of the training rows to hold back as the validation split, for data without one"),
  dataset_test_split: text().default("test").describe("Split for the single evaluation at the end"),
  text_column: text().default("text").describe("Column with the text"),
  label_column: text().default("label").describe("Column with the label"),
  max_length: count()
    .optional()
    .describe(`Maximum length of an example in tokens; unset: ${longer.join(", ")}, otherwise ${usual}`),
  chat_template: text()
    .optional()
    .describe("Chat template of messages: a Jinja file, or the name of one of the model's; unset: the model's own"),
  completion_only_loss: z.boolean().optional().describe("Train on completions only; unset: true if rows have a prompt"),
  assistant_only_loss: z.boolean().default(false).describe("Train on assistant messages only"),
  packing: z.boolean().default(false).describe("Pack several examples into one sequence"),
  shuffle_dataset: z.boolean().default(true).describe("Shuffle the examples each epoch; false: keep the file's order"),
  group_by_length: z.boolean().default(true).describe("Batch examples of similar length to reduce padding"),
  max_train_samples: count().optional().describe("Maximum number of training examples"),
  max_eval_samples: count().optional().describe("Maximum number of examples of each evaluation split"),
};
