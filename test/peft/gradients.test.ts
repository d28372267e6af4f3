import { describe, expect, test } from "vitest";
import { gradientOf, LOSS_SCALE, trainingGraph } from "../../src/autodiff/training-graph.ts";
import { evaluate } from "../../src/ir/evaluate.ts";
import { type Graph, nodeOf, type Value } from "../../src/ir/graph.ts";
import type { Tensor } from "../../src/ir/types.ts";
import { verify } from "../../src/ir/verify.ts";
import { emitOnnx } from "../../src/onnx/emit.ts";
import { detach } from "../../src/ops/core/barrier.ts";
import { type Pass, runPasses } from "../../src/passes/pass.ts";
import { quantize } from "../../src/passes/quantize.ts";
import { rewrite } from "../../src/passes/rewrite.ts";
import { type HoulsbyConfig, houlsby } from "../../src/peft/houlsby.ts";
import { type Ia3Config, ia3 } from "../../src/peft/ia3.ts";
import { type LoraConfig, lora } from "../../src/peft/lora.ts";
import type { Scheme } from "../../src/quant/schemes/index.ts";
import { openSession } from "../../src/session/node/index.ts";
import { lossOf } from "../models/running.ts";
import { toRuntime } from "../ops/check.ts";
import { dot, randn } from "../tensors.ts";
import { classificationLoss, feedsOf, tinyBert, tinyLlama } from "../tiny.ts";

const STEP = 1e-5;
const HEADS = ["pooler", "classifier"];

const LORA: LoraConfig = { r: 2, loraAlpha: 4, targetModules: ["query", "value"], modulesToSave: ["classifier"] };
const HOULSBY: HoulsbyConfig = {
  reductionFactor: 4,
  nonLinearity: "swish",
  layers: "bert.encoder.layer",
  sites: { "attention.output.dense": "attention.output", "output.dense": "output" },
  modulesToSave: ["classifier"],
};
const IA3: Ia3Config = { targetModules: ["key", "value", "output.dense"], feedforwardModules: ["output.dense"] };
const everywhere: LoraConfig = { ...LORA, targetModules: "all-linear", loraDropout: 0.25 };
const dora: LoraConfig = { ...LORA, targetModules: ["key", "output.dense"], useDora: true };
const pack = (scheme: Scheme): Pass => quantize(scheme, HEADS);
const fourBit = (type: "nf4" | "fp4", doubleQuant: boolean): Pass => pack({ type, blockSize: 64, doubleQuant });

/** Each method on each kind of base. */
const METHODS: readonly (readonly [name: string, passes: readonly Pass[]])[] = [
  ["lora", [lora(LORA)]],
  ["lora everywhere, with dropout and biases", [lora({ ...everywhere, bias: "all", useRslora: true })]],
  ["dora", [lora(dora)]],
  ["dora with dropout", [lora({ ...dora, loraDropout: 0.25 })]],
  ["houlsby", [houlsby(HOULSBY)]],
  ["houlsby with GELU", [houlsby({ ...HOULSBY, nonLinearity: "gelu" })]],
  ["ia3", [ia3(IA3)]],
  ["ia3 on nf4", [ia3(IA3), fourBit("nf4", true)]],
  ["lora on nf4", [lora(everywhere), fourBit("nf4", false)]],
  ["lora on nf4, double quantization", [lora(everywhere), fourBit("nf4", true)]],
  ["lora on fp4", [lora(everywhere), fourBit("fp4", false)]],
  ["lora on int8", [lora(everywhere), pack({ type: "int8" })]],
  ["dora on nf4", [lora(dora), fourBit("nf4", true)]],
  ["dora on int8", [lora(dora), pack({ type: "int8" })]],
  ["houlsby on nf4", [houlsby(HOULSBY), fourBit("nf4", true)]],
];

interface Step {
  readonly graph: Graph;
  readonly feeds: Record<string, Tensor>;
}

/** A training step of the method on a tiny BERT, and something to feed it. */
function stepOf(passes: readonly Pass[]): Step {
  const graph = trainingGraph(runPasses(tinyBert(), passes, { training: true }), classificationLoss);
  verify(graph);
  return { graph, feeds: feedsOf(graph, { batch: 3, seq: 4 }) };
}

/** A training step of LoRA on the output layer of a tiny decoder, whose dropout mask stays the same. */
function outputStepOf(tied: boolean, loraDropout: number): Step {
  const passes = [lora({ ...LORA, targetModules: ["q_proj", "lm_head"], modulesToSave: [], loraDropout })];
  const graph = trainingGraph(runPasses(tinyLlama(tied), passes, { training: true }), lossOf);
  verify(graph);
  const feeds = feedsOf(graph, { batch: 3, seq: 4, rows: 5 }, 7);
  feeds.attention_mask = { shape: [3, 4], data: new Float64Array(12).fill(1) };
  return { graph, feeds };
}

/** Each kind of output layer, without and with dropout. */
const OUTPUTS = [false, true].flatMap((tied) =>
  [0, 0.25].map((p): [string, Step] => [
    `lora on ${tied ? "a tied" : "an"} output layer, dropout ${p}`,
    outputStepOf(tied, p),
  ]),
);

/** The graph with an input in the place of each detached value, which so stays what it is at `feeds`. */
function holdDetached(graph: Graph, feeds: Record<string, Tensor>): { held: Graph; feeds: Record<string, Tensor> } {
  const isDetached = (value: Value): boolean => nodeOf(value)?.op === detach.op;
  const values = evaluate(graph, graph.values.filter(isDetached), feeds);
  let count = 0;
  const held = rewrite(graph, { node: (y) => (isDetached(y) ? y.graph.input(`detached.${count++}`, y) : y) });
  return { held, feeds: { ...feeds, ...Object.fromEntries(values.map((value, i) => [`detached.${i}`, value])) } };
}

describe.each([...METHODS.map(([name, passes]) => [name, stepOf(passes)] as const), ...OUTPUTS])(
  "%s",
  (_, { graph, feeds }) => {
    const trainable = graph.params.filter(({ origin }) => origin.trainable).map(({ origin }) => origin.name);

    test("every trainable parameter has a gradient, and it agrees with finite differences through the whole model", () => {
      expect([...graph.outputs.keys()]).toEqual(["loss", ...trainable.map(gradientOf)]);
      const { held, feeds: at } = holdDetached(graph, feeds);
      const gradients = evaluate(graph, trainable.map((name) => graph.outputs.get(gradientOf(name))!), feeds); // biome-ignore format: a row
      trainable.forEach((name, i) => {
        const { data, shape } = at[name]!;
        const u = randn(`along ${name}`, shape).data;
        const lossAt = (step: number): number => {
          const moved = { shape, data: data.map((w, k) => w + step * u[k]!) };
          return evaluate(held, [held.outputs.get("loss")!], { ...at, [name]: moved })[0]!.data[0]!;
        };
        const numeric = ((lossAt(STEP) - lossAt(-STEP)) / (2 * STEP)) * feeds[LOSS_SCALE]!.data[0]!;
        const error = Math.abs(dot(gradients[i]!.data, u) - numeric) / Math.max(1e-3, Math.abs(numeric));
        expect(error, name).toBeLessThan(1e-5);
        const length = Math.hypot(...gradients[i]!.data);
        expect(length > 1e-9, name).toBe(!/self\.key\.bias/.test(name)); // softmax takes no notice of key.bias
      });
    });

    test("the engine agrees with the evaluator on the loss and every gradient", async () => {
      const names = [...graph.outputs.keys()];
      const expected = evaluate(graph, [...graph.outputs.values()], feeds);
      const model = emitOnnx(graph);
      const session = await openSession(model, { weights: new Map(), threads: 1 });
      const inputs = model.inputs.map(({ name, type }) => [name, toRuntime(type.dtype, feeds[name]!)]);
      const actual = await session.run(Object.fromEntries(inputs));
      await session.close();
      names.forEach((name, i) => {
        const wanted = expected[i]!;
        expect(actual[name]!.shape, name).toEqual(wanted.shape);
        const size = Math.max(1, ...wanted.data.map(Math.abs));
        wanted.data.forEach((x, k) => {
          expect(Math.abs(Number(actual[name]!.data[k]) - x) / size, `${name}[${k}]`).toBeLessThan(2e-5);
        });
      });
    });
  },
);

test("what is detached passes no gradient: DoRA's is that of a row length that stands still", () => {
  const { graph, feeds } = stepOf([lora(dora)]);
  const { held, feeds: at } = holdDetached(graph, feeds);
  const name = "bert.encoder.layer.0.attention.self.key.lora_A.weight";
  const { data, shape } = feeds[name]!;
  const u = randn("u", shape).data;
  const slope = (graph: Graph, feeds: Record<string, Tensor>): number => {
    const lossAt = (step: number): number => {
      const moved = { shape, data: data.map((w, k) => w + step * u[k]!) };
      return evaluate(graph, [graph.outputs.get("loss")!], { ...feeds, [name]: moved })[0]!.data[0]!;
    };
    return (lossAt(STEP) - lossAt(-STEP)) / (2 * STEP);
  };
  expect(Math.abs(slope(graph, feeds) - slope(held, at))).toBeGreaterThan(1e-4);
});
