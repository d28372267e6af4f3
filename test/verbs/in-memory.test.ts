import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import type { AdapterSource, EvalResults, Inspection, Model, Plan, Prediction } from "../../src/index.ts";
import { fixture, readJson, rowsOf, temporary } from "../running.ts";

/** The library as it ships: its training thread is compiled. */
const { embed, evaluate, inspect, loadModel, lora, plan, predict, RecipeError, TextGenerator, train } = (await import(
  join(import.meta.dirname, "../../dist/index.js")
)) as typeof import("../../src/index.ts");

const { train: rows, test: heldOut } = rowsOf() as {
  train: Record<string, unknown>[];
  test: Record<string, unknown>[];
};
const options = { data: { train: rows, test: heldOut }, maxSteps: 6, learningRate: 1e-2, warmupSteps: 0 };
const tuned = async (): Promise<Model> => (await loadModel(fixture("bert"))).with(lora({ r: 4 }));
const TMPDIR = temporary();
process.env.TMPDIR = TMPDIR;
/** Temporary files that are left, but for those of the test itself. */
const left = (): string[] => readdirSync(TMPDIR).filter((name) => !name.startsWith("lowrank-trainer-"));

/** Files of a folder, as bytes. */
const filesOf = (folder: string): Record<string, Uint8Array> =>
  Object.fromEntries(readdirSync(folder).map((name) => [name, new Uint8Array(readFileSync(join(folder, name)))]));

const texts = heldOut.map(({ text }) => String(text));

async function predictions(source: Parameters<typeof predict>[0]): Promise<Prediction[]> {
  const all: Prediction[] = [];
  for await (const prediction of predict({ ...source, texts })) all.push(prediction);
  return all;
}

describe("a model in memory", () => {
  let model: Model;
  let results: EvalResults | undefined;
  let folder: string;
  beforeAll(async () => {
    model = await tuned();
    for await (const event of train(model, options)) if (event.kind === "eval") results = event.metrics;
    folder = temporary();
    await model.save(folder);
  });

  test("is evaluated as its run evaluated it, on rows or on a split", async () => {
    expect(await evaluate(model, { data: heldOut })).toEqual(results);
    expect(await evaluate(model, { data: options.data })).toEqual(results);
    expect(await evaluate(model, { data: heldOut, maxEvalSamples: 3 })).toMatchObject({ eval_samples: 3 });
  });

  test("is evaluated by a metric of the caller's own, which reads predictions and labels", async () => {
    const reportDir = temporary();
    const own = await evaluate(model, {
      data: heldOut,
      reportDir,
      computeMetrics: ({ predictions, labels, classes }) => ({
        right: predictions.filter((prediction, row) => prediction === labels[row]).length / labels.length,
        first: classes.indexOf(String(heldOut[0]?.label)) - Number(labels[0]),
      }),
    });
    expect(own).toEqual({ ...results, eval_right: results?.eval_accuracy, eval_first: 0 });
    expect(readJson(`${reportDir}/evaluation.json`)).toMatchObject({ metrics: { eval_right: own.eval_right } });
    const late = evaluate(model, { data: heldOut, computeMetrics: async () => ({ accuracy: 1 }) });
    await expect(late).rejects.toThrow("it returned accuracy, and the evaluation has its own eval_accuracy");
  });

  test("predicts as its saved folder does", async () => {
    expect(await predictions({ model })).toEqual(await predictions({ adapter: folder }));
    await expect(predictions({ model, adapter: folder })).rejects.toThrow(RecipeError);
    const untrained = await tuned();
    expect(await predictions({ model: untrained, adapter: folder })).toEqual(await predictions({ model }));
  });

  test("goes into bytes as it is saved, which are predicted, evaluated and trained from as its folder is", async () => {
    const files = await model.toFiles();
    expect(files).toEqual(filesOf(folder));
    expect(await predictions({ adapter: files })).toEqual(await predictions({ adapter: folder }));
    const recipe = { ...(await tuned()).recipe(), dataset_name: fixture("data") };
    expect(await evaluate(recipe, { adapter: files })).toEqual(await evaluate(recipe, { adapter: folder }));
    const goOn = async (adapterNameOrPath: AdapterSource) => {
      const next = await tuned();
      for await (const _ of train(next, { ...options, maxSteps: 2, evalStrategy: "no", adapterNameOrPath }));
      expect(next.finished?.recipe.adapter_name_or_path).toBe(
        typeof adapterNameOrPath === "string" ? adapterNameOrPath : undefined,
      );
      return next.finished?.trained;
    };
    expect(await goOn(files)).toEqual(await goOn(folder));
    expect((await inspect(await tuned(), { ...options, adapterNameOrPath: files })).modules.length).toBeGreaterThan(0);
    const broken = { ...files, "adapter_model.safetensors": files["adapter_model.safetensors"]!.slice(0, 90) };
    await expect(predictions({ adapter: broken })).rejects.toThrow("adapter_model.safetensors");
    expect(left()).toEqual([]);
    await expect((await tuned()).toFiles()).rejects.toThrow("nothing to save");
  });

  test("is planned and inspected, rows given in memory", async () => {
    const doing: string[] = [];
    const onProgress = (what: string): void => void doing.push(what);
    const planned: Plan = await plan(await tuned(), { ...options, maxSteps: 20, onProgress });
    expect(doing).toEqual([
      "reading the model and the data",
      "tokenizing the data",
      "planning the memory",
      "measuring 2 steps",
    ]);
    expect(planned).toMatchObject({ method: "lora", steps: 20, examples: rows.length });
    const shown: Inspection = await inspect(await tuned(), { ...options, examples: true });
    expect(shown.modules.filter(({ target }) => target).length).toBeGreaterThan(0);
    expect(shown.examples).toHaveLength(5);
    await expect(plan(await tuned(), { ...options, data: [] })).rejects.toThrow("empty");
  });
});

describe("a run that ends before its time", () => {
  const long = { ...options, maxSteps: 100_000, lrSchedulerType: "constant" as const, evalStrategy: "no" as const };
  /** Parameters of a run that was to take so many steps. */
  const ofSteps = async (maxSteps: number) => {
    const model = await tuned();
    for await (const _ of train(model, { ...long, maxSteps }));
    return model.finished?.trained;
  };

  test("keeps what was trained, when it is aborted", async () => {
    const model = await tuned();
    const stop = new AbortController();
    const run = async () => {
      for await (const event of train(model, { ...long, signal: stop.signal }))
        if (event.kind === "step" && event.step === 3) stop.abort();
    };
    await expect(run()).rejects.toThrow("stopped after step");
    const step = model.finished?.step as number;
    expect(step).toBeGreaterThanOrEqual(3);
    expect(model.finished?.trained).toEqual(await ofSteps(step));
    const folder = temporary();
    await model.save(folder);
    expect(await predictions({ adapter: folder })).toEqual(await predictions({ model }));
  });

  test("keeps what was trained, when its loop is left", async () => {
    const model = await tuned();
    for await (const event of train(model, long)) if (event.kind === "step" && event.step === 2) break;
    const step = model.finished?.step as number;
    expect(step).toBeGreaterThanOrEqual(2);
    expect(model.finished?.trained).toEqual(await ofSteps(step));
  });

  test("keeps the last good state, when it diverges", async () => {
    const model = await tuned();
    const run = async () => {
      for await (const _ of train(model, { ...long, learningRate: 1e6, maxGradNorm: 0 }));
    };
    await expect(run()).rejects.toThrow("diverged");
    for (const { data } of model.finished?.trained.values() ?? []) expect(data.every(Number.isFinite)).toBe(true);
  });

  test("leaves a model as it was, when no step was taken", async () => {
    const model = await tuned();
    const run = async () => {
      for await (const _ of train(model, { ...long, signal: AbortSignal.abort() }));
    };
    await expect(run()).rejects.toThrow("stopped");
    await expect(model.save(temporary())).rejects.toThrow("nothing to save");
  });
});

test("a causal model in memory goes on with texts as its saved folder does; a classifier is refused", async () => {
  const model = (await loadModel(fixture("causal/llama"))).with(lora({ r: 4 }));
  const data = rowsOf().train!.map(({ text }) => ({ text }));
  for await (const _ of train(model, { data, maxSteps: 4, learningRate: 1e-2, evalStrategy: "no" }));
  const folder = temporary();
  await model.save(folder);
  expect(readJson(`${folder}/adapter_config.json`)).toMatchObject({ task_type: "CAUSAL_LM" });
  const said: string[] = [];
  const files = await model.toFiles();
  const base = { model: fixture("causal/llama") };
  for (const source of [{ model }, { ...base, adapter: folder }, { ...base, adapter: files }, base]) {
    const generator = await TextGenerator.open(source);
    if (source === base) await generator.use(files);
    let text = "";
    for await (const part of generator.generate("The licensor", { maxNewTokens: 12 })) text += part;
    await generator.close();
    said.push(text);
  }
  expect(said).toEqual(Array(4).fill(said[0]));
  expect(left()).toEqual([]);
  await expect(evaluate(model, { data, computeMetrics: () => ({}) })).rejects.toThrow(
    "an evaluation of task_type CAUSAL_LM has no predictions to compute metrics from",
  );
  const classifier = await loadModel(fixture("causal/llama"), { taskType: "SEQ_CLS" });
  await expect(TextGenerator.open({ model: classifier })).rejects.toThrow(
    "a model of task_type SEQ_CLS generates no text",
  );
});

test("an embedding model in memory is evaluated by the loss of its data, trained or not, and embeds as its folder", async () => {
  const base = await loadModel(fixture("bert"), { taskType: "FEATURE_EXTRACTION" });
  const model = base.with(lora({ r: 4 }));
  const data = texts.map((text, i) => ({ sentence1: text, sentence2: texts[(i + 1) % texts.length], score: i % 2 }));
  const scored = { eval_samples: data.length, eval_spearman: expect.any(Number) };
  expect(await evaluate(model, { data })).toMatchObject(scored);
  for await (const _ of train(model, { data, maxSteps: 2, evalStrategy: "no" }));
  expect(await evaluate(model, { data })).toMatchObject(scored);
  const folder = temporary();
  await model.save(folder);
  const vectors = async (from: AdapterSource | Model): Promise<number[][]> => {
    const all: number[][] = [];
    for await (const { embedding } of embed(from, texts)) all.push([...(embedding ?? [])]);
    return all;
  };
  expect(await vectors(model)).toEqual(await vectors(folder));
  expect(await vectors(await model.toFiles())).toEqual(await vectors(folder));
  expect(left()).toEqual([]);
});
