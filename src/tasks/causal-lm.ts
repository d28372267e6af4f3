import { languageRow } from "../chat/language-row.ts";
import { causalSplitEncoder } from "../examples/causal-split.ts";
import type { TaskDefinition } from "./definition.ts";
import { languageModel } from "./language-model.ts";
import { splitOf } from "./split.ts";

/** CAUSAL_LM: the next token. */
export const causalLanguageModel: TaskDefinition = {
  ...languageModel,
  split(rows, recipe) {
    const { completion_only_loss: completionOnlyLoss = true, assistant_only_loss: assistantOnlyLoss, packing } = recipe;
    return splitOf(rows, {
      pick: (row) => languageRow(row, { textColumn: recipe.text_column }),
      encoder: ({ tokenizer, maxLength }) =>
        causalSplitEncoder({ tokenizer, maxLength, packing, completionOnlyLoss, assistantOnlyLoss }),
    });
  },
};
