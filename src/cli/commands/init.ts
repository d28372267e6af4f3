import { RecipeError } from "../../errors.ts";
import { PROGRAM } from "../../program.ts";
import { TASK_FACTS, type TaskType } from "../../task-types/index.ts";
import { askRecipe, RECIPE_FILE, type RecipeAnswers } from "../shared/ask-recipe.ts";
import type { CliCommand, Context } from "../shared/command.ts";
import { showDownloads } from "../shared/download.ts";
import { addRecipeFlags } from "../shared/options.ts";
import type { Output } from "../shared/output.ts";
import { openQuestions, type Questions } from "../shared/questions.ts";

/** Required keys of a recipe, with the values that `--yes` uses. The task follows from the rows. */
const NEEDED = { model_name_or_path: "embedded", dataset_name: "embedded", task_type: undefined } as const;

/** `lowrank init [--key value]… [--output FILE] [--yes] [--force]` */
export const init: CliCommand = {
  examples: [
    `${PROGRAM} init`,
    `${PROGRAM} init --model_name_or_path sentence-transformers/all-MiniLM-L6-v2 --dataset_name clauses.jsonl --yes`,
    `${PROGRAM} init --model_name_or_path HuggingFaceTB/SmolLM2-135M-Instruct --output chat.yaml`,
  ],
  define(command) {
    command
      .option("--output <file>", `where to write the recipe [${RECIPE_FILE}]`)
      .option("--yes", "ask nothing; use defaults for whatever no flag sets")
      .option("--force", "overwrite an existing file");
    addRecipeFlags(command);
  },
  async run(context) {
    const { options, output } = context;
    const { draftRecipe, writeDraft } = await import("../library/index.ts");
    const ask = await questionsOf(context);
    const { keys, file } = await answers(context, ask);
    const draft = await showDownloads(output, (options) => draftRecipe(file, keys, options));
    const again = draft.exists && options.force !== true;
    const overwrite = again ? await ask?.confirm(`${file} already exists. Overwrite it?`) : true;
    await writeDraft(file, draft, overwrite);
    if (!ask) output.note(draft.found);
    for (const note of draft.notes) output.alert(output.styleNote("yellow", `note: ${note}`));
    const { task_type, method } = draft.recipe;
    output.record({ event: "recipe", file, task_type, method, found: draft.found, notes: draft.notes });
    output.result(next(file, draft.recipe.output_dir, task_type, output));
  },
};

/** Questions are asked where there is someone to answer them. */
async function questionsOf({ options, output, stdin }: Context): Promise<Questions | undefined> {
  const isTerminal = stdin.isTTY === true && output.stderr.isTTY === true;
  return isTerminal && options.yes !== true && !output.json ? openQuestions(stdin, output.stderr) : undefined;
}

/** @throws {RecipeError} naming the flags of what is not known and cannot be asked. */
async function answers({ options, overrides, output }: Context, ask?: Questions): Promise<RecipeAnswers> {
  const file = options.output === undefined ? undefined : String(options.output);
  if (ask) return askRecipe(ask, overrides, { output, ...(file !== undefined && { file }) });
  const missing = Object.keys(NEEDED).filter((key) => overrides[key] === undefined);
  if (missing.length > 0 && options.yes !== true) {
    throw new RecipeError("stdin is not a terminal, and the flags do not set everything that a recipe needs.", {
      expected: missing.map((key) => `--${key}`).join(", "),
      hint: "--yes uses the embedded model and data, and the task that fits the rows.",
    });
  }
  const { task_type: _, ...defaults } = NEEDED;
  return { keys: { ...defaults, ...overrides }, file: file ?? RECIPE_FILE };
}

function next(file: string, folder: string, task: TaskType, output: Output): string {
  const { verb } = TASK_FACTS[task];
  const used = verb !== "evaluate" ? `\n  ${PROGRAM} ${verb.padEnd(8)} --adapter_name_or_path ${folder} TEXT` : "";
  return `${output.style("bold", `Wrote ${file}. Next steps`)}
  ${PROGRAM} plan     ${file}          time, memory and disk
  ${PROGRAM} inspect  ${file} --data   the modules that would train, and rows as the model sees them
  ${PROGRAM} train    ${file}${used}`;
}
