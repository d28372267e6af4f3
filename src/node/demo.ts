import { ownPath } from "#platform";
import type { CompareEvent, ComparisonRow, Prediction } from "../events/reports.ts";
import { savesWhole } from "../methods/index.ts";
import { METHOD_RECIPES, METHODS } from "../methods/keys/index.ts";
import { embeddedRows, heldOutLicenses } from "../provisions/provisions.ts";
import { type ResolvedRecipe, resolveRecipe } from "../recipe/resolve.ts";
import { maskedLoss } from "../verbs/forgetting.ts";
import { predict } from "../verbs/predict.ts";
import { readRecipe } from "../verbs/read-recipe.ts";
import { type Compared, compare } from "./compare/compare.ts";

/** The recipe of the demonstration. */
const RECIPE = ownPath("recipes/demo.yaml");
const COMPARED: readonly Compared[] = ["full", "gradual", "lora", "qlora", "adapter"];
/** A first impression: fewer methods, one pass over the data. */
const QUICK = { methods: ["full", "lora", "qlora"], keys: { num_train_epochs: 1 } } as const;
/** Characters of held-out licences by which forgetting is measured, and of the longest text that is shown. */
const [READ, SHOWN] = [60_000, 400];

/** Options of the demonstration. */
export interface DemoOptions {
  /** Recipe keys that win over the demonstration's own. */
  readonly overrides?: Readonly<Record<string, unknown>>;
  /** Fewer methods and epochs. */
  readonly quick?: boolean;
  readonly signal?: AbortSignal;
}

/** A row of the comparison, and what its training cost the encoder elsewhere. */
export interface DemoRow {
  readonly row: ComparisonRow;
  /** Masked-language loss on licences that nothing was trained on, after training less before, in nats: see `maskedLoss`. */
  readonly forgetting: number;
  /** The same with the adapter off: what packing the base costs, else 0. Unset where the weights themselves were trained. */
  readonly off?: number;
}

/** A provision of the test split, and what the model trained with LoRA says of it. */
export interface DemoPrediction {
  readonly prediction: Prediction;
  /** Its label in the data. */
  readonly label: string;
  /** The licence, line and heading that it comes from. */
  readonly where: string;
}

/** Events of the demonstration: those of its comparison; at the end, measurements and predictions. */
export type DemoEvent =
  | Exclude<CompareEvent, { kind: "done" }>
  | {
      readonly kind: "done";
      readonly rows: readonly DemoRow[];
      readonly files: readonly string[];
      /** Masked-language loss of the base model, in nats. */
      readonly baseLoss: number;
      readonly predictions: readonly DemoPrediction[];
      /** Folder of the adapter that predicted. */
      readonly adapter: string;
    };

/**
 * The experiment on legal documents, with the model and the data that come with the library: methods of fine-tuning side
 * by side, each in a fresh process, as `compare` runs them. Needs no network.
 * @throws {LowrankError} as `compare` does.
 */
export async function* demo({ overrides = {}, quick = false, signal }: DemoOptions = {}): AsyncGenerator<DemoEvent> {
  const methods = quick ? QUICK.methods : COMPARED;
  const keys = { ...(quick && QUICK.keys), ...overrides };
  const run = compare(RECIPE, { methods, overrides: keys, ...(signal && { signal }) });
  for await (const event of run) {
    if (event.kind !== "done") yield event;
    else yield { kind: "done", ...(await afterwards(event.rows, event.files, keys, signal)) };
  }
}

async function afterwards(
  rows: readonly ComparisonRow[],
  files: readonly string[],
  keys: Readonly<Record<string, unknown>>,
  signal?: AbortSignal,
) {
  const recipe = resolveRecipe(await readRecipe(RECIPE, keys));
  const texts = await heldOutTexts();
  const measure = (base: ResolvedRecipe, folder?: string): Promise<number> =>
    maskedLoss(base, texts, { ...(folder !== undefined && { folder }), ...(signal && { signal }) });
  const baseLoss = await measure(recipe);
  const packedLoss =
    rows.some(({ method }) => isQuantizing(method)) && (await measure({ ...recipe, load_in_4bit: true }));
  const measured: DemoRow[] = [];
  for (const row of rows) {
    const forgetting = (await measure(recipe, `${recipe.output_dir}/${row.method}`)) - baseLoss;
    const offLoss = isQuantizing(row.method) ? packedLoss : isAdapter(row.method) && baseLoss;
    measured.push({ row, forgetting, ...(offLoss !== false && { off: offLoss - baseLoss }) });
  }
  const adapter = `${recipe.output_dir}/lora`;
  return { rows: measured, files, baseLoss, adapter, predictions: await examples(adapter) };
}

/** True for a method that leaves the weights of the base as they are. */
const isAdapter = (name: string): boolean => METHODS.some((method) => method === name && !savesWhole(method));

/** True for a method that quantizes the base. */
const isQuantizing = (name: string): boolean =>
  METHODS.some((method) => method === name && METHOD_RECIPES[method].quantizesBase);

/** The beginnings of held-out licences, each as long as the others. */
async function heldOutTexts(): Promise<string[]> {
  const licenses = [...(await heldOutLicenses()).values()];
  return licenses.map((text) => text.slice(0, Math.ceil(READ / licenses.length)));
}

/** Three short provisions of different labels. */
async function examples(adapter: string): Promise<DemoPrediction[]> {
  const short = (await embeddedRows("test")).filter(({ values }) => String(values.text).length <= SHOWN);
  const labels = [...new Set(short.map(({ values }) => String(values.label)))].slice(0, 3);
  const chosen = labels.map((label) => short.find(({ values }) => values.label === label)!);
  const found: DemoPrediction[] = [];
  for await (const prediction of predict({ adapter, texts: chosen.map(({ values }) => String(values.text)) })) {
    const { values, where } = chosen[found.length]!;
    found.push({ prediction, label: String(values.label), where });
  }
  return found;
}
