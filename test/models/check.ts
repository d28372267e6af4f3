import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { backward } from "../../src/autodiff/backward.ts";
import { type Checkpoint, readCheckpoint } from "../../src/checkpoint/checkpoint.ts";
import { evaluate } from "../../src/ir/evaluate.ts";
import type { Graph } from "../../src/ir/graph.ts";
import type { Tensor } from "../../src/ir/types.ts";
import { verify } from "../../src/ir/verify.ts";
import type { Architecture, TaskType } from "../../src/models/architecture.ts";
import { emitOnnx } from "../../src/onnx/emit.ts";
import { crossEntropy } from "../../src/ops/cross-entropy.ts";
import { linearModules } from "../../src/peft/targets.ts";
import { openSession } from "../../src/session/node.ts";
import type { RuntimeTensor } from "../../src/session/session.ts";
import { toRuntime } from "../ops/check.ts";
import { randn } from "../tensors.ts";

const LABELS = 3;
const TASKS: readonly TaskType[] = ["SEQ_CLS", "TOKEN_CLS"];

/** What the checks read of a tiny `config.json`; the rest is the architecture's. */
export interface TinyConfig {
  readonly vocab_size: number;
  readonly pad_token_id: number;
  readonly [key: string]: unknown;
}

/** Rows of token ids of different lengths, and a label for each row, or a list of labels for each of its tokens. */
interface Rows {
  readonly ids: readonly (readonly number[])[];
  readonly labels: readonly (number | readonly number[])[];
}

/** A `test/parity/fixtures/<name>/expected.json`, as far as it is read here: the first of its training steps. */
interface Expected {
  readonly labels: readonly string[];
  readonly pad_token_id: number;
  readonly train: Rows;
  readonly methods: { readonly full: FirstStep };
}

interface FirstStep {
  readonly initial_logits: readonly (number | readonly number[])[][];
  readonly losses: readonly number[];
  readonly grad_norms: readonly number[];
}

/** What the checks are given of an architecture. */
export interface Family {
  readonly config: TinyConfig;
  /** Checkpoints with what transformers gets of them: `test/parity/fixtures/<name>`. */
  readonly fixtures: readonly string[];
  /** SEQ_CLS: where the model's own dropout acts, outside the layers and in the first. */
  readonly dropouts: readonly string[];
  /** Embeddings whose row of the padding's id never learns: PyTorch's `padding_idx`. */
  readonly padded: readonly string[];
}

/** What holds for every architecture. */
export function checkArchitecture(architecture: Architecture, { config, fixtures, dropouts, padded }: Family): void {
  test.each(fixtures)("%s: logits, loss and gradient norm are those of transformers", async (name) => {
    const folder = `test/parity/fixtures/${name}`;
    const expected = JSON.parse(readFileSync(`${folder}/expected.json`, "utf8")) as Expected;
    const task = name.endsWith("-tokens") ? "TOKEN_CLS" : "SEQ_CLS";
    const checkpoint = await readCheckpoint(folder);
    const graph = architecture.build(checkpoint.config, task, expected.labels.length);
    expect(shapesOf(graph)).toEqual(shapesIn(checkpoint));

    const rows = { ids: expected.train.ids.slice(0, 8), labels: expected.train.labels.slice(0, 8) };
    const feeds = { ...collate(rows, expected.pad_token_id), ...(await weightsOf(graph, checkpoint)) };
    const { initial_logits, losses, grad_norms } = expected.methods.full;
    const wanted = initial_logits.flat(2);
    const real = (logits: Tensor): number[] => (task === "SEQ_CLS" ? [...logits.data] : realRows(logits, rows.ids));
    const [logits] = evaluate(graph, [graph.outputs.get("logits")!], feeds);
    expectClose(real(logits!), wanted, "logits of the evaluator", 1e-5);

    addTraining(graph);
    const results = await runOnEngine(graph, feeds);
    expectClose(real(results.logits!), wanted, "logits of the engine", 1e-5);
    const count = rows.labels.flat().filter((label) => label !== -100).length;
    expectClose([results.loss!.data[0]! / count], [losses[0]!], "loss", 1e-5);
    const squares = graph.params.map(({ origin: { name } }) => results[name]!.data.reduce((sum, x) => sum + x * x, 0));
    expectClose([Math.sqrt(squares.reduce((a, b) => a + b)) / count], [grad_norms[0]!], "gradient norm", 1e-5);
  });

  test.each(TASKS)("%s: the engine agrees with the float64 evaluator on the loss and every gradient", async (task) => {
    const graph = architecture.build(config, task, LABELS);
    addTraining(graph);
    verify(graph);
    const feeds = { ...collate(randomRows(task, config.vocab_size), 0, 2), ...randomWeights(graph) };
    const { logits: _, ...outputs } = Object.fromEntries(graph.outputs); // those of padding are nobody's business
    const expected = evaluate(graph, Object.values(outputs), feeds);
    const actual = await runOnEngine(graph, feeds);
    Object.keys(outputs).forEach((name, i) => {
      expect(actual[name]!.shape, name).toEqual(expected[i]!.shape);
      expectClose(actual[name]!.data, expected[i]!.data, name, 2e-5);
    });
  });

  test("the padding's row of an embedding does not learn where transformers says so", () => {
    const graph = architecture.build(config, "SEQ_CLS", LABELS);
    addTraining(graph);
    const feeds = { ...collate(randomRows("SEQ_CLS", config.vocab_size), 0, 2), ...randomWeights(graph) };
    const tables = [...graph.outputs.keys()].filter((name) => /embeddings\.weight$/.test(name));
    const gradients = evaluate(
      graph,
      tables.map((name) => graph.outputs.get(name)!),
      feeds,
    );
    const still = tables.filter((_, i) => {
      const { data, shape } = gradients[i]!;
      const [start, width] = [config.pad_token_id * shape[1]!, shape[1]!];
      return data.subarray(start, start + width).every((x) => x === 0);
    });
    expect(still).toEqual(padded);
  });

  test("the model's own dropout is where transformers has it, and only when asked for", () => {
    const namesOf = (modelDropout: boolean): string[] =>
      architecture
        .build(config, "SEQ_CLS", LABELS, { modelDropout })
        .inputs.flatMap(({ origin }) => (origin.kind === "input" && origin.fill ? [origin.name] : []));
    const inFurtherLayers = (name: string): boolean => /\.[1-9]\d*\./.test(name);
    expect(namesOf(true).filter((name) => !inFurtherLayers(name))).toEqual(dropouts);
    expect(namesOf(false)).toEqual([]);
  });

  describe("names of modules", () => {
    const graphs = TASKS.map((task) => architecture.build(config, task, LABELS));
    const modules = linearModules(graphs[0]!);
    const parameters = graphs[0]!.params.map(({ origin: { name } }) => name);
    const { adapterSites, layers, basePrefix, targetModules, heads, trainedHeads } = architecture;

    test("the base model's and the heads' parameters make up the model", () => {
      const under = (prefix: string) => (name: string) => name.startsWith(`${prefix}.`);
      for (const graph of graphs) {
        const names = graph.params.map(({ origin: { name } }) => name);
        const strays = names.filter((name) => ![basePrefix, ...heads].some((prefix) => under(prefix)(name)));
        expect(strays).toEqual([]);
      }
      for (const head of trainedHeads) expect(parameters.some(under(head)), head).toBe(true);
    });

    test("adapter sites and LoRA targets are linear layers of the first layer", () => {
      const inside = modules.filter((path) => path.startsWith(`${layers}.0.`));
      for (const site of Object.keys(adapterSites)) expect(inside).toContain(`${layers}.0.${site}`);
      for (const target of targetModules) expect(inside.filter((path) => path.endsWith(`.${target}`))).toHaveLength(1);
    });
  });
}

/** Adds the loss and the gradient of every parameter to the outputs. */
function addTraining(graph: Graph): void {
  const logits = graph.outputs.get("logits")!;
  const labels = graph.input("labels", { dtype: "int64", shape: [logits.shape[0]!] });
  const loss = crossEntropy(logits, labels);
  const seed = graph.constant({ dtype: "float32", shape: [] }, [1]);
  graph.outputs.set("loss", loss);
  const { params } = graph;
  backward(loss, params, seed).forEach((gradient, i) => {
    const { name } = params[i]!.origin;
    expect(gradient, `gradient of ${name}`).toBeDefined();
    graph.outputs.set(name, gradient!);
  });
}

/** Inputs and labels as tensors, padded on the right; token types count through `types`. */
function collate({ ids, labels }: Rows, pad: number, types = 1): Record<string, Tensor> {
  const seq = Math.max(...ids.map((row) => row.length));
  const padded = (row: readonly number[], fill: number): number[] => [...row, ...Array(seq - row.length).fill(fill)];
  const tensor = (rows: readonly (readonly number[])[], fill: number): Tensor => ({
    data: Float64Array.from(rows.flatMap((row) => padded(row, fill))),
    shape: [rows.length, seq],
  });
  const targets = labels.flatMap((label) => (typeof label === "number" ? [label] : padded(label, -100)));
  return {
    input_ids: tensor(ids, pad),
    attention_mask: tensor(
      ids.map((row) => row.map(() => 1)),
      0,
    ),
    token_type_ids: tensor(
      ids.map((row) => row.map((_, i) => i % types)),
      0,
    ),
    labels: { data: Float64Array.from(targets), shape: [targets.length] },
  };
}

/** Three rows, the longest first; the padding's id also stands among the real tokens. */
function randomRows(task: TaskType, vocab: number): Rows {
  const ids = [9, 4, 6].map((length, row) => Array.from({ length }, (_, i) => (5 * row + 3 * i + 1) % vocab));
  const label = (i: number): number => i % LABELS;
  return { ids, labels: ids.map((row, i) => (task === "SEQ_CLS" ? label(i) : row.map((_, j) => label(i + j)))) };
}

function randomWeights(graph: Graph): Record<string, Tensor> {
  return Object.fromEntries(
    graph.params.map(({ origin: { name }, shape }) => [name, randn(name, shape as number[], 0.5)]),
  );
}

async function weightsOf(graph: Graph, checkpoint: Checkpoint): Promise<Record<string, Tensor>> {
  const weights: Record<string, Tensor> = {};
  for (const { origin, shape } of graph.params) {
    weights[origin.name] = {
      data: Float64Array.from(await checkpoint.readFloat32(origin.name)),
      shape: shape as number[],
    };
  }
  return weights;
}

/** Parameters and their shapes. */
const shapesOf = (graph: Graph): Record<string, unknown> =>
  Object.fromEntries(graph.params.map(({ origin: { name }, shape }) => [name, shape]));

const shapesIn = ({ tensors }: Checkpoint): Record<string, unknown> =>
  Object.fromEntries([...tensors].map(([name, { shape }]) => [name, shape]));

/** The graph's outputs on ONNX Runtime. */
async function runOnEngine(graph: Graph, feeds: Record<string, Tensor>): Promise<Record<string, Tensor>> {
  const model = emitOnnx(graph);
  const session = await openSession(model, { weights: new Map(), threads: 1 });
  try {
    const inputs = model.inputs.map(({ name, type }) => [name, toRuntime(type.dtype, feeds[name]!)]);
    const results = await session.run(Object.fromEntries(inputs));
    const tensor = ({ data, shape }: RuntimeTensor): Tensor => ({
      data: Float64Array.from(data as Float32Array),
      shape,
    });
    return Object.fromEntries(Object.entries(results).map(([name, result]) => [name, tensor(result)]));
  } finally {
    await session.close();
  }
}

/** The logits of real tokens: `[batch*seq, labels]` without the rows of padding. */
function realRows({ data, shape }: Tensor, ids: Rows["ids"]): number[] {
  const labels = shape[1]!;
  const seq = shape[0]! / ids.length;
  return ids.flatMap((row, i) => [...data.subarray(i * seq * labels, (i * seq + row.length) * labels)]);
}

/** The largest difference is below `tolerance`, relative to the largest number where that is above 1. */
function expectClose(actual: ArrayLike<number>, wanted: ArrayLike<number>, what: string, tolerance: number): void {
  expect(actual.length, `length of ${what}`).toBe(wanted.length);
  const size = Math.max(1, ...Array.from(wanted, Math.abs));
  const gap = Math.max(...Array.from(actual, (x, i) => Math.abs(x - wanted[i]!)));
  expect(gap / size, what).toBeLessThan(tolerance);
}
