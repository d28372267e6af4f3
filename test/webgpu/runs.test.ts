import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { tryWebGpu } from "../../src/session/node/index.ts";
import { TextGenerator } from "../../src/verbs/generate.ts";
import { fixture, type Keys, type Ran, recipeOf, runHere, temporary } from "../running.ts";
import { SWIFTSHADER } from "./swiftshader.ts";

/** Milliseconds for a test: SwiftShader compiles each shader at its first use, which takes seconds on a machine that is busy. */
const MAX_MS = 240_000;

/** Text of all rows, so that shaders are compiled for one length. */
const TEXT = "state law shall govern";
const LABELS = ["governing law", "payment"];
const rows = (count: number) => Array.from({ length: count }, (_, i) => ({ text: TEXT, label: LABELS[i % 2]! }));
const labelled = { train: rows(12), test: rows(2) };
const plain = { train: rows(12).map(({ text }) => ({ text })), test: rows(2).map(({ text }) => ({ text })) };

const few: Keys = { lora_r: 2, lora_dropout: 0, learning_rate: 0.01, per_device_train_batch_size: 2, max_steps: 6 };
const bert: Keys = { ...few, task_type: "SEQ_CLS" };
const llama: Keys = { ...few, model_name_or_path: fixture("causal/llama"), task_type: "CAUSAL_LM" };

const header = ({ events }: Ran) => events.flatMap((event) => (event.kind === "start" ? [event.header] : []))[0];
const evalLoss = ({ events }: Ran) =>
  events.flatMap((event) => (event.kind === "eval" ? [event.metrics.eval_loss] : []))[0];

function expectSame(device: readonly number[], cpu: readonly number[]): void {
  expect(device.length).toBe(cpu.length);
  device.forEach((loss, i) => void expect(Math.abs(loss - cpu[i]!), `step ${i + 1}`).toBeLessThan(1e-4));
}

/** Trains in a process that is killed once a file or folder is there. */
async function killed(keys: Keys, path: string): Promise<void> {
  const recipe = join(temporary(), "recipe.yaml");
  writeFileSync(recipe, JSON.stringify(recipeOf(keys))); // which is YAML, too
  const cli = join(import.meta.dirname, "../../dist/cli/main.js");
  const child = spawn(process.execPath, [cli, "train", recipe, "--quiet"], { stdio: ["ignore", "ignore", "pipe"] });
  let stderr = "";
  child.stderr.on("data", (text: Buffer) => {
    stderr += text;
  });
  const ended = once(child, "close");
  while (!existsSync(path) && child.exitCode === null) await setTimeout(20);
  child.kill("SIGKILL");
  const [, signal] = await ended;
  expect(signal, stderr).toBe("SIGKILL");
}

describe.skipIf(SWIFTSHADER === undefined)("a run on WebGPU", { timeout: MAX_MS }, () => {
  test.each<[string, Keys, Readonly<Record<string, readonly Readonly<Record<string, string>>[]>>]>([
    ["an encoder", bert, labelled],
    ["a decoder", llama, plain],
  ])("has the CPU's losses and scores: %s", async (_, keys, rows) => {
    const cpu = await runHere({ ...keys, device: "cpu" }, { rows });
    const device = await runHere({ ...keys, device: "webgpu" }, { rows });
    expectSame([...device.losses, evalLoss(device)!], [...cpu.losses, evalLoss(cpu)!]);
    expect(device.losses.at(-1)).toBeLessThan(0.99 * device.losses[0]!);
    expect(header(device)).toMatchObject({
      device: "webgpu",
      deviceReason: expect.stringMatching(/^webgpu: SwiftShader .*; gradient within \de-\d of the CPU's$/),
    });
  });

  test("goes on from a checkpoint of the CPU's, and after it was killed", async () => {
    const [folder, data] = [temporary(), join(temporary(), "rows.jsonl")];
    writeFileSync(data, labelled.train.map((row) => `${JSON.stringify(row)}\n`).join(""));
    const keys: Keys = {
      ...bert,
      dataset_name: data,
      max_steps: 4,
      save_strategy: "steps",
      save_steps: 1,
      output_dir: folder,
    };
    const cpu = await runHere({ ...keys, output_dir: temporary(), device: "cpu" });
    await runHere({ ...keys, device: "cpu" }, { stopAfter: 2 });
    await killed({ ...keys, device: "webgpu", resume_from_checkpoint: true }, join(folder, "checkpoint-3"));
    const rest = await runHere({ ...keys, device: "webgpu", resume_from_checkpoint: true });
    expect(rest.losses.length).toBeGreaterThan(0);
    expectSame(rest.losses, cpu.losses.slice(-rest.losses.length));
  });

  test("begins with a trial that tells the adapter and its largest buffer", async () => {
    expect(await tryWebGpu({ bytes: 2 ** 31 })).toEqual({
      ...{ adapter: expect.stringContaining("SwiftShader"), isSoftware: true },
      maxBufferBytes: expect.any(Number),
    });
  });

  test("generates the CPU's text", async () => {
    const textOn = async (device: "cpu" | "webgpu"): Promise<string> => {
      const generator = await TextGenerator.open({ model: fixture("causal/llama"), device });
      let text = "";
      for await (const part of generator.generate("This agreement", { maxNewTokens: 3 })) text += part;
      await generator.close();
      return text;
    };
    expect(await textOn("webgpu")).toBe(await textOn("cpu"));
  });
});
