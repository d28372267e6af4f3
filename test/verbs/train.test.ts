import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { Model, StepEvent, TrainOptions } from "../../src/index.ts";
import { fixture, readJson, rowsOf, temporary, tensorsOf } from "../running.ts";

/** The library as it ships: its training thread is compiled. */
const { AdapterError, DataError, head, InterruptedError, loadModel, lora, RecipeError, train } = (await import(
  join(import.meta.dirname, "../../dist/index.js")
)) as typeof import("../../src/index.ts");

const { train: data } = rowsOf();
const options: TrainOptions = {
  data: data!,
  maxSteps: 3,
  learningRate: 5e-3,
  warmupSteps: 0,
  lrSchedulerType: "constant",
  shuffleDataset: false,
  groupByLength: false,
};
async function trained(model: Model, more: Partial<TrainOptions> = {}): Promise<StepEvent[]> {
  const steps: StepEvent[] = [];
  for await (const event of train(model, { ...options, ...more })) if (event.kind === "step") steps.push(event);
  return steps;
}
const tuned = async () =>
  (await loadModel(fixture("bert"))).with(
    lora({ r: 4, loraAlpha: 8, targetModules: ["query", "value"], loraDropout: 0, bias: "none" }),
  );

describe("the library", () => {
  test("loads, adapts, sums up, trains, saves, and goes on where it was", async () => {
    const model = await tuned();
    expect(model.summary()).toBe("trainable: 1,701 of 30,645 (5.55 %)");
    await expect(model.save(temporary())).rejects.toThrow(
      "there is nothing to save, because the model was not trained.",
    );

    const steps = await trained(model);
    const folder = temporary();
    await model.save(folder);
    const files = readdirSync(folder).filter((name) => !name.startsWith("tokenizer"));
    expect(files).toEqual(["adapter_config.json", "adapter_model.safetensors", "config.json", "manifest.json"]);
    const config = readJson(`${folder}/adapter_config.json`);
    expect(config).toMatchObject({ peft_type: "LORA", r: 4, lora_alpha: 8, target_modules: ["query", "value"] });
    expect([...(await tensorsOf(`${folder}/adapter_model.safetensors`)).keys()]).toContain(
      "base_model.model.bert.encoder.layer.0.attention.self.query.lora_A.weight",
    );

    const more = await trained(model);
    expect(more[0]!.loss).toBeLessThan(steps[0]!.loss);
    const fromDisk = await trained(await tuned(), { adapterNameOrPath: folder });
    expect(fromDisk.map(({ loss }) => loss)).toEqual(more.map(({ loss }) => loss));
    await expect(trained(model, { data: [{ text: "a", label: "A" }] })).rejects.toThrow(
      "the data has labels that the starting adapter does not have: A\n  at: an earlier training of this model\n  expected: some of its 5: termination",
    );
  });

  test("saves what a starting adapter decided", async () => {
    const model = await loadModel(fixture("bert"));
    await trained(model, { adapterNameOrPath: fixture("bert/adapters/dora"), maxSteps: 1 });
    const folder = temporary();
    await model.save(folder);
    const made = readJson(fixture("bert/adapters/dora/adapter_config.json"));
    expect(readJson(`${folder}/adapter_config.json`)).toMatchObject({ r: made.r, use_dora: true });
  });

  test("this thread stays alive while the other trains; a signal ends it after the step at hand", async () => {
    let ticks = 0;
    const timer = setInterval(() => ticks++, 5);
    const stop = new AbortController();
    const steps: StepEvent[] = [];
    const run = async () => {
      const model = (await loadModel(fixture("bert"))).with(head());
      for await (const event of train(model, { ...options, maxSteps: 100_000, signal: stop.signal })) {
        if (event.kind === "step") steps.push(event);
        if (steps.length === 50) stop.abort();
      }
    };
    const error = await run().catch((error: unknown) => error);
    clearInterval(timer);
    expect(error).toBeInstanceOf(InterruptedError);
    expect((error as Error).message).toMatch(/^stopped after step \d+ of 100000\.$/);
    expect(ticks).toBeGreaterThan(10);
    expect(steps.length).toBeLessThan(100_000);
  });

  test("errors cross the thread with class, code and message", async () => {
    const refused = (await tuned()).with(lora({ r: 4 }));
    const error = await trained(refused, { data: [{ text: 1.5, label: {} }] }).catch((error: unknown) => error);
    expect(error).toBeInstanceOf(DataError);
    expect(error).toMatchObject({ code: "E_DATA", exitCode: 2, name: "DataError" });
    expect((error as Error).message).toContain('the column "label" holds {}\n  at: train[0]');
    const other = (await tuned()).with(lora({ r: 8 }));
    const adapterNameOrPath = fixture("bert/adapters/lora");
    await expect(trained(other, { adapterNameOrPath })).rejects.toBeInstanceOf(AdapterError);
    await expect(trained(other, { adapterNameOrPath })).rejects.toThrow("lora_r: 8 in the recipe, 4 in the adapter");
    await expect(trained(refused, { maxSteps: -1 })).rejects.toThrow(RecipeError);
  });

  test("a loop that is left early stops the thread between two steps, and the process lives on", async () => {
    for await (const event of train(await tuned(), { ...options, maxSteps: 100_000 })) if (event.kind === "step") break;
  });
});

describe("the command", () => {
  const cli = (...args: string[]) => {
    const main = join(import.meta.dirname, "../../dist/cli/main.js");
    return spawnSync(process.execPath, [main, ...args], {
      encoding: "utf8",
      cwd: temporary(),
      env: { ...process.env, NO_COLOR: "1" },
    });
  };
  const recipe = (lines: string) => {
    const path = `${temporary()}/recipe.yaml`;
    writeFileSync(
      path,
      `model_name_or_path: ${fixture("bert")}\ndataset_name: ${fixture("data/train.jsonl")}\n${lines}`,
    );
    return path;
  };

  test("a wrong recipe: exit 2, every problem with its line, nothing written", () => {
    const path = recipe("lora_r: 0\nlorar: 8\n");
    const { status, stderr, stdout } = cli("train", path);
    expect([status, stdout]).toEqual([2, ""]);
    expect(stderr).toBe(
      `${path}:3 lora_r: expected an integer >= 1, got 0\n${path}:4 lorar: unknown key; did you mean lora_r?\n`,
    );
  });

  test("wrong data, found in the thread: exit 2, the text and no stack", () => {
    const out = `${temporary()}/out`;
    const { status, stderr } = cli("train", recipe("text_column: body\n"), "--output-dir", out);
    expect(status).toBe(2);
    expect(stderr).toBe(`this row has no column "body"
  at: ${fixture("data/train.jsonl")}:1
  expected: one of its columns: text, label
  hint: set text_column to the column to read, e.g. text_column: text.\n`);
    expect(existsSync(out)).toBe(false);
  });

  test("divergence: exit 3, the state saved", () => {
    const out = temporary();
    mkdirSync(out, { recursive: true });
    const { status, stdout } = cli(
      "train",
      recipe("method: full\nlearning_rate: 1e30\n"),
      "--output-dir",
      out,
      "--json",
    );
    expect(status).toBe(3);
    const last = JSON.parse(stdout.trim().split("\n").at(-1)!);
    expect(last).toMatchObject({ event: "error", code: "E_DIVERGED", exit_code: 3 });
    expect(last.message).toMatch(/data\/train\.jsonl:\d+, .* and 5 more rows/);
    const saved = readdirSync(out).find((name) => name.startsWith("checkpoint-"));
    expect(readJson(`${out}/${saved}/trainer_state.json`).global_step).toBe(1); // warmup: the second step was the bad one
  });
});
