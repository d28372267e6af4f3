import type { TaskDefinition } from "./definition.ts";
import { languageLoss } from "./loss.ts";
import { languageReport } from "./reports/language-tables.ts";
import { languageResults, tokenScores, tokenScoringGraph } from "./token-scores.ts";

const figures = languageResults([{ lossSum: 0, tokens: 1, correct: 0 }]);

/** Parts that language models share: their graphs compute single tokens. */
export const languageModel = {
  loss: languageLoss,
  scoringGraph: tokenScoringGraph,
  score: tokenScores,
  report: languageReport,
  lowerIsBetter: ["eval_loss", "eval_perplexity"],
  metrics: Object.keys(figures),
} satisfies Partial<TaskDefinition>;
