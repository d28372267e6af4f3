import { readdirSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { DivergedError } from "../../src/errors.ts";
import type { Finished } from "../../src/prepared/job.ts";
import { fixture, type Keys, type Ran, readJson, runHere, temporary, tensorsOf } from "../running.ts";

const keys: Keys = { method: "lora", lora_r: 2, lora_dropout: 0, eval_strategy: "no" };
const refusal = (more: Keys): Promise<DivergedError> =>
  runHere({ ...keys, ...more }).then(
    () => expect.unreachable(`${JSON.stringify(more)} ended without an error`),
    (error) => error,
  );
const checkpoints = (folder: string): string[] => readdirSync(folder).filter((name) => name.startsWith("checkpoint-"));

/** The largest magnitude in an adapter file; NaN when there is one. */
async function largest(folder: string): Promise<number> {
  const tensors = await tensorsOf(`${folder}/adapter_model.safetensors`);
  return Math.max(...[...tensors.values()].map(({ data }) => Math.max(...data.map(Math.abs))));
}

/** The tiny BERT, trained until the embedding of one token was no longer a number. */
async function withDamagedToken(token: number): Promise<Finished> {
  const ran = (await runHere({ ...keys, method: "full", learning_rate: 0, max_steps: 1 })) as Ran & Finished;
  const name = "bert.embeddings.word_embeddings.weight";
  const { shape, data } = ran.trained.get(name)!;
  const width = shape[1]!;
  const damaged = { shape, data: data.slice().fill(NaN, token * width, (token + 1) * width) };
  return { ...ran, trained: new Map([...ran.trained, [name, damaged]]) };
}

describe("the state that is saved is the last whose loss was finite and not absurd", () => {
  test.each([1e38, 1e20, 1e3])("learning_rate %d", async (learning_rate) => {
    const folder = temporary();
    const error = await refusal({
      learning_rate,
      max_steps: 8,
      output_dir: folder,
      save_strategy: "steps",
      save_steps: 1,
    });
    expect(error).toBeInstanceOf(DivergedError);
    expect(error.message).toContain(`the last good state (step 0) was saved in ${folder}/checkpoint-0`);
    expect(checkpoints(folder)).toEqual(["checkpoint-0"]);
    expect(await largest(`${folder}/checkpoint-0`)).toBeLessThan(1);
    expect(readJson(`${folder}/checkpoint-0/trainer_state.json`)).toMatchObject({ global_step: 0, log_history: [] });
  });

  test("a run goes on from it at a lower rate as if it had begun there", async () => {
    const folder = temporary();
    await refusal({ learning_rate: 1e3, max_steps: 8, output_dir: folder });
    const more = { ...keys, learning_rate: 1e-3, max_steps: 2 };
    const resumed = await runHere({
      ...more,
      output_dir: temporary(),
      resume_from_checkpoint: `${folder}/checkpoint-0`,
    });
    expect(resumed.losses).toEqual((await runHere(more)).losses);
  });

  test.each(["sgd", "lion", "adamw_8bit"])("with %s, whose steps have another size", async (optim) => {
    const folder = temporary();
    await refusal({ method: "full", optim, learning_rate: 1e12, max_steps: 8, output_dir: folder });
    const saved = await tensorsOf(`${folder}/checkpoint-0/model.safetensors`);
    const base = await tensorsOf(fixture("bert/model.safetensors"));
    for (const [name, { data }] of saved) expect(data, name).toEqual(base.get(name)!.data);
  });
});

test("weights are checked after the last step too, which no loss confirms", async () => {
  const folder = temporary();
  const error = await refusal({
    method: "full",
    learning_rate: 1e38,
    weight_decay: 1e38,
    max_steps: 1,
    output_dir: folder,
  });
  expect(error.message).toMatch(/is not finite after step 1: training diverged\./);
  expect(readdirSync(folder)).not.toContain("model.safetensors");
});

test("an evaluation that is not finite ends the run, and the model that is left is the last good one", async () => {
  const folder = temporary();
  const error = await refusal({ learning_rate: 1e38, max_steps: 1, eval_strategy: "end", output_dir: folder });
  expect(error).toMatchObject({ exitCode: 3 });
  expect(error.message).toMatch(
    /^the evaluation's eval_loss is (NaN|Infinity) after step 1: training diverged\.\n {2}at: test\[0\]/,
  );
  expect(await largest(folder)).toBeLessThan(1);
});

test("a loss that grew is told, but ends no run", async () => {
  const { events } = await runHere({ ...keys, method: "head", learning_rate: 2, max_steps: 8 });
  expect(events).toContainEqual({
    kind: "warning",
    message: expect.stringMatching(/^the loss grew from 1\.\d+ to \d+/),
  });
  const sane = await runHere({ ...keys, max_steps: 8 });
  expect(sane.events.filter(({ kind }) => kind === "warning")).toEqual([]);
});

test("of a batch with a bad row, that row is named", async () => {
  const statute = 76; // stands in the second row alone
  const start = await withDamagedToken(statute);
  const error = await runHere({ ...keys, method: "full", max_steps: 1, output_dir: temporary() }, { start }).catch(
    (error: unknown) => error as Error,
  );
  expect(error).toBeInstanceOf(DivergedError);
  expect((error as Error).message).toMatch(
    /^loss NaN, gradient norm NaN at step 1: training diverged\.\n {2}at: train\[1\], on its own\n/,
  );
});
