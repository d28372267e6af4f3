import { CheckpointError, InterruptedError, RecipeError } from "../../src/errors.ts";
import { snakeCaseKeys, type TrainEvent, toLogRecord } from "../../src/events/events.ts";
import type { CompareEvent, Inspection, Plan, Prediction } from "../../src/events/reports.ts";
import type { DownloadModelOptions } from "../../src/formats/hub/resolve.ts";
import type { DemoEvent, DemoOptions, DemoRow } from "../../src/node/demo.ts";
import { parseRecipe } from "../../src/recipe/parse.ts";
import type { Recipe } from "../../src/recipe/schema.ts";
import type { EvaluateOptions } from "../../src/verbs/evaluate.ts";
import type { ModelSource } from "../../src/verbs/fetch-models.ts";
import type { PredictOptions } from "../../src/verbs/predict.ts";

/** The library as the command line sees it, with runs that take no time. Recipes are read as `name.yaml`. */
export { COMPARED } from "../../src/node/compare/compare.ts";
export { snakeCaseKeys, toLogRecord };

const memoryBytes = {
  weights: 48e6,
  quantizedWeights: 6e6,
  gradients: 1e6,
  optimizer: 2e6,
  activations: 9e7,
  runtime: 8e7,
};
const parameters = { trainableParameters: 921_600, totalParameters: 135_436_608, trainablePercent: 0.6805 };

/** What was found without a path has a note. */
export const findRecipe = async (path = "recipe.yaml", overrides: Readonly<Record<string, unknown>> = {}) => ({
  recipe: await readRecipe(path, overrides),
  path,
  ...(path === "recipe.yaml" && { note: "recipe: recipe.yaml in this folder" }),
});

/** The report goes into the folder of an adapter. */
export const findEvaluation = async (path?: string, overrides: Readonly<Record<string, unknown>> = {}) => ({
  ...(await findRecipe(path, overrides)),
  reportDir: String(overrides.adapter_name_or_path ?? "trainer_output"),
});

export const readRecipe = async (path: string, overrides: Readonly<Record<string, unknown>>): Promise<Recipe> =>
  parseRecipe("model_name_or_path: embedded\ndataset_name: embedded\n", { file: path, overrides });

/** Models of the organisation "hub" are downloaded, in two parts; "hub/slow" ends when it is stopped. */
export async function fetchModels(
  { model = "" }: ModelSource,
  { onProgress, signal }: DownloadModelOptions,
): Promise<void> {
  if (model === "hub/gone") throw new CheckpointError("model hub/gone is not on the Hub");
  if (!model.startsWith("hub/")) return;
  for (const bytes of [0, 1e6, 1.5e6]) {
    onProgress?.({ model, file: "model.safetensors", bytes, totalBytes: 1.5e6 });
    if (model === "hub/slow" && bytes > 0) process.emit("SIGINT", "SIGINT");
    if (signal?.aborted) throw new InterruptedError("the download of hub/slow was stopped");
  }
}

export async function* train(recipe: Recipe, { signal }: { signal: AbortSignal }): AsyncGenerator<TrainEvent> {
  if (recipe.seed === 13) throw new TypeError("seed 13 brings bad luck");
  if (recipe.seed === 14) throw new RecipeError("no rows", { where: "train.jsonl", hint: "add some." });
  const { trainableParameters, totalParameters } = parameters;
  const run = { model: "embedded", method: recipe.method, taskType: "SEQ_CLS", device: "cpu", outputDir: "out" };
  const size = { trainableParameters, totalParameters, examples: 1200, epochs: 3, steps: 2, batchSize: 8 };
  if (recipe.seed === 16) {
    for (const rows of [400, 1100]) yield { kind: "tokenize", rows, total: 1200 };
    yield { kind: "tokenize", rows: 90, total: 100 };
  }
  yield { kind: "start", header: { ...run, ...size } };
  for (const step of [1, 2]) {
    const at = { step, steps: 2, epoch: step / 2, numTokens: 1180 * step };
    yield {
      kind: "step",
      ...at,
      loss: 2.9 / step,
      learningRate: recipe.learning_rate ?? 0,
      gradNorm: 0.8,
      tokensPerSecond: 1500.4,
      rssBytes: 5e8,
    };
    if (signal.aborted) return;
    if (recipe.seed === 15) process.emit("SIGTERM", "SIGTERM");
  }
  if (recipe.seed === 16) yield { kind: "tokenize", rows: 80, total: 90 };
  yield { kind: "warning", message: "3 rows had no text" };
  yield { kind: "eval", step: 2, epoch: 1, metrics: { eval_loss: 0.31, eval_samples: 100, eval_macro_f1: 0.8 } };
  yield { kind: "save", step: 2, path: "out/checkpoint-2" };
  const speed = { trainSeconds: 133, firstStepSeconds: 1.2, steps: 2, numTokens: 2360, tokensPerSecond: 1500.4 };
  yield {
    kind: "done",
    results: { ...parameters, ...speed, peakRssBytes: 1.234e9, memoryBytes, plannedPeakRssBytes: 1.2e9 },
  };
}

export const plan = async ({ method }: Recipe): Promise<Plan> => ({
  model: "embedded", method, device: "cpu", ...parameters, examples: 1200, steps: 450, numTokens: 345_678,
  peakRssBytes: 227e6, memoryBytes, savedBytes: 3.7e6, trainSeconds: 754,
}); // biome-ignore format: a table

export async function evaluate(_: Recipe, { adapter, reportDir, onReport }: EvaluateOptions) {
  if (reportDir === "out") onReport?.(`${reportDir}/evaluation.md`);
  return {
    eval_loss: adapter === "out" ? 0.31 : 0.62,
    eval_samples: 1200,
    eval_per_class: { "Governing Law": { precision: 0.9, recall: 1, f1: 0.95, support: 1040 } },
  };
}

/** Labels every text but "none"; of a file, the text is its name. */
export async function* predict({ texts, input, ...source }: PredictOptions): AsyncGenerator<Prediction> {
  let count = 0;
  for await (const given of texts ?? [`text of ${input}`]) {
    const { text, index = count } = typeof given === "string" ? { text: given } : given;
    count++;
    if (text === "none") yield { index, text, label: null, error: "the text has no tokens" };
    else if (text === "third") yield { index, text, label: "a_B", score: 1 / 3, probabilities: { a_B: 1.23456789e-9 } };
    else yield { index, text, label: JSON.stringify(source), score: 0.75, probabilities: { a_B: 0.25 } };
  }
}

export const inspect = async (_: Recipe, { examples }: { examples: boolean }): Promise<Inspection> => ({
  modules: [
    { path: "bert.query", type: "Linear", shape: [128, 128], parameters: 16_384, trainable: 4096, target: true },
    { path: "bert.key", type: "Linear", shape: [128, 128], parameters: 16_384, trainable: 0, target: false },
  ],
  examples: examples
    ? [
        {
          tokens: [
            { text: "Q: hi ", trained: false },
            { text: "there", trained: true },
          ],
        },
      ]
    : [],
});

export async function* compare(
  _: string,
  { methods, seeds = [0] }: { methods: readonly string[]; seeds?: readonly number[] },
): AsyncGenerator<CompareEvent> {
  const figures = { peakRssBytes: 1.2e9, memoryBytes, trainSeconds: 75, tokensPerSecond: 1511.3, savedBytes: 3.7e6 };
  const scores = {
    microF1: 0.91,
    macroF1: 0.812,
    microF1Interval: [0.88, 0.93],
    macroF1Interval: [0.79, 0.84],
  } as const;
  const rows = methods.flatMap((method) =>
    seeds.map((seed) => ({ method, seed, ...parameters, ...figures, ...scores })),
  );
  for (const row of rows) {
    yield { kind: "run", method: row.method, seed: row.seed, event: { kind: "warning", message: "slow disk" } };
    yield { kind: "row", row };
  }
  yield { kind: "done", rows, files: ["out/comparison.json"] };
}

export async function* demo({ quick = false, overrides = {} }: DemoOptions): AsyncGenerator<DemoEvent> {
  const folder = String(overrides.output_dir ?? "out/demo");
  const methods = quick ? ["full", "lora", "qlora"] : ["full", "gradual", "lora", "qlora", "adapter"];
  const rows: DemoRow[] = [];
  for await (const event of compare("", { methods })) {
    if (event.kind !== "done") yield event;
    if (event.kind === "row") {
      const off = { lora: 0, adapter: 0, qlora: 0.02 }[event.row.method];
      rows.push({ row: event.row, forgetting: off === undefined ? 1.25 : -0.5, ...(off !== undefined && { off }) });
    }
  }
  const prediction = {
    index: 0,
    text: "No\n  warranty.",
    label: "Warranty",
    score: 0.916,
    probabilities: { Warranty: 0.916 },
  };
  const predictions = ["Warranty", "Liability"].map((label) => ({ prediction, label, where: "MIT.txt:9 § Warranty" }));
  const files = [`${folder}/comparison.json`, `${folder}/comparison.svg`];
  yield { kind: "done", rows, files, baseLoss: 2.345, predictions, adapter: `${folder}/lora` };
}

export { scoresOfRow } from "../../src/events/reports.ts";

export const environment = async () => ({
  lowrank: "0.1.0",
  memory_bytes: 8e9,
  execution_providers: ["cpu", "webgpu"],
});
