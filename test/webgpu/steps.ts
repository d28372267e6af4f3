import { readdirSync, readFileSync } from "node:fs";
import { evaluationGraph, stepGraph } from "../../src/assemble/graphs.ts";
import type { Example } from "../../src/examples/examples.ts";
import type { PackedExample } from "../../src/examples/packing.ts";
import type { Graph } from "../../src/ir/graph.ts";
import type { Tensor } from "../../src/ir/types.ts";
import type { Architecture } from "../../src/models/parts/architecture.ts";
import type { GraphSource } from "../../src/prepared/prepared.ts";
import { Random } from "../../src/random.ts";
import { resolveRecipe } from "../../src/recipe/resolve.ts";
import type { RuntimeTensor } from "../../src/session/session.ts";
import { embeds, type TaskType } from "../../src/task-types/index.ts";
import { feedsOf } from "../../src/tasks/feeds.ts";
import { tokenScoringGraph } from "../../src/tasks/token-scores.ts";
import { LABELS, randomRows } from "../models/rows.ts";
import { type Tensors, toRuntime } from "../ops/check.ts";
import { fixture, type Keys, recipeOf } from "../running.ts";
import { feedsOf as randomFeeds } from "../tiny.ts";

/** Keys of a configuration that hold the number of layers. */
const DEPTHS = ["num_hidden_layers", "n_layer", "n_layers"];

type Config = Readonly<Record<string, unknown>> & { readonly vocab_size: number };

/** Configurations of the fixtures, by model type. */
const CONFIGS: ReadonlyMap<string, Config> = new Map(
  readdirSync(fixture(""), { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith("/config.json"))
    .sort()
    .map((path) => JSON.parse(readFileSync(fixture(path), "utf8")) as Config)
    .filter(({ vocab_size: vocab }) => vocab !== undefined)
    .map((config) => [String(config.model_type), config]),
);

/** Configuration of a family's fixture, with one layer. @throws {RangeError} for a family without a fixture. */
export function configOf({ modelType }: Architecture): Config {
  const config = CONFIGS.get(modelType);
  if (!config) throw new RangeError(`no fixture is a ${modelType}`);
  const depths = DEPTHS.filter((key) => key in config).map((key) => [key, 1]);
  const { layer_types: types } = config;
  return { ...config, ...Object.fromEntries(depths), ...(Array.isArray(types) && { layer_types: types.slice(0, 1) }) };
}

/** Random weights times this leave scores of attention small: of a saturated softmax, gradients are rounding errors. */
const SHARE = 0.3;

const times = ({ data, shape }: Tensor, by: number): Tensor => ({ data: data.map((x) => by * x), shape });

/** A graph, and all that it reads. */
export interface Fed {
  readonly graph: Graph;
  readonly feeds: Tensors;
}

/** Source of the graphs of a family of one layer. */
function sourceOf(architecture: Architecture, keys: Keys, config: Config): GraphSource {
  const recipe = resolveRecipe(recipeOf({ task_type: taskOf(architecture), lora_dropout: 0.1, ...keys }));
  return { recipe, architecture, config, labels: LABELS };
}

/** A training step of a family of one layer, with random weights. @param examples Rows of the step; default: random ones. */
export function stepOf(architecture: Architecture, keys: Keys, examples?: readonly Example[]): Fed {
  const config = configOf(architecture);
  const source = sourceOf(architecture, keys, config);
  const { task_type: task, packing } = source.recipe;
  const graph = stepGraph(source);
  const rows = examples ?? examplesOf(task, config.vocab_size, packing);
  const { tensors, batch } = feedsOf(graph, rows, 0, Random.seed(1));
  const lengthOf = (input: string): number => tensors[input]?.shape[0] ?? 0;
  const lengths = {
    ...{ batch: batch.batch, seq: batch.seq },
    ...{ rows: lengthOf("label_rows") || lengthOf("anchors"), documents: lengthOf("documents") },
  };
  return { graph, feeds: { ...randomOf(graph, lengths), ...tensors } };
}

/** The graph by which a family scores texts, its vocabulary cut into chunks. */
export function scoringOf(architecture: Architecture): Fed {
  const source = sourceOf(architecture, {}, { ...configOf(architecture), vocab_size: 9000 });
  const graph = tokenScoringGraph(evaluationGraph(source));
  return { graph, feeds: withMask(randomOf(graph, { batch: 2, seq: 5, rows: 4 })) };
}

/** The graph by which a family generates, after `past` tokens. */
export function generationOf(architecture: Architecture, past: number): Fed {
  const graph = evaluationGraph(sourceOf(architecture, {}, configOf(architecture)), { cache: true });
  return { graph, feeds: withMask(randomOf(graph, { batch: 2, seq: 3, rows: 2, past, total: past + 3 })) };
}

const withMask = ({ attention_mask: mask, ...feeds }: Tensors): Tensors => ({
  ...feeds,
  attention_mask: { ...mask!, data: new BigInt64Array(mask!.data.length).fill(1n) },
});

/** Random weights and inputs of a graph. */
function randomOf(graph: Graph, lengths: Readonly<Record<string, number>>): Tensors {
  const random = randomFeeds(graph, lengths);
  const feeds: Record<string, RuntimeTensor> = {};
  for (const { origin, shape, dtype } of [...graph.inputs, ...graph.params]) {
    if (origin.kind !== "input" && origin.kind !== "param") continue;
    const { name } = origin;
    const isMatrix = origin.kind === "param" && (shape.length > 1 || origin.quantized !== undefined);
    const isScaled = isMatrix && dtype === "float32";
    feeds[name] = toRuntime(dtype, isScaled ? times(random[name]!, SHARE) : random[name]!);
  }
  return feeds;
}

/** The task that a family is tested with, unless a recipe names one. */
export const taskOf = ({ tasks }: Architecture): TaskType =>
  tasks.find((task) => task === "SEQ_CLS" && !tasks.includes("CAUSAL_LM")) ?? "CAUSAL_LM";

/** Texts, or rows of several, for a task; two documents in each row of packed ones. */
function examplesOf(task: TaskType, vocab: number, packing: boolean): (Example | PackedExample)[] {
  const { ids, labels } = randomRows(task, vocab);
  return ids.map((row, i) => {
    const example = { ids: Int32Array.from(row), where: `row ${i}` };
    const label = labels[i]!;
    if (embeds(task))
      return {
        ...example,
        ids: Int32Array.from([...row, ...row.slice(1)]),
        ends: Int32Array.of(row.length, 2 * row.length - 1),
      };
    if (typeof label === "number") return { ...example, label };
    const labelled = { ...example, labels: Int32Array.from(label) };
    if (!packing) return labelled;
    const place = (at: number): number => (at < 2 ? at : at - 2);
    return {
      ...labelled,
      documents: labelled.ids.map((_, at) => (at < 2 ? 1 : 2)),
      positions: labelled.ids.map((_, at) => place(at)),
    };
  });
}
