import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { InferenceSession } from "onnxruntime-common";
import * as ort from "onnxruntime-node";
import { Graph } from "../../src/ir/graph.ts";
import { type EmittedModel, emitOnnx } from "../../src/onnx/emit.ts";
import { ENGINE, WEBGPU } from "../../src/onnx/target.ts";
import { relu } from "../../src/ops/nn/relu.ts";
import type { RuntimeTensor } from "../../src/session/session.ts";
import { fedTo, type Tensors } from "../ops/check.ts";
import { integerNodes } from "./host-nodes.ts";

/** Results of a run. */
export interface Run {
  readonly outputs: Tensors;
  /** Copies of values from the device to the host in the middle of the run. */
  readonly downloads: number;
  /** Nodes that the host computed though they depend on more than integer inputs, constants and shapes: `Cos (Cos_12)`. */
  readonly strays: readonly string[];
}

/** Targets by the name of the execution provider. */
const TARGETS = { cpu: ENGINE, webgpu: WEBGPU };

function open(provider: keyof typeof TARGETS, { bytes }: EmittedModel, profile?: string): Promise<InferenceSession> {
  return ort.InferenceSession.create(bytes, {
    executionProviders: [provider],
    graphOptimizationLevel: "all",
    executionMode: "sequential",
    enableMemPattern: false,
    intraOpNumThreads: 1,
    logSeverityLevel: 3,
    ...(profile !== undefined && { enableProfiling: true, profileFilePrefix: profile }),
  });
}

/** While one session is open, the device stays, and with it every shader that was compiled for it. */
let keeper: Promise<InferenceSession> | undefined;

function keepDevice(): Promise<InferenceSession> {
  const graph = new Graph();
  graph.outputs.set("y", relu(graph.input("x", { dtype: "float32", shape: [1] })));
  keeper ??= open("webgpu", emitOnnx(graph, WEBGPU));
  return keeper;
}

/** Runs a graph on an execution provider. */
export async function runOn(provider: keyof typeof TARGETS, graph: Graph, feeds: Tensors): Promise<Run> {
  if (provider === "webgpu") await keepDevice();
  const model = emitOnnx(graph, TARGETS[provider]);
  const folder = mkdtempSync(join(tmpdir(), "lowrank-webgpu-"));
  const session = await open(provider, model, join(folder, "profile"));
  try {
    const inputs = Object.entries(fedTo(model, feeds)).map(([name, tensor]) => [name, toOrt(tensor)]);
    const results = await session.run(Object.fromEntries(inputs), [...new Set(model.outputs.values())]);
    session.endProfiling();
    const outputs = [...model.outputs].map(([name, tensor]) => [name, fromOrt(results[tensor]!)]);
    const nodes = profiled(folder);
    const downloads = nodes.filter(({ op }) => op === "MemcpyToHost").length;
    return { outputs: Object.fromEntries(outputs), downloads, strays: straysAmong(nodes, model) };
  } finally {
    await session.release();
    rmSync(folder, { recursive: true });
  }
}

const toOrt = ({ data, dtype, shape }: RuntimeTensor): ort.Tensor =>
  new ort.Tensor((data instanceof Uint16Array ? "uint16" : dtype) as "float32", data as Float32Array, shape);

const fromOrt = ({ data, type, dims }: ort.Tensor): RuntimeTensor => ({
  dtype: type as RuntimeTensor["dtype"],
  shape: dims,
  data: data as Float32Array,
});

/** A node that ran. */
interface Profiled {
  readonly name: string;
  readonly op: string;
  readonly provider: string;
}

/** An entry of a profile. */
interface Entry {
  readonly cat: string;
  readonly name: string;
  readonly args?: { readonly op_name?: string; readonly provider?: string };
}

function profiled(folder: string): Profiled[] {
  const [file = ""] = readdirSync(folder);
  const entries = JSON.parse(readFileSync(join(folder, file), "utf8")) as Entry[];
  return entries.flatMap(({ cat, name, args: { op_name: op, provider } = {} }) =>
    cat === "Node" && op && provider ? [{ name: name.replace(/_kernel_time$/, ""), op, provider }] : [],
  );
}

function straysAmong(nodes: readonly Profiled[], model: EmittedModel): string[] {
  const allowed = integerNodes(model);
  return nodes
    .filter(({ name, provider }) => provider === "CPUExecutionProvider" && !allowed.has(name))
    .map(({ name, op }) => `${op} (${name})`);
}
