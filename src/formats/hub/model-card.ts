import { stringify } from "yaml";
import { METHOD_RECIPES, type Method } from "../../methods/keys/index.ts";
import { PROGRAM } from "../../program.ts";
import { type ProblemType, TASK_FACTS, type TaskCard, type TaskType } from "../../task-types/index.ts";
import { isHubId, shortName } from "./names.ts";
import { isSentenceTransformer, pythonUse } from "./python-use.ts";

/** Facts of a run for its model card. */
export interface CardFacts {
  /** The file format: whose library loads it. */
  readonly format: "peft" | "adapters" | "transformers";
  readonly method: Method;
  readonly taskType: TaskType;
  /** Problem of a classifier of texts, where it is not the usual one. */
  readonly problemType?: ProblemType;
  readonly baseModel: string;
  /** Branch, tag or commit of the base model. */
  readonly revision?: string;
  /** The data set's name or path; a path is reduced to its last part. */
  readonly dataset?: string;
  readonly labels: readonly string[];
  readonly trainableParameters: number;
  readonly totalParameters: number;
  /** Recipe keys and their values, in the order to show them. */
  readonly hyperParameters: Readonly<Record<string, unknown>>;
  /** Results by the names of `eval_results.json`; what is no number is left out. */
  readonly results?: Readonly<Record<string, unknown>>;
  /** Pictures in the card's folder, with descriptions for those who do not see them. */
  readonly pictures?: readonly { readonly file: string; readonly alt: string }[];
  /** Version of this library. */
  readonly version: string;
}

const LIBRARIES = { peft: "peft", adapters: "adapter-transformers", transformers: "transformers" } as const;
const SENTENCES = "sentence-transformers";

/** The text of a model card: YAML front matter as the Hub reads it, then what was trained, how, and how to load it. */
export function modelCard(facts: CardFacts): string {
  const { method, baseModel, dataset, labels, trainableParameters: trainable, totalParameters: total } = facts;
  const card = cardOf(facts);
  const data = dataset === undefined ? "" : ` on \`${shortName(dataset)}\``;
  const share = ((100 * trainable) / total).toFixed(2);
  const sections = [
    `---\n${stringify(frontMatter(facts))}---`,
    `# ${shortName(baseModel)}, fine-tuned for ${card.name}`,
    `\`${shortName(baseModel)}\` trained with ${METHOD_RECIPES[method].title}${data}: ` +
      `${count(trainable)} of ${count(total)} parameters (${share} %).`,
    labels.length > 0 && facts.problemType !== "regression"
      ? `Labels: ${labels.map((label) => `\`${label}\``).join(", ")}.`
      : "",
    resultsSection(facts.results ?? {}),
    picturesSection(facts.pictures ?? []),
    `## Training\n\n${table(
      ["setting", "value"],
      Object.entries(facts.hyperParameters).filter(([, value]) => value !== undefined),
    )}`,
    `## Use\n\nIn Python:\n\n\`\`\`python\n${pythonUse({ ...facts, card, hasLabels: labels.length > 0 })}\n\`\`\`\n\nOn the command line:\n\n\`\`\`sh\n${shellOf(facts)}\n\`\`\``,
    `Made with lowrank ${facts.version}.`,
  ];
  return `${sections.filter(Boolean).join("\n\n")}\n`;
}

function frontMatter({ format, method, baseModel, dataset, results, ...facts }: CardFacts): Record<string, unknown> {
  const scores = Object.keys(results ?? {});
  const { tag } = METHOD_RECIPES[method];
  const metrics = ["accuracy", "f1"].filter((metric) => scores.some((name) => name.endsWith(metric)));
  return {
    ...(isHubId(baseModel) && { base_model: baseModel }),
    library_name: isSentenceTransformer({ format, ...facts }) ? SENTENCES : LIBRARIES[format],
    pipeline_tag: cardOf(facts).pipeline,
    tags: ["lowrank", ...(tag === undefined ? [] : [tag])],
    ...(dataset !== undefined && isHubId(dataset) && { datasets: [dataset] }),
    ...(metrics.length > 0 && { metrics }),
  };
}

function cardOf({ taskType, problemType }: Pick<CardFacts, "taskType" | "problemType">): TaskCard {
  const { card, problemCards = {} } = TASK_FACTS[taskType];
  return { ...card, ...(problemType && problemCards[problemType]) };
}

function resultsSection(results: Readonly<Record<string, unknown>>): string {
  const rows = Object.entries(results).filter(([, value]) => typeof value === "number");
  return rows.length > 0 ? `## Results\n\n${table(["metric", "value"], rows)}` : "";
}

function picturesSection(pictures: NonNullable<CardFacts["pictures"]>): string {
  const shown = pictures.map(({ file, alt }) => `![${alt}](${file})`);
  return shown.length > 0 ? `## Pictures\n\n${shown.join("\n\n")}` : "";
}

function table(head: readonly string[], rows: readonly (readonly [string, unknown])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  const body = rows.map(([name, value]) => line([`\`${name}\``, shown(value)]));
  return [line(head), line(head.map(() => "---")), ...body].join("\n");
}

function shown(value: unknown): string {
  if (typeof value === "number") return Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(5)));
  return (typeof value === "string" ? value : JSON.stringify(value)).replaceAll("|", "\\|");
}

const count = (n: number): string => n.toLocaleString("en-US");

/** The command that uses the model; `evaluate` takes the run's recipe, which lies here. */
function shellOf({ format, taskType }: CardFacts): string {
  const { verb } = TASK_FACTS[taskType];
  const here = "path/to/this/folder";
  if (verb === "evaluate") return `${PROGRAM} evaluate ${here}/recipe.yaml --adapter_name_or_path ${here}`;
  return `${PROGRAM} ${verb} --${format === "transformers" ? "model" : "adapter"}_name_or_path ${here} "…"`;
}
