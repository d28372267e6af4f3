import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { readData } from "../../src/assemble/data.ts";
import { rowsOfSplit } from "../../src/assemble/dataset.ts";
import { type TrainEvent, toLogRecord } from "../../src/events/events.ts";
import { resolveRecipe } from "../../src/recipe/resolve.ts";
import { evaluate } from "../../src/verbs/evaluate.ts";
import { inspect } from "../../src/verbs/inspect.ts";
import { bytesOf, type Keys, type Ran, readJson, recipeOf, rowsOf, runHere, temporary } from "../running.ts";

/** One file without splits. */
function oneFile(rows: readonly object[] = rowsOf().train!): string {
  const file = join(temporary(), "clauses.jsonl");
  writeFileSync(file, rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
  return file;
}

const headerOf = ({ events }: Pick<Ran, "events">) =>
  (events.find(({ kind }) => kind === "start") as Extract<TrainEvent, { kind: "start" }>).header;
const evaluations = ({ events }: Ran) => events.flatMap((event) => (event.kind === "eval" ? event.metrics : []));

async function textsOf(recipe: ReturnType<typeof recipeOf>, split: string): Promise<unknown[]> {
  const texts: unknown[] = [];
  for await (const { values } of await rowsOfSplit(resolveRecipe(recipe), split)) texts.push(values.text);
  return texts;
}

describe("validation_split_percentage", () => {
  const keys: Keys = {
    dataset_name: oneFile(),
    validation_split_percentage: 20,
    method: "lora",
    learning_rate: 0.01,
    shuffle_dataset: true,
    seed: 3,
    max_steps: 6,
    eval_strategy: "steps",
    eval_steps: 2,
    save_strategy: "steps",
    save_steps: 2,
    load_best_model_at_end: true,
  };
  const sizes = { percentage: 20, trainRows: 38, validationRows: 10 };

  test("evaluates a run on rows of its one file that it does not train on, as evaluate does afterwards", async () => {
    const output_dir = temporary();
    const ran = await runHere({ ...keys, output_dir });
    expect(headerOf(ran)).toMatchObject({ examples: 38, heldBack: sizes });
    const [start] = ran.events;
    expect(toLogRecord(start!)).toMatchObject({ held_back: { percentage: 20, train_rows: 38, validation_rows: 10 } });
    const found = evaluations(ran);
    expect(found.map(({ eval_samples }) => eval_samples)).toEqual([10, 10, 10, 10]);
    const best = Math.min(...found.slice(0, -1).map(({ eval_loss }) => eval_loss));
    expect(found.at(-1)?.eval_loss).toBe(best);
    expect(await evaluate(recipeOf(keys), { adapter: output_dir })).toEqual(
      readJson(`${output_dir}/eval_results.json`),
    );
    expect(await evaluate(recipeOf({ ...keys, seed: 4 }), { adapter: output_dir })).not.toMatchObject({
      eval_loss: best,
    });
    expect(await inspect(recipeOf(keys), { examples: true })).toMatchObject({ heldBack: sizes });
  });

  test("splits every row to one side, by label, and alike with few rows to train on", async () => {
    const [train, validation] = [await textsOf(recipeOf(keys), "train"), await textsOf(recipeOf(keys), "validation")];
    expect([...train, ...validation].sort()).toEqual(
      rowsOf()
        .train!.map(({ text }) => text)
        .sort(),
    );
    const few = { ...keys, max_train_samples: 8, eval_strategy: "no", load_best_model_at_end: false };
    expect(await textsOf(recipeOf(few), "validation")).toEqual(validation);
    const data = await readData(resolveRecipe(recipeOf(few)));
    expect([data.train.size, data.heldBack]).toEqual([8, sizes]);
    const labels = ({ seed }: Keys) => readData(resolveRecipe(recipeOf({ ...keys, seed })));
    const [one, other] = [await labels({ seed: 1 }), await labels({ seed: 2 })];
    const counts = (data: typeof one) => data.validation?.labels.map(({ label, count }) => `${label} ${count}`).sort();
    expect(counts(one)).toEqual(counts(other));
  });

  test("a resumed run goes on with the same rows, and not with others", async () => {
    const [whole, cut] = [temporary(), temporary()];
    const once = await runHere({ ...keys, output_dir: whole });
    const before = await runHere({ ...keys, output_dir: cut }, { stopAfter: 3 });
    const resumed = { ...keys, output_dir: cut, resume_from_checkpoint: true };
    const after = await runHere(resumed);
    expect([...before.losses, ...after.losses]).toEqual(once.losses);
    const weights = "adapter_model.safetensors";
    expect(bytesOf(`${cut}/${weights}`)).toBe(bytesOf(`${whole}/${weights}`));
    const other = oneFile([...rowsOf().train!.slice(0, -1), { text: "other", label: "payment" }]);
    await expect(runHere({ ...resumed, dataset_name: other })).rejects.toThrow("the training data has changed");
    await expect(runHere({ ...resumed, validation_split_percentage: 10 })).rejects.toThrow(
      "validation_split_percentage: 10 instead of 20",
    );
  });

  test("rows in memory are held back too, of a regression and of words as well", async () => {
    const short = { max_steps: 1, validation_split_percentage: 25, eval_strategy: "epoch" };
    const { train } = rowsOf();
    expect(headerOf(await runHere(short, { rows: { train: train! } }))).toMatchObject({
      heldBack: { validationRows: 12 },
    });
    const values = train!.slice(0, 8).map(({ text }, i) => ({ text, label: i + 0.5 }));
    const regression = await runHere(short, { rows: { train: values } });
    expect(evaluations(regression)[0]).toMatchObject({ eval_samples: 2, eval_r2: expect.any(Number) });
    const tokens = { train: rowsOf(true).train!.slice(0, 12) };
    const words = { ...short, task_type: "TOKEN_CLS", text_column: "tokens", label_column: "labels" };
    expect(headerOf(await runHere(words, { rows: tokens }))).toMatchObject({ heldBack: { validationRows: 3 } });
  });

  test("is refused beside a validation split, and out of its range", async () => {
    const [row, output_dir] = [rowsOf().train!, join(temporary(), "out")];
    const refused = (more: Keys, rows: Record<string, (typeof row)[number][]>) =>
      expect(runHere({ validation_split_percentage: 10, output_dir, ...more }, { rows }));
    for (const name of ["validation", "dev"]) {
      await refused({}, { train: row, [name]: row }).rejects.toMatchObject({
        code: "E_DATA",
        message: expect.stringContaining("the data have a validation split, so no training rows are held back"),
      });
    }
    await refused({}, { train: row.slice(0, 1) }).rejects.toThrow("no row can be held back");
    const parsed = (more: Keys) => () => recipeOf({ validation_split_percentage: 10, ...more });
    expect(parsed({ dataset_validation_split: "mine" })).toThrow(
      "--validation_split_percentage: dataset_validation_split names a validation split; set only one of them",
    );
    for (const share of [0.1, 0, 100]) {
      expect(parsed({ validation_split_percentage: share })).toThrow(/expected a number >= 1 and <= 99, got/);
    }
    expect(() => recipeOf({ val_set_size: 0.1 })).toThrow("in percent: 10 for a share of 0.1");
  });
});
