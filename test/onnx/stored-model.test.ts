import { statSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { evaluate } from "../../src/ir/evaluate.ts";
import { Graph } from "../../src/ir/graph.ts";
import { storeOnnx } from "../../src/onnx/stored-model.ts";
import { tanh } from "../../src/ops/nn/tanh.ts";
import { feedsOf, tinyBert } from "../tiny.ts";
import { runFile, type Written, written } from "./stored.ts";

const graph = tinyBert();
const feeds = feedsOf(graph, { batch: 2, seq: 3 });
const params = graph.params.map(({ origin }) => origin.name);
const dims = { batch: "batch_size", seq: "sequence_length" };
const [wanted] = evaluate(graph, [...graph.outputs.values()], feeds);

/** Name, element type, and dims of inputs or outputs. */
const shown = (values: NonNullable<Written["model"]["graph"]>["input"]): unknown[] =>
  values.map(({ name, type }) => {
    const { value } = type!;
    if (value.case !== "tensorType") throw new Error("not a tensor");
    const shape = value.value.shape!.dim.map(({ value }) =>
      value.case === "dimValue" ? Number(value.value) : value.value,
    );
    return [name, value.value.elemType, ...shape];
  });

async function expectSame({ path }: Written, more: typeof feeds = {}): Promise<void> {
  const { logits } = await runFile(path, { ...feeds, ...more });
  expect(logits!.shape).toEqual(wanted!.shape);
  wanted!.data.forEach((x, i) => void expect(logits!.data[i]).toBeCloseTo(x, 4));
}

describe("a model in one file", () => {
  test("holds its weights, each read once and in order, and says what it is fed", async () => {
    const file = await written(graph, feeds, { dims });
    const { model, files, read } = file;
    expect(files).toEqual(["model.onnx"]);
    expect(model).toMatchObject({
      irVersion: 8n,
      producerName: "lowrank",
      opsetImport: [{ domain: "", version: 18n }],
    });
    const stored = model.graph!.initializer.map(({ name }) => name).filter((name) => !name.startsWith("constant_"));
    expect(stored).toEqual(params);
    expect(read).toEqual(params);
    const ids = [7, "batch_size", "sequence_length"];
    expect(shown(model.graph!.input)).toEqual([
      ["input_ids", ...ids],
      ["token_type_ids", ...ids],
      ["attention_mask", ...ids],
    ]);
    expect(shown(model.graph!.output)).toEqual([["logits", 1, "batch_size", 3]]);
    await expectSame(file);
  });

  test("needs no weights to be laid out", () => {
    const never = () => Promise.reject(new Error("read too early"));
    expect(storeOnnx(graph, never, { name: "model.onnx", dims }).files).toHaveLength(1);
  });

  test("a weight that is not as long as its shape says is an error", async () => {
    const short = { ...feeds, "classifier.bias": { data: Float64Array.of(1), shape: [1] } };
    await expect(written(graph, short)).rejects.toThrow("classifier.bias has 4 bytes, its type and shape take 12");
  });

  test("an output that is an input, and one value as two outputs", async () => {
    const plain = new Graph();
    const x = plain.input("x", { dtype: "float32", shape: ["n"] });
    plain.outputs.set("same", x);
    plain.outputs.set("bent", tanh(x));
    plain.outputs.set("again", tanh(x));
    const { path } = await written(plain, {});
    const fed = { data: Float64Array.of(0, 1), shape: [2] };
    const { same, bent, again } = await runFile(path, { x: fed });
    expect(same).toEqual(fed);
    expect(bent!.data[1]).toBeCloseTo(Math.tanh(1), 6);
    expect(again).toEqual(bent);
  });
});

describe("a model that is too long for one file", () => {
  const limits = { inlineBytes: 1000, dataBytes: 9000 };

  test("has weights in files of their own, on whole pages, none longer than asked", async () => {
    const file = await written(graph, feeds, { limits });
    const data = file.files.slice(0, -1);
    expect(data.length).toBeGreaterThan(1);
    expect(file.files).toEqual([
      "model.onnx_data",
      ...data.slice(1).map((_, i) => `model.onnx_data_${i + 1}`),
      "model.onnx",
    ]);
    for (const name of data) expect(statSync(`${file.folder}/${name}`).size).toBeLessThanOrEqual(9000);
    const places = file.model.graph!.initializer.filter(({ externalData }) => externalData.length > 0);
    expect(places.map(({ name }) => name)).toEqual(params);
    for (const { externalData, rawData } of places) {
      const { offset, length } = Object.fromEntries(externalData.map(({ key, value }) => [key, value]));
      expect(Number(offset) % 4096).toBe(0);
      expect(Number(length)).toBeGreaterThan(0);
      expect(rawData).toHaveLength(0);
    }
    await expectSame(file);
  });

  test("a weight that is longer than a file has one of its own", async () => {
    const file = await written(graph, feeds, { limits: { inlineBytes: 0, dataBytes: 1 } });
    expect(file.files).toHaveLength(params.length + 1);
    await expectSame(file);
  });
});

describe("weights that are inputs", () => {
  const inputs = new Map([["classifier.weight", [3, "hidden"]], ["classifier.bias", [3]]] as const); // biome-ignore format: pairs

  test("stand behind the others, with the shapes that they may have", async () => {
    const file = await written(graph, feeds, { inputs });
    expect(shown(file.model.graph!.input).slice(3)).toEqual([
      ["classifier.weight", 1, 3, "hidden"],
      ["classifier.bias", 1, 3],
    ]);
    expect(file.read).not.toContain("classifier.weight");
    await expectSame(file); // they are fed
  });

  test("need not be fed where the model holds values for them", async () => {
    const file = await written(graph, feeds, { inputs, defaults: true });
    expect(shown(file.model.graph!.input)).toHaveLength(5);
    expect(file.read).toEqual(params);
    const { "classifier.weight": _, "classifier.bias": __, ...rest } = feeds;
    const { logits } = await runFile(file.path, rest);
    expect(logits!.data[0]).toBeCloseTo(wanted!.data[0]!, 4);
  });
});
