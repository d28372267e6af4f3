import { embeds, type TaskCard } from "../../task-types/index.ts";
import { isHubId, lastPart } from "./names.ts";

/** Facts of a trained model that its use in Python depends on. */
export interface PythonFacts {
  /** The file format: whose library loads it. */
  readonly format: "peft" | "adapters" | "transformers";
  readonly taskType: string;
  readonly card: TaskCard;
  /** Name or path of the base model. */
  readonly baseModel: string;
  /** Branch, tag or commit of the base model. */
  readonly revision?: string;
  /** True when the labels lie in a `config.json` beside the adapter. */
  readonly hasLabels: boolean;
}

const HERE = '"path/to/this/folder"';

/** Folder of the model that comes with the package. */
const EMBEDDED = "node_modules/lowrank/foundation/model";

/** True when sentence-transformers loads the folder, with its pooling. */
export const isSentenceTransformer = ({ taskType, format }: Pick<PythonFacts, "taskType" | "format">): boolean =>
  embeds(taskType) && format !== "adapters";

/** Python that loads a trained model and prints what it says of a text. */
export function pythonUse(facts: PythonFacts): string {
  if (isSentenceTransformer(facts)) {
    return lines(
      "from sentence_transformers import SentenceTransformer",
      "",
      `model = SentenceTransformer(${HERE})`,
      'print(model.encode(["…"]))',
    );
  }
  const { card, format, hasLabels } = facts;
  const isWhole = format === "transformers";
  const classes = [...(hasLabels && !isWhole ? ["AutoConfig"] : []), card.autoModel, "AutoTokenizer"];
  return lines(
    ...(format === "peft" ? ["from peft import PeftModel"] : []),
    `from transformers import ${classes.join(", ")}`,
    ...(format === "adapters" ? ["import adapters"] : []),
    "",
    ...(isWhole ? [`model = ${card.autoModel}.from_pretrained(${HERE})`] : baseModel(facts)),
    ...ADAPTERS[format],
    `tokenizer = AutoTokenizer.from_pretrained(${HERE})`,
    "",
    ...card.ask,
  );
}

const ADAPTERS: Readonly<Record<PythonFacts["format"], readonly string[]>> = {
  transformers: [],
  peft: [`model = PeftModel.from_pretrained(model, ${HERE})`],
  adapters: [
    "adapters.init(model)",
    `name = model.load_adapter(${HERE}, with_head=True, use_safetensors=True)`,
    "model.set_active_adapters(name)",
  ],
};

/** The base model; a classifier's has the labels that lie here, and any head of its own gives way. */
function baseModel({ card, baseModel: name, revision = "main", hasLabels }: PythonFacts): string[] {
  const options = [
    ...sourceOf(name),
    ...(revision === "main" ? [] : [`revision=${JSON.stringify(revision)}`]),
    ...(hasLabels ? ["config=config", "ignore_mismatched_sizes=True"] : []),
  ];
  return [
    ...(hasLabels ? [`config = AutoConfig.from_pretrained(${HERE})  # which has the labels`] : []),
    `model = ${card.autoModel}.from_pretrained(${options.join(", ")})`,
  ];
}

function sourceOf(name: string): string[] {
  if (name.endsWith(".gguf")) return ['"path/to/its/folder"', `gguf_file=${JSON.stringify(lastPart(name))}`];
  if (name === "embedded") return [JSON.stringify(EMBEDDED)];
  const isPath = !isHubId(name) && /[/\\]/.test(name);
  return [JSON.stringify(isPath ? `path/to/${lastPart(name)}` : name)];
}

const lines = (...all: readonly string[]): string => all.join("\n");
