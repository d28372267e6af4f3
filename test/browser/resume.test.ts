import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Keys, readJson, recipeOf } from "../running.ts";
import { bundled, copied, filesOf } from "./folders.ts";
import { CHROMIUM, type OpenPage, openPage } from "./site.ts";

/** What a run of the page said, and the files it left. */
interface Ran {
  readonly steps: readonly (readonly [step: number, loss: number])[];
  readonly warnings: readonly string[];
  readonly files: readonly string[];
}

/** Two epochs of three steps of two micro-batches, with all that is drawn at random; state at steps 2, 4 and 6. */
const recipe = (keys: Keys): object =>
  recipeOf({
    ...{
      model_name_or_path: "/models/bert",
      dataset_name: "/data/train.jsonl",
      model_dropout: true,
      lora_dropout: 0.1,
    },
    ...{ max_train_samples: 24, per_device_train_batch_size: 4, gradient_accumulation_steps: 2, max_steps: 6 },
    ...{ shuffle_dataset: true, group_by_length: true, save_strategy: "steps", save_steps: 2, seed: 7, method: "lora" },
    ...keys,
  });

describe.skipIf(CHROMIUM === undefined)("a page that is loaded again", () => {
  let open: OpenPage;
  beforeAll(async () => {
    open = await openPage(await bundled(), true);
    await open.ask("store", { folder: "/models/bert", files: filesOf("bert") });
    await open.ask("store", { folder: "/data", files: [{ name: "train.jsonl", url: "/fixtures/data/train.jsonl" }] });
  }, 60_000);
  afterAll(async () => {
    await open?.close();
  });

  /** Starts a run, and loads the page again as soon as `task` is done, while the run goes on. */
  async function cutShort(given: object, task: string): Promise<void> {
    const cut = open.ask("resume", given).then(
      () => "ended",
      () => "cut",
    );
    await Promise.race([open.ask(task), cut.then((how) => expect(how).toBe("cut"))]);
    await open.reload();
    expect(await cut).toBe("cut");
  }

  test("goes on bit for bit, whether it ended within a step or while it wrote a checkpoint", async () => {
    const once = await open.ask<Ran>("resume", { recipe: recipe({ output_dir: "/out/once" }) });
    expect(once.steps.map(([step]) => step)).toEqual([1, 2, 3, 4, 5, 6]);

    const anew = recipe({ output_dir: "/out/twice" });
    const further = recipe({ output_dir: "/out/twice", resume_from_checkpoint: true });
    // checkpoint-4 has its name, but not all its files; the browser ends the worker, and with it the lock, after the reload only
    const hangsAt = { method: "move", name: "trainer_state.json", nth: 2 };
    await cutShort({ recipe: anew, hangsAt }, "hung");
    await cutShort({ recipe: further }, "stepped");
    const twice = await open.ask<Ran>("resume", { recipe: further });

    expect(twice.warnings).toEqual([
      "/out/twice/checkpoint-4 is incomplete and was skipped: trainer_state.json is missing.",
      "resumed at step 2, from /out/twice/checkpoint-2.",
    ]);
    expect(twice.steps).toEqual(once.steps.slice(-twice.steps.length));
    expect(twice.files).toEqual(once.files);
    for (const folder of ["", "/checkpoint-6"]) {
      const [whole, cut] = [await copied(open, `/out/once${folder}`), await copied(open, `/out/twice${folder}`)];
      const weights = ["adapter_model.safetensors", ...(folder === "" ? [] : ["optimizer.safetensors"])];
      for (const name of weights)
        expect(readFileSync(`${cut}/${name}`).equals(readFileSync(`${whole}/${name}`)), name).toBe(true);
      expect(readJson(`${cut}/trainer_state.json`).random).toEqual(readJson(`${whole}/trainer_state.json`).random);
    }
  }, 120_000);
});
