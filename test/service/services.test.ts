import { readdirSync, readFileSync } from "node:fs";
import { beforeAll, describe, expect, test, vi } from "vitest";
import { CPU } from "../../src/devices/engine.ts";
import { AdapterError, DataError, InterruptedError, RecipeError } from "../../src/errors.ts";
import type { Prediction } from "../../src/events/reports.ts";
import { Classifier, Tagger } from "../../src/service/classifier.ts";
import { Embedder } from "../../src/service/embedder.ts";
import { embed } from "../../src/verbs/embed.ts";
import { loadModel } from "../../src/verbs/model.ts";
import { predict } from "../../src/verbs/predict.ts";
import { fixture, rowsOf, runHere, temporary } from "../running.ts";

const folder = temporary();
/** Adapters on one base: two of the same shape, one of another; a whole model; a tagger. */
const [first, second, wider, whole, tagger] = ["first", "second", "wider", "whole", "tagger"].map(
  (name) => `${folder}/${name}`,
) as [string, string, string, string, string];
const texts = [...(rowsOf().test ?? []).map(({ text }) => String(text)), "law"];

beforeAll(async () => {
  const learning = { max_steps: 4, learning_rate: 0.05 };
  await runHere({ ...learning, output_dir: first });
  await runHere({ ...learning, output_dir: second, seed: 7 });
  await runHere({ ...learning, output_dir: wider, lora_r: 4, lora_target_modules: "all-linear" });
  await runHere({ max_steps: 4, learning_rate: 1e-3, method: "full", output_dir: whole });
  const words = { model_name_or_path: fixture("bert-tokens"), task_type: "TOKEN_CLS", max_length: 12 };
  await runHere({ ...words, output_dir: tagger }, { rows: rowsOf(true) });
});

async function predicted(adapter: string): Promise<Prediction[]> {
  const list: Prediction[] = [];
  for await (const one of predict({ adapter, texts })) list.push(one);
  return list;
}

const scoresOf = (predictions: readonly Prediction[]): number[] =>
  predictions.flatMap((one) => ("probabilities" in one ? Object.values(one.probabilities) : []));

/** Batches differ, and with them the order of additions. */
function expectSame(found: readonly Prediction[], wanted: readonly Prediction[]): void {
  expect(found.map(({ index, text }) => [index, text])).toEqual(wanted.map(({ index, text }) => [index, text]));
  const [ours, theirs] = [scoresOf(found), scoresOf(wanted)];
  expect(ours.length).toBe(theirs.length);
  ours.forEach((score, i) => {
    expect(score).toBeCloseTo(theirs[i] as number, 5);
  });
}

/** Files of a folder, as bytes. */
const filesOf = (from: string): Record<string, Uint8Array> =>
  Object.fromEntries(readdirSync(from).map((name) => [name, new Uint8Array(readFileSync(`${from}/${name}`))]));

describe("Classifier", () => {
  test("adapters may be files, those of the same content are one, and nothing of them stays on disk", async () => {
    const scratch = temporary();
    vi.stubEnv("TMPDIR", scratch);
    const [one, other] = [filesOf(first), filesOf(second)];
    const sessions = vi.spyOn(CPU, "open");
    const classifier = await Classifier.open({ adapter: one });
    expect(readdirSync(scratch)).toEqual([]);
    expectSame(await classifier.predict(texts), await predicted(first));
    const [wanted, opened] = [await predicted(second), sessions.mock.calls.length];
    expectSame(await classifier.predict(texts, { adapter: other }), wanted);
    expectSame(await classifier.predict(texts, { adapter: filesOf(second) }), wanted);
    await classifier.use(other);
    expectSame(await classifier.predict(texts), wanted);
    expect(sessions.mock.calls.length).toBe(opened);
    await expect(classifier.use({ ...one, "../recipe.yaml": one["recipe.yaml"] as Uint8Array })).rejects.toThrow(
      "is not the name of a file in it",
    );
    await expect(classifier.predict("law", { adapter: filesOf(tagger) })).rejects.toThrow(AdapterError);
    expectSame(await classifier.predict(texts), wanted);
    await classifier.close();
    const all = await Classifier.open({ adapter: filesOf(whole) });
    expectSame(await all.predict(texts), await predicted(whole));
    await all.close();
    await expect(Tagger.open({ adapter: one })).rejects.toThrow(RecipeError);
    expect(readdirSync(scratch)).toEqual([]);
    vi.unstubAllEnvs();
  });

  test.each([["an adapter", first], ["a whole model", whole]])("%s: labels are those of predict", async (_, adapter) => {
    const classifier = await Classifier.open({ adapter });
    const wanted = await predicted(adapter);
    expectSame(await classifier.predict(texts), wanted);
    const one = await classifier.predict(texts[3] as string);
    expectSame([{ ...one, index: 3 }], [wanted[3] as Prediction]);
    await classifier.close();
  }); // biome-ignore format: a table

  test("a long list is tokenized in slices, between which the thread is free", async () => {
    const classifier = await Classifier.open({ adapter: first });
    await classifier.predict("law"); // from here on, nothing but tokenizing is asynchronous before the last text
    let [wasFree, isFree] = [false, false];
    const list = new Array<string>(300).fill("law");
    Object.defineProperty(list, 299, {
      get() {
        wasFree = isFree;
        return "law";
      },
    });
    const called = classifier.predict(list);
    await Promise.resolve();
    setImmediate(() => {
      isFree = true;
    });
    expect(await called).toHaveLength(300);
    expect(wasFree).toBe(true);
    await classifier.close();
  });

  test("adapters of one base answer concurrent calls, and later ones after use", async () => {
    const sessions = vi.spyOn(CPU, "open");
    const classifier = await Classifier.open({ adapter: first });
    const [a, b, c] = await Promise.all([predicted(first), predicted(second), predicted(wider)]);
    expect(scoresOf(a)).not.toEqual(scoresOf(b));
    const predictions = sessions.mock.calls.length - 1; // of predict, each with a session of its own
    const found = await Promise.all([
      classifier.predict(texts),
      classifier.predict(texts, { adapter: second }),
      classifier.predict(texts, { adapter: wider }),
      ...texts.map((text) => classifier.predict(text, { adapter: second })),
    ]);
    expect(sessions).toHaveBeenCalledTimes(predictions + 2); // adapters of the same shape share one
    const singles = found.slice(3) as Prediction[];
    expectSame(found[0] as Prediction[], a);
    expectSame(found[1] as Prediction[], b);
    expectSame(found[2] as Prediction[], c);
    expectSame(singles.map((one, index) => ({ ...one, index })), b); // biome-ignore format: one line
    await classifier.use(second);
    expectSame(await classifier.predict(texts), b);
    await expect(classifier.use(tagger)).rejects.toThrow(AdapterError);
    expectSame(await classifier.predict(texts), b);
    await classifier.use(undefined);
    expectSame(await classifier.predict(texts), a);
    await classifier.close();
  });

  test("a model in memory", async () => {
    const classifier = await Classifier.open({ model: await loadModel(fixture("bert"), { taskType: "SEQ_CLS" }) });
    expect(await classifier.predict("law")).toMatchObject({ text: "law", label: expect.any(String) });
    await classifier.close();
  });

  test("an empty text is refused alone, and has its reason among others", async () => {
    const classifier = await Classifier.open({ adapter: first });
    await expect(classifier.predict(" ")).rejects.toThrow(DataError);
    await expect(classifier.predict(" ")).rejects.toThrow("the text has no label: the text has no tokens");
    const found = await classifier.predict(["law", "", "fee"]);
    expect(found[1]).toEqual({ index: 1, text: "", label: null, error: "the text has no tokens" });
    expect(found.map((one) => "label" in one && one.label !== null)).toEqual([true, false, true]);
    expect(await classifier.predict([])).toEqual([]);
    await classifier.close();
  });

  test("an aborted call is refused, and a closed classifier refuses all", async () => {
    const classifier = await Classifier.open({ adapter: first });
    await expect(classifier.predict(texts, { signal: AbortSignal.abort() })).rejects.toThrow(InterruptedError);
    await classifier.close();
    await expect(classifier.predict("law")).rejects.toThrow("the model is closed");
  });

  test("models of other tasks are refused, with the class that opens them", async () => {
    await expect(Classifier.open({ adapter: tagger })).rejects.toThrow(/trained for TOKEN_CLS[\s\S]*Tagger\.open/);
    await expect(Tagger.open({ adapter: first })).rejects.toThrow(/trained for SEQ_CLS[\s\S]*Classifier\.open/);
    await expect(Embedder.open({ adapter: first })).rejects.toThrow(AdapterError);
    await expect(Classifier.open({ model: fixture("causal/llama") })).rejects.toThrow(/generate/);
    await expect(Classifier.open({})).rejects.toThrow(RecipeError);
  });
});

test("Tagger: labels of words are those of predict", async () => {
  const service = await Tagger.open({ adapter: tagger });
  const wanted: Prediction[] = [];
  for await (const one of predict({ adapter: tagger, texts: ["ada pays the agent", "law"] })) wanted.push(one);
  const found = await service.predict(["ada pays the agent", "law"]);
  const labels = (list: readonly Prediction[]) => list.map((one) => ("words" in one ? one.words.map(({ word, label }) => [word, label]) : [])); // biome-ignore format: one line
  expect(labels(found)).toEqual(labels(wanted));
  expect((await service.predict({ text: "ada pays", words: ["ada", "pays"] })).words).toHaveLength(2);
  await service.close();
});

test("Embedder: embeddings are those of embed, at the length that was asked for", async () => {
  const model = fixture("bert-bare");
  const service = await Embedder.open({ model, dims: 8, normalize: true });
  const found = await service.embed(texts);
  let index = 0;
  for await (const { embedding } of embed(model, texts, { dims: 8, normalize: true })) {
    const ours = found[index++]?.embedding;
    expect(ours).toHaveLength(8);
    ours?.forEach((value, i) => {
      expect(value).toBeCloseTo(embedding?.[i] as number, 5);
    });
  }
  expect(await service.embed("law")).toBeInstanceOf(Float32Array);
  await expect(service.embed(" ")).rejects.toThrow("the text has no embedding");
  await service.close();
  await expect(Embedder.open({ model, dims: 33 })).rejects.toThrow(RecipeError);
});
