import { stringify } from "yaml";
import { METHOD_RECIPES, type Method } from "../../methods/keys/index.ts";
import { factsOf, type TaskFacts } from "../../task-types/index.ts";

/** Facts of a run for its model card. */
export interface CardFacts {
  /** The file format: whose library loads it. */
  readonly format: "peft" | "adapters" | "transformers";
  readonly method: Method;
  readonly taskType: string;
  readonly baseModel: string;
  /** The data set's name or path; a path is reduced to its last part. */
  readonly dataset?: string;
  readonly labels: readonly string[];
  readonly trainableParameters: number;
  readonly totalParameters: number;
  /** Recipe keys and their values, in the order to show them. */
  readonly hyperParameters: Readonly<Record<string, unknown>>;
  /** Results by the names of `eval_results.json`; what is no number is left out. */
  readonly results?: Readonly<Record<string, unknown>>;
  /** Version of this library. */
  readonly version: string;
}

const LIBRARIES = { peft: "peft", adapters: "adapter-transformers", transformers: "transformers" } as const;

/** The text of a model card: YAML front matter as the Hub reads it, then what was trained, how, and how to load it. */
export function modelCard(facts: CardFacts): string {
  const { method, baseModel, dataset, labels, trainableParameters: trainable, totalParameters: total } = facts;
  const { name: task } = taskOf(facts);
  const data = dataset === undefined ? "" : ` on \`${shortName(dataset)}\``;
  const share = ((100 * trainable) / total).toFixed(2);
  const sections = [
    `---\n${stringify(frontMatter(facts))}---`,
    `# ${shortName(baseModel)}, fine-tuned for ${task}`,
    `\`${shortName(baseModel)}\` trained with ${METHOD_RECIPES[method].title}${data}: ` +
      `${count(trainable)} of ${count(total)} parameters (${share} %).`,
    labels.length > 0 ? `Labels: ${labels.map((label) => `\`${label}\``).join(", ")}.` : "",
    resultsSection(facts.results ?? {}),
    `## Training\n\n${table(
      ["setting", "value"],
      Object.entries(facts.hyperParameters).filter(([, value]) => value !== undefined),
    )}`,
    `## Use\n\nIn Python:\n\n\`\`\`python\n${pythonOf(facts)}\n\`\`\`\n\nOn the command line:\n\n\`\`\`sh\n${shellOf(facts)}\n\`\`\``,
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
    library_name: LIBRARIES[format],
    pipeline_tag: taskOf(facts).pipeline,
    tags: ["lowrank", ...(tag === undefined ? [] : [tag])],
    ...(dataset !== undefined && isHubId(dataset) && { datasets: [dataset] }),
    ...(metrics.length > 0 && { metrics }),
  };
}

const taskOf = ({ taskType }: Pick<CardFacts, "taskType">): NonNullable<TaskFacts["card"]> =>
  factsOf(taskType)?.card ?? { name: taskType, pipeline: "other", autoModel: "AutoModel" };

/** `organisation/name`: the Hub refuses a card that names anything else. */
const isHubId = (name: string): boolean =>
  /^\w[\w.-]*\/\w[\w.-]*$/.test(name) && !/\.(jsonl?|csv|parquet|gguf)(\.gz)?$/.test(name);

/** A Hub id as it is; of a path the last part, which says enough and nothing of the machine. */
export const shortName = (name: string): string =>
  isHubId(name) ? name : (name.split(/[/\\]/).filter(Boolean).at(-1) ?? name);

function resultsSection(results: Readonly<Record<string, unknown>>): string {
  const rows = Object.entries(results).filter(([, value]) => typeof value === "number");
  return rows.length > 0 ? `## Results\n\n${table(["metric", "value"], rows)}` : "";
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

function pythonOf({ format, baseModel, labels, ...facts }: CardFacts): string {
  const autoModel = taskOf(facts).autoModel;
  const base = `${autoModel}.from_pretrained(${JSON.stringify(shortName(baseModel))}, num_labels=${labels.length})`;
  const tokenizer = 'tokenizer = AutoTokenizer.from_pretrained("path/to/this/folder")';
  const imports = (more: string): string => `${more}from transformers import ${autoModel}, AutoTokenizer\n`;
  switch (format) {
    case "peft":
      return `${imports("from peft import PeftModel\n")}
model = ${base}
model = PeftModel.from_pretrained(model, "path/to/this/folder")
${tokenizer}`;
    case "adapters":
      return `${imports("import adapters\n")}
model = ${base}
adapters.init(model)
name = model.load_adapter("path/to/this/folder", with_head=True, use_safetensors=True)
model.set_active_adapters(name)
${tokenizer}`;
    case "transformers":
      return `${imports("")}
model = ${autoModel}.from_pretrained("path/to/this/folder")
${tokenizer}`;
    default:
      return format satisfies never;
  }
}

const shellOf = ({ format }: CardFacts): string =>
  `lowrank predict --${format === "transformers" ? "model" : "adapter"}_name_or_path path/to/this/folder "…"`;
