import { gradientOf } from "../../autodiff/training-graph.ts";
import type { DeviceMemoryBytes, MemoryBytes } from "../../events/events.ts";
import { type DimBindings, resolveShape } from "../../ir/dims.ts";
import type { Graph } from "../../ir/graph.ts";
import { ELEMENT_BYTES } from "../../ir/types.ts";
import type { EmittedModel } from "../../onnx/emit.ts";
import { deviceMemory } from "../../onnx/memory/device-memory.ts";
import { type EngineMemory, engineMemory } from "../../onnx/memory/engine-memory.ts";
import type { Optimizer } from "../../optim/optimizer.ts";
import type { Prepared } from "../../prepared/prepared.ts";
import type { Examples } from "../../tasks/definition.ts";
import { taskOf } from "../../tasks/index.ts";
import { passes, passTokens } from "../../tasks/passes.ts";
import { plannedRuns } from "../../tasks/runs.ts";
import { parameterBytes } from "./memory.ts";
import { startBytes } from "./start-bytes.ts";

/** Facts that determine the memory of a run. */
export interface Workload {
  readonly model: Prepared;
  /** A training step, and its form for the engine. */
  readonly graph: Graph;
  readonly emitted: EmittedModel;
  readonly examples: Examples;
  /** Numbers of the examples of each micro-batch of the run. */
  readonly batches: Iterable<readonly number[]>;
  readonly optimizer: Optimizer;
  /** Examples for evaluations between steps. */
  readonly validation: Examples | undefined;
  /** Memory of the process when model and data are checked and tokenized, and no weight is read. */
  readonly baseBytes: number;
}

/** Predicted memory of a run. */
export interface PlannedMemory {
  readonly byCategory: MemoryBytes;
  /** Bytes that an engine with a heap of its own needs there: copies of the weights and of a batch, and what a run asks for. */
  readonly heapBytes: number;
}

/**
 * Predicts the peak of a run by category, from graphs and lengths alone: no weight is read, nothing is computed, so that
 * a model may be planned that the machine could not hold.
 *
 * Weights, gradients and optimizer state follow from the parameters. Activations are what the engine's arena will have
 * touched after the passes that ask it for the most, what is fed, of two passes (what the one before was fed waits to be
 * collected), and the gradients as the engine hands them over, beside those that are added up; or, if that is more, what the
 * factorizations of a start of LoRA take before the first step.
 */
export async function plannedMemory(work: Workload): Promise<PlannedMemory> {
  const { model, optimizer, baseBytes } = work;
  const { training, scoring, largestInputs, sizes } = await partsOf(work);
  const { weights, quantizedWeights, gradients } = parameterBytes(model.graph);
  const engine = training.arena + scoring.arena;
  const sessions = training.session + scoring.session;
  const steps = engine + 2 * largestInputs + 4 * sizes.reduce((sum, size) => sum + size, 0);
  const byCategory = {
    weights,
    quantizedWeights,
    gradients,
    optimizer: sizes.reduce((sum, size) => sum + optimizer.bytesFor(size), 0),
    activations: Math.max(steps, startBytes(model.graph, model.base)),
    runtime: baseBytes + HEAP_GROWTH_BYTES + sessions,
  };
  return { byCategory, heapBytes: sessions + engine + weights + quantizedWeights + largestInputs };
}

/** Parts of a run's memory, in bytes. */
interface Parts {
  readonly training: EngineMemory;
  /** Memory of evaluations between steps. */
  readonly scoring: EngineMemory;
  /** Bytes that the largest pass is fed, weights not counted. */
  readonly largestInputs: number;
  /** Elements of each trained parameter. */
  readonly sizes: readonly number[];
}

async function partsOf(work: Workload): Promise<Parts> {
  const { model, graph, emitted, validation } = work;
  const runs = trainingRuns(work);
  const isHost = model.engine.device === "cpu";
  return {
    training: engineMemory(emitted, isHost ? runs : []),
    scoring: validation ? await scoringMemory(model, validation) : NOTHING,
    largestInputs: Math.max(...runs.map((lengths) => inputBytes(graph, lengths))),
    sizes: trainedSizes(graph),
  };
}

/** Elements of each parameter that a graph has a gradient of. */
const trainedSizes = ({ params, outputs }: Graph): number[] =>
  params.filter(({ origin }) => outputs.has(gradientOf(origin.name))).map(({ shape }) => sizeOf(shape, new Map()));

/**
 * Predicts the memory of a device, where a run has one: its weights, which training and evaluation share, and the buffers of
 * both for everything else.
 */
export async function plannedDeviceMemory(work: Workload): Promise<DeviceMemoryBytes | undefined> {
  const { model, emitted, validation } = work;
  if (model.engine.device === "cpu") return undefined;
  const isWeight = (name: string): boolean => model.graph.params.some(({ origin }) => origin.name === name);
  const { weights, activations } = deviceMemory(emitted, isWeight, trainingRuns(work));
  if (!validation) return { weights, activations };
  const { emitted: scoring, runs } = await scoringRuns(model, validation);
  return { weights, activations: activations + deviceMemory(scoring, isWeight, runs).activations };
}

/** Lengths of the first pass of training and of the heaviest. */
function trainingRuns({ model, graph, examples, batches }: Workload): DimBindings[] {
  const { recipe } = model.source;
  const task = taskOf(recipe);
  const tokens = passTokens(
    trainedSizes(graph).reduce((sum, size) => sum + size, 0),
    task,
  );
  return heaviest(eachPass(batches, examples, tokens), examples, task.draw ? recipe.mlm_probability : 1);
}

/** All categories together. */
export const totalBytes = (memory: MemoryBytes): number => Object.values(memory).reduce((sum, part) => sum + part, 0);

/**
 * Growth of JavaScript's heap and of what waits to be collected, from the first weight read to the last step: 20 MB
 * in two steps of MiniLM, up to 45 MB on a busy machine.
 */
const HEAP_GROWTH_BYTES = 24e6;

const NOTHING: EngineMemory = { session: 0, arena: 0 };

/** Memory that evaluation between steps adds: its session is open beside the one that trains. */
async function scoringMemory(model: Prepared, examples: Examples): Promise<EngineMemory> {
  const { emitted, runs } = await scoringRuns(model, examples);
  return engineMemory(emitted, model.engine.device === "cpu" ? runs : []);
}

async function scoringRuns(
  model: Prepared,
  examples: Examples,
): Promise<{ readonly emitted: EmittedModel; readonly runs: DimBindings[] }> {
  const { recipe } = model.source;
  const graph = taskOf(recipe).scoringGraph(model.graph);
  const { longest, lengths, labelled } = examples; // of rows of several texts each is scored by itself
  const single = { labelled, lengths: longest ?? lengths };
  const runs = plannedRuns(single.lengths, recipe.per_device_train_batch_size);
  return { emitted: await model.engine.emit(graph), runs: heaviest(runs, single, 1) };
}

function* eachPass(batches: Workload["batches"], { lengths }: Examples, tokens: number): Generator<readonly number[]> {
  for (const batch of batches) yield* passes(batch, (row) => lengths[row] as number, tokens);
}

/** Lengths of a pass. */
interface PassLengths {
  readonly batch: number;
  readonly seq: number;
  /** Labels that count. */
  readonly rows: number;
  /** Texts after the first of each row, where rows have several. */
  readonly documents?: number;
}

/** By what a pass may be the heaviest: its tokens, the pairs of them that attention sees, the rows whose logits are asked. */
const WEIGHTS: readonly ((lengths: PassLengths) => number)[] = [
  ({ batch, seq }) => batch * seq,
  ({ batch, seq }) => batch * seq * seq,
  ({ rows }) => rows,
];

/**
 * Lengths of the first pass and of those that are the heaviest, each once, in the order of the run.
 * @param passes Numbers of the examples of each.
 * @param share Part of the labels that one step draws.
 */
function heaviest(
  passes: Iterable<readonly number[]>,
  { lengths: all, longest = all, labelled, texts }: Pick<Examples, "lengths" | "longest" | "labelled" | "texts">,
  share: number,
): DimBindings[] {
  let most: readonly PassLengths[] = [];
  const heavier: PassLengths[] = []; // than all before them
  for (const pass of passes) {
    const seq = pass.reduce((most, row) => Math.max(most, longest[row] as number), 1);
    const rows = Math.ceil(share * pass.reduce((sum, row) => sum + (labelled[row] as number), 0));
    const batch = texts ? pass.reduce((sum, row) => sum + (texts[row] as number), 0) : pass.length;
    const lengths = { batch, seq, rows, ...(texts && { documents: batch - rows }) };
    const before = most;
    most = WEIGHTS.map((weight, by) => (before[by] && weight(before[by]) >= weight(lengths) ? before[by] : lengths));
    if (most.includes(lengths)) heavier.push(lengths);
  }
  const chosen = heavier.filter((lengths, i) => i === 0 || most.includes(lengths));
  return chosen.map((lengths) => new Map(Object.entries(lengths)));
}

const inputBytes = (graph: Graph, lengths: DimBindings): number =>
  graph.inputs.reduce((sum, { dtype, shape }) => sum + ELEMENT_BYTES[dtype] * sizeOf(shape, lengths), 0);

const sizeOf = (shape: readonly (number | string)[], lengths: DimBindings): number =>
  resolveShape(shape, lengths).reduce((n, length) => n * length, 1);
