import { type LanguageRow, languageRow, replyText } from "../chat/language-row.ts";
import type { Row } from "../data/row.ts";
import { DataError } from "../errors.ts";
import { causalSplitEncoder } from "../examples/causal-split.ts";
import { guessWholeText } from "../examples/guess-columns.ts";
import type { TaskDefinition, Use } from "./definition.ts";
import { languageModel } from "./language-model.ts";
import { splitOf } from "./split.ts";

/** The next token. */
export const causalLanguageModel: TaskDefinition = {
  ...languageModel,
  labelsAhead: 1,
  uses(rows, given) {
    const uses: Use[] = [];
    const kind = kindOf(rows, given.textColumn);
    const start = kind && STARTS[kind];
    if (start) uses.push({ certainty: "structure", keys: {}, ...start });
    const text_column = guessWholeText(rows, given);
    if (text_column === undefined) return uses;
    return [...uses, { certainty: "text", keys: { text_column }, about: "plain texts", start: "causal-text.yaml" }];
  },
  split(rows, recipe) {
    const { completion_only_loss: completionOnlyLoss = true, assistant_only_loss: assistantOnlyLoss, packing } = recipe;
    return splitOf(rows, {
      pick: (row) => languageRow(row, { textColumn: recipe.text_column }),
      text: replyText,
      encoder: ({ tokenizer, maxLength }) =>
        causalSplitEncoder({ tokenizer, maxLength, packing, completionOnlyLoss, assistantOnlyLoss }),
    });
  },
};

type Kind = LanguageRow["kind"];

const COMPLETIONS = { about: "prompts and completions", start: "language-model.yaml" };
const STARTS: { readonly [K in Kind]?: Pick<Use, "about" | "start"> } = {
  messages: { about: "conversations", start: "qlora-chat.yaml" },
  completion: COMPLETIONS,
  answer: COMPLETIONS,
};

/** Kind of the rows as a language model would read them; `undefined` when it could not. */
function kindOf(rows: readonly Row[], textColumn = "text"): Kind | undefined {
  try {
    return rows.map((row) => languageRow(row, { textColumn }))[0]?.kind;
  } catch (error) {
    if (error instanceof DataError) return undefined;
    throw error;
  }
}
