import { existsSync, readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { evaluationGraph, stepGraph } from "../../src/assemble/graphs.ts";
import { openBase, prepare, weightsOf } from "../../src/assemble/prepare.ts";
import { LOSS_SCALE } from "../../src/autodiff/training-graph.ts";
import { CPU } from "../../src/devices/engine.ts";
import { Graph, nodeOf } from "../../src/ir/graph.ts";
import { print } from "../../src/ir/print.ts";
import { NOISE } from "../../src/passes/neftune.ts";
import type { Prepared } from "../../src/prepared/prepared.ts";
import { Random } from "../../src/random.ts";
import type { Session } from "../../src/session/session.ts";
import { feedsOf } from "../../src/tasks/feeds.ts";
import { optimizerOf } from "../../src/training/optimizer.ts";
import { accumulate } from "../../src/training/steps.ts";
import { recipeOf } from "../../src/verbs/model.ts";
import { bytesOf, expectResumedAlike, fixture, type Keys, rowsOf, runHere, temporary } from "../running.ts";

const LABELS = { 0: "no", 1: "yes" };
const causal: Keys = { model_name_or_path: fixture("causal/llama"), task_type: "CAUSAL_LM", max_length: 48 };
const example = (...ids: number[]) => ({ ids: Int32Array.from(ids), label: ids.length % 2, where: "" });
const examples = [example(2, 7, 9, 3), example(2, 8, 3)];

async function prepared(keys: Keys): Promise<Prepared> {
  const recipe = recipeOf({ model_name_or_path: fixture("bert"), dataset_name: "none", lora_dropout: 0, ...keys });
  return prepare(recipe, await openBase(recipe), undefined, LABELS);
}

const noiseOf = (graph: Graph, seed: number, seq?: number): Float32Array =>
  feedsOf(graph, examples, 0, Random.seed(seed), seq).tensors[NOISE]!.data as Float32Array;

interface Bound {
  readonly alpha: number;
  readonly batch: number;
  readonly length: number;
  readonly width: number;
  readonly bound: number;
}

describe("noise", () => {
  test.each<Bound>(JSON.parse(readFileSync(fixture("losses/neftune.json"), "utf8")))(
    "lies evenly between the bounds of transformers' hook: $alpha, $length × $width",
    ({ alpha, length, width, bound }) => {
      const graph = new Graph();
      graph.input(NOISE, { dtype: "float32", shape: ["batch*seq", width] }, { kind: "noise", alpha });
      const rows = Array.from({ length: 300 }, () => example(...Array.from({ length }, () => 1)));
      const noise = feedsOf(graph, rows, 0, Random.seed(1)).tensors[NOISE]!.data as Float32Array;
      expect(noise.length).toBe(300 * length * width);
      const [low, high] = noise.reduce(([low, high], x) => [Math.min(low, x), Math.max(high, x)], [0, 0] as [
        number,
        number,
      ]);
      expect(high).toBeLessThanOrEqual(bound * (1 + 1e-6));
      expect(high).toBeGreaterThan(0.99 * bound);
      expect(low).toBeGreaterThanOrEqual(-bound * (1 + 1e-6));
      expect(low).toBeLessThan(-0.99 * bound);
      const mean = (of: (x: number) => number) => noise.reduce((sum, x) => sum + of(x), 0) / noise.length;
      expect(Math.abs(mean((x) => x)) / bound).toBeLessThan(0.04);
      expect(mean((x) => x * x) / bound ** 2).toBeCloseTo(1 / 3, 1);
    },
  );

  test("is that of the seed, and its size that of the whole micro-batch", async () => {
    const graph = stepGraph((await prepared({ neftune_noise_alpha: 5 })).source);
    expect(noiseOf(graph, 1)).toEqual(noiseOf(graph, 1));
    expect(noiseOf(graph, 1)).not.toEqual(noiseOf(graph, 2));
    const [own, longer] = [noiseOf(graph, 1), noiseOf(graph, 1, 16)]; // four tokens, and a micro-batch of sixteen
    longer.forEach((x, i) => void expect(x).toBeCloseTo(own[i]! / 2, 6));
  });

  test("of a micro-batch that is cut has the same bounds in each part", async () => {
    const model = await prepared({ neftune_noise_alpha: 5 });
    const graph = stepGraph(model.source);
    const largest: number[] = [];
    const session: Session = {
      async run({ [NOISE]: noise }) {
        largest.push((noise!.data as Float32Array).reduce((most, x) => Math.max(most, Math.abs(x)), 0));
        const results = [...graph.outputs.keys()].map((name) => [
          name,
          { dtype: "float32", shape: [1], data: Float32Array.of(1) },
        ]);
        return Object.fromEntries(results);
      },
      weightsChanged: () => {},
      close: async () => {},
    };
    const { recipe } = model.source;
    const context = { graph, session, recipe, weights: new Map(), optimizer: optimizerOf(recipe), padId: 0 };
    const rows = [40, 4].flatMap((length) =>
      Array.from({ length: 10 }, () => example(...Array.from({ length }, () => 3))),
    );
    await accumulate({ ...context, masks: () => Random.seed(0) }, [rows], 20);
    const width = graph.named(NOISE)!.shape[1] as number;
    expect(largest.map((most) => Math.round(10 * most * Math.sqrt(40 * width)))).toEqual([50, 50]);
  });

  test("does not change the masks of dropout", async () => {
    const masksOf = async (keys: Keys) => {
      const graph = stepGraph((await prepared({ lora_dropout: 0.3, ...keys })).source);
      const { [NOISE]: _, ...masks } = feedsOf(graph, examples, 0, Random.seed(3)).tensors;
      return masks;
    };
    expect(await masksOf({ neftune_noise_alpha: 5 })).toEqual(await masksOf({}));
  });
});

const FAMILIES = readdirSync(fixture("causal"))
  .filter((family) => existsSync(fixture(`causal/${family}/config.json`)))
  .map((family) => [`causal/${family}`, "CAUSAL_LM"])
  .concat(["bert", "roberta", "distilbert", "electra", "modernbert", "deberta-v2"].map((name) => [name, "SEQ_CLS"]));

test.each(FAMILIES)("%s gets it in training alone", async (name, task_type) => {
  const keys = { model_name_or_path: fixture(name!), task_type, neftune_noise_alpha: 5 };
  const { source } = await prepared(keys);
  expect(print(stepGraph(source)).split(`input ${NOISE}`)).toHaveLength(2);
  expect(print(evaluationGraph(source))).not.toContain(NOISE);
});

test("an adapter of the embedding gets noise too: it is added last", async () => {
  const { source } = await prepared({ lora_target_modules: ["word_embeddings"], neftune_noise_alpha: 5 });
  const graph = stepGraph(source);
  const noise = graph.named(NOISE)!;
  const noisy = graph.values.find((value) => nodeOf(value)?.inputs.includes(noise))!;
  const before = nodeOf(nodeOf(noisy)!.inputs.find((value) => value !== noise)!);
  expect(before?.op.name).toBe("Add"); // of the rows looked up and the update of LoRA
});

test("noise of 0 leaves loss and gradients as they are, those of the embeddings too", async () => {
  const outputsOf = async (keys: Keys) => {
    const model = await prepared({ method: "full", ...keys });
    const graph = stepGraph(model.source);
    const { weights } = await weightsOf(model, Random.seed(0));
    const session = await CPU.compile(graph, weights);
    const { tensors } = feedsOf(graph, examples, 0, Random.seed(0));
    (tensors[NOISE]?.data as Float32Array | undefined)?.fill(0);
    const results = await session.run({
      ...tensors,
      [LOSS_SCALE]: { dtype: "float32", shape: [], data: Float32Array.of(1) },
    });
    await session.close();
    return results;
  };
  const [without, silent] = [await outputsOf({}), await outputsOf({ neftune_noise_alpha: 5 })];
  expect(Object.keys(without)).toContain("gradient:bert.embeddings.word_embeddings.weight");
  expect(silent).toEqual(without);
});

describe("a run", () => {
  const keys: Keys = { method: "lora", lora_dropout: 0.2, max_steps: 2, neftune_noise_alpha: 5 };

  test("goes on from a checkpoint as if it had never stopped, and begins alike each time", async () => {
    const { once } = await expectResumedAlike({
      ...keys,
      gradient_accumulation_steps: 2,
      per_device_train_batch_size: 4,
    });
    const again = temporary();
    await runHere({
      ...keys,
      gradient_accumulation_steps: 2,
      per_device_train_batch_size: 4,
      max_steps: 4,
      output_dir: again,
    });
    expect(bytesOf(`${again}/adapter_model.safetensors`)).toBe(bytesOf(`${once}/adapter_model.safetensors`));
    expect(readFileSync(`${once}/README.md`, "utf8")).toContain("| `neftune_noise_alpha` | 5 |");
  });

  test("has noise in its steps, and none in its evaluations", async () => {
    const still: Keys = { ...keys, learning_rate: 0 };
    const [noisy, quiet] = [await runHere(still), await runHere({ ...still, neftune_noise_alpha: undefined })];
    expect(Math.abs(noisy.losses[0]! - quiet.losses[0]!)).toBeGreaterThan(1e-4);
    const [scored, expected] = [noisy, quiet].map(({ events }) => events.find(({ kind }) => kind === "eval"));
    expect(scored).toEqual(expected);
  });

  test.each<[string, Keys]>([
    ["LoRA on embeddings", { lora_target_modules: ["word_embeddings", "query"] }],
    ["full fine-tuning", { method: "full" }],
    ["weights in half precision", { dtype: "bfloat16" }],
    ["packed rows", { ...causal, packing: true }],
  ])("recomputes activations under the same noise: %s", async (_, more) => {
    const steps = async (gradient_checkpointing: boolean) =>
      (await runHere({ ...keys, ...more, gradient_checkpointing, eval_strategy: "no" }, { rows: rowsOf() })).steps;
    const [kept, again] = [await steps(false), await steps(true)];
    again.forEach(({ loss, gradNorm }, i) => {
      expect(loss).toBeCloseTo(kept[i]!.loss, 5);
      expect(gradNorm / kept[i]!.gradNorm).toBeCloseTo(1, 4);
    });
  });

  test("counts the noise in its planned memory", async () => {
    const planned = async (neftune_noise_alpha: number | undefined): Promise<number> => {
      const { events } = await runHere({ ...keys, max_steps: 1, eval_strategy: "no", neftune_noise_alpha });
      const done = events.find((event) => event.kind === "done");
      return done?.kind === "done" ? done.results.plannedMemoryBytes!.activations : 0;
    };
    expect((await planned(5)) - (await planned(undefined))).toBeGreaterThanOrEqual(2 * 4 * 8 * 12 * 8);
  });
});
