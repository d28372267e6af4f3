import { cpSync, mkdirSync, writeFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { EvalResults } from "../../src/events/events.ts";
import type { TextEmbedding } from "../../src/events/reports.ts";
import type { RowsInMemory } from "../../src/prepared/job.ts";
import { runJob } from "../../src/training/run.ts";
import { embed } from "../../src/verbs/embed.ts";
import { fixture, temporary } from "../running.ts";
import { expectSame, type Found, jobOf, type Method, readJson } from "./six-steps.ts";

interface Trained extends Method {
  readonly method: string;
  readonly rows: string;
  readonly keys: Readonly<Record<string, unknown>>;
  /** Sum, sum of magnitudes and first numbers of each weight of LoRA after the last step. */
  readonly weights: Readonly<Record<string, readonly number[]>>;
}

interface Expected {
  readonly rows: Readonly<Record<string, RowsInMemory>>;
  readonly texts: readonly string[];
  readonly embeddings: Readonly<Record<string, readonly (readonly number[])[]>>;
  readonly runs: Readonly<Record<string, Trained>>;
}

const expected = readJson<Expected>("embeddings/expected.json");

/** The tiny BERT as a folder of sentence-transformers. */
function modelFolder(name: string): string {
  const folder = `${temporary()}/${name}`;
  const [mode = "mean", normalized] = name.split("-");
  cpSync(fixture("bert-bare"), folder, { recursive: true });
  mkdirSync(`${folder}/1_Pooling`);
  const types = ["Transformer", "Pooling", ...(normalized || mode === "lasttoken" ? ["Normalize"] : [])];
  const paths = ["", "1_Pooling", "2_Normalize"];
  const modules = types.map((type, idx) => ({ idx, name: `${idx}`, path: paths[idx], type: `sentence_transformers.models.${type}` })); // biome-ignore format: one list
  writeFileSync(`${folder}/modules.json`, JSON.stringify(modules));
  writeFileSync(`${folder}/1_Pooling/config.json`, JSON.stringify({ embedding_dimension: 32, pooling_mode: mode }));
  return folder;
}

describe("embeddings are those of sentence-transformers", () => {
  test.each(Object.entries(expected.embeddings))("%s", async (name, vectors) => {
    const found: TextEmbedding[] = [];
    for await (const one of embed(modelFolder(name), expected.texts)) found.push(one);
    expect(found.map(({ index }) => index)).toEqual([...vectors.keys()]);
    for (const [i, vector] of vectors.entries()) {
      expect(found[i]?.embedding?.length).toBe(vector.length);
      vector.forEach((value, j) => {
        expect(found[i]?.embedding?.[j], `text ${i}, number ${j}`).toBeCloseTo(value, 5);
      });
    }
  });
});

describe("training is that of sentence-transformers", () => {
  test.each(Object.entries(expected.runs))("%s: losses, gradients, weights, scores", async (_, method) => {
    const found: Found = { losses: [], norms: [], trainable: 0 };
    const scores: EvalResults[] = [];
    const keys = { task_type: "FEATURE_EXTRACTION", ...method.keys };
    const job = jobOf("bert-bare", method.method, method, keys);
    const run = runJob({ ...job, rows: expected.rows[method.rows] as RowsInMemory }, () => false);
    let step = await run.next();
    for (; !step.done; step = await run.next()) {
      const event = step.value;
      if (event.kind === "start") found.trainable = event.header.trainableParameters;
      if (event.kind === "eval") scores.push(event.metrics);
      if (event.kind === "step") found.losses.push(event.loss);
      if (event.kind === "step") found.norms.push(event.gradNorm);
    }
    const last = scores.at(-1) as EvalResults;
    expectSame({ ...found, evalLoss: last.eval_loss }, method.method, method);
    for (const [name, value] of Object.entries(method)) {
      if (name.startsWith("eval_")) expect(last[name], name).toBeCloseTo(Number(value), 4);
    }
    for (const [theirs, [sum, magnitude, ...first]] of Object.entries(method.weights)) {
      const name = theirs.replace(/^.*?encoder\./, "encoder.").replace(".default.", ".");
      const { data } = step.value.trained.get(name) as { data: Float32Array };
      expect(
        data.reduce((total, x) => total + x, 0),
        name,
      ).toBeCloseTo(sum as number, 3);
      expect(
        data.reduce((total, x) => total + Math.abs(x), 0),
        name,
      ).toBeCloseTo(magnitude as number, 3);
      first.forEach((value, i) => {
        expect(data[i], `${name}, number ${i}`).toBeCloseTo(value, 4);
      });
    }
  });
});
