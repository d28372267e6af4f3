import { z } from "zod";
import { count, text } from "../methods/keys/kinds.ts";
import { DEFAULT_TASK, TASK_FACTS, TASK_TYPES } from "../task-types/index.ts";

const usual = TASK_FACTS[DEFAULT_TASK].maxLength;
const longer = TASK_TYPES.map((task) => ({ task, length: TASK_FACTS[task].maxLength }))
  .filter(({ length }) => length !== usual)
  .map(({ task, length }) => `${length} with ${task}`);

/** The data set and how its rows become batches; names are TRL's. */
export const dataKeys = {
  dataset_name: text().describe("Data: a file, a folder of train/validation/test files, or embedded"),
  dataset_train_split: text().default("train").describe("Split to train on"),
  dataset_validation_split: text()
    .optional()
    .describe("Split to evaluate on while training; unset: validation or dev, if there"),
  dataset_test_split: text().default("test").describe("Split to evaluate on once, at the end"),
  text_column: text().default("text").describe("Column of the text"),
  label_column: text().default("label").describe("Column of the label"),
  max_length: count()
    .optional()
    .describe(`Longest example in tokens; unset: ${longer.join(", ")}, else ${usual}`),
  completion_only_loss: z.boolean().optional().describe("Train on completions only; unset: if rows have a prompt"),
  assistant_only_loss: z.boolean().default(false).describe("Train on the assistant's turns only"),
  packing: z.boolean().default(false).describe("Fill sequences with several examples"),
  shuffle_dataset: z.boolean().default(true).describe("Draw a new order each epoch; false: the file's order"),
  group_by_length: z.boolean().default(true).describe("Batch examples of similar length, to pad less"),
  max_train_samples: count().optional().describe("Use only so many training examples"),
  max_eval_samples: count().optional().describe("Use only so many examples of each evaluation split"),
};
