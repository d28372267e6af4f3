import { beforeEach, describe, expect, test, vi } from "vitest";
import { chooseDevice } from "../../src/devices/choose.ts";
import { DeviceError } from "../../src/errors.ts";
import { Graph } from "../../src/ir/graph.ts";
import { Classifier } from "../../src/service/classifier.ts";
import type { DeviceTrial } from "../../src/session/device-trial.ts";
import type { Session } from "../../src/session/session.ts";
import { TextGenerator } from "../../src/verbs/generate.ts";
import { predict } from "../../src/verbs/predict.ts";
import { fixture, type Keys, runHere, temporary } from "../running.ts";
import { FakeGpu } from "./fake-gpu.ts";

const real: DeviceTrial = { adapter: "Fast Card", isSoftware: false };
const state: { gpu: FakeGpu; trial: DeviceTrial; factor: number } = { gpu: new FakeGpu(), trial: real, factor: 1 };

vi.mock(import("../../src/session/node/index.ts"), async (original) => {
  const { openSessionOn } = await import("../../src/session/ort.ts");
  return {
    ...(await original()),
    async openSession(model, options) {
      const session = await openSessionOn(state.gpu, model, options);
      if (options.device !== "webgpu") return session;
      const run: Session["run"] = async (...args) => {
        const results = await session.run(...args);
        for (const [name, { data }] of Object.entries(results))
          if (/lora_A|logits/.test(name))
            for (let i = 0; i < data.length; i++) data[i] = Number(data[i]) * state.factor;
        return results;
      };
      return { ...session, run };
    },
    tryWebGpu: async () => state.trial,
  };
});

beforeEach(() => {
  Object.assign(state, { gpu: new FakeGpu(), trial: real, factor: 1 });
});

const lora: Keys = { method: "lora", lora_r: 2, learning_rate: 0.01, lora_dropout: 0.1, max_steps: 6 };
const header = ({ events }: Awaited<ReturnType<typeof runHere>>) =>
  events.flatMap((event) => (event.kind === "start" ? [event.header] : []))[0];
const warnings = ({ events }: Awaited<ReturnType<typeof runHere>>) =>
  events.flatMap((event) => (event.kind === "warning" ? [event.message] : []));

describe("a run on a device", () => {
  test.each<[string, Keys]>([
    ["LoRA, accumulated, with evaluations between steps", { ...lora, gradient_accumulation_steps: 2, eval_strategy: "steps", eval_steps: 2, dataset_validation_split: "test" }],
    ["full", { ...lora, method: "full", learning_rate: 1e-3 }],
    ["int8, beside half floats", { ...lora, load_in_8bit: true, dtype: "bfloat16", max_steps: 3 }],
    ["unfreezing", { ...lora, method: "full", learning_rate: 1e-3, unfreeze_schedule: "gradual" }],
  ])("has the CPU's losses: %s", async (_, keys) => {
    const cpu = await runHere({ ...keys, device: "cpu" });
    const device = await runHere({ ...keys, device: "webgpu" });
    expect(device.losses.length).toBe(cpu.losses.length);
    device.losses.forEach((loss, i) => void expect(loss).toBeCloseTo(cpu.losses[i]!, 5));
    expect(device.losses.at(-1)).not.toBeCloseTo(device.losses[0]!, 3);
    expect([header(cpu)?.device, header(device)?.device]).toEqual(["cpu", "webgpu"]);
    expect(state.gpu.buffers.size).toBe(0);
  }); // biome-ignore format: a table

  test("uploads what the optimizer changes after each step, and the rest once for each session", async () => {
    const { trained } = await runHere({ ...lora, device: "webgpu" });
    const counts = new Map<number, number>();
    for (const { length } of state.gpu.uploads) counts.set(length, (counts.get(length) ?? 0) + 1);
    const [[, b] = [undefined, undefined]] = [...trained!].filter(([name]) => name.includes("lora_B"));
    const total = state.gpu.uploads.reduce((sum, { length }) => sum + length, 0);
    const changing = [...trained!.values()].reduce((sum, { data }) => sum + data.length, 0);
    expect(counts.get(b!.data.length)).toBeGreaterThanOrEqual(6);
    expect(total).toBeLessThan(3 * 40_000 + 8 * changing); // self-check, training, evaluation
    expect([...state.gpu.fromHost].filter((name) => name.includes(".weight"))).toEqual([]);
  });
});

describe("the self-check", () => {
  test("refuses wrong gradients of a device that was asked for, naming the parameter", async () => {
    state.factor = 1.05;
    const run = runHere({ ...lora, device: "webgpu" });
    await expect(run).rejects.toThrow(DeviceError);
    await expect(run).rejects.toThrow(/gradient of \S*lora_A\S* is 0\.05\d? .*\n.*expected.*\n.*device: cpu/s);
  });

  test("makes auto take the CPU, and says why", async () => {
    state.factor = 1.05;
    const run = await runHere({ ...lora, device: "auto" });
    expect(header(run)).toMatchObject({
      device: "cpu",
      deviceReason: expect.stringMatching(/^cpu: Fast Card is not used: the self-check of the device failed: .*lora_A/),
    });
    expect(run.losses).toEqual((await runHere({ ...lora, device: "cpu" })).losses);
  });

  test("lets small differences pass, and tells of them", async () => {
    const run = await runHere({ ...lora, device: "auto" });
    expect(header(run)?.deviceReason).toMatch(/^webgpu: Fast Card; gradient (as on|within \de-\d of) the CPU('s)?$/);
  });
});

describe("a trained model on a device", () => {
  const bert = { adapter: fixture("bert/adapters/lora"), model: fixture("bert") };
  const texts = ["state law", "payment is due"];
  const all = async <T>(items: AsyncIterable<T>): Promise<T[]> => {
    const found: T[] = [];
    for await (const item of items) found.push(item);
    return found;
  };
  const scores = (predictions: readonly object[]): number[] =>
    predictions.map((prediction) => ("score" in prediction ? Number(prediction.score) : Number.NaN));

  test("predicts as on the CPU, from weights that lie there", async () => {
    const [cpu, device] = [
      await all(predict({ ...bert, texts })),
      await all(predict({ ...bert, texts, device: "webgpu" })),
    ];
    scores(device).forEach((score, i) => void expect(score).toBeCloseTo(scores(cpu)[i]!, 5));
    expect(device).toMatchObject(cpu.map(({ text }) => ({ text })));
    expect([state.gpu.uploads.length > 10, state.gpu.buffers.size]).toEqual([true, 0]);
    expect([...state.gpu.fromHost].filter((name) => name.includes("weight"))).toEqual([]);
  });

  test("is refused, or goes to the CPU, where its logits are wrong", async () => {
    state.factor = 1.1;
    await expect(all(predict({ ...bert, texts, device: "webgpu" }))).rejects.toThrow(
      /the logits of a sample text is 0\.1/,
    );
    const uploads = state.gpu.uploads.length;
    expect(scores(await all(predict({ ...bert, texts })))).toEqual(
      scores(await all(predict({ ...bert, texts, device: "cpu" }))),
    );
    expect(state.gpu.uploads.length).toBeGreaterThan(uploads); // tried by `auto`
  });

  test("answers calls with several adapters, from one copy of the base", async () => {
    const classifier = await Classifier.open({ ...bert, device: "webgpu" });
    const { uploads } = state.gpu;
    const before = uploads.length;
    const [one] = await classifier.predict(texts);
    const [other] = await classifier.predict(texts, { adapter: fixture("bert/adapters/all-linear-rslora") });
    const again = uploads.slice(before).filter(({ length }) => length > 5_000);
    await classifier.close();
    expect(one).not.toEqual(other);
    expect(again).toEqual([]);
    expect(state.gpu.buffers.size).toBe(0);
  });

  test("generates the CPU's text", async () => {
    const textOn = async (device: "cpu" | "webgpu"): Promise<string> => {
      const generator = await TextGenerator.open({ model: fixture("causal/llama"), device });
      const parts = await all(generator.generate("This agreement", { maxNewTokens: 6 }));
      await generator.close();
      return parts.join("");
    };
    expect(await textOn("webgpu")).toBe(await textOn("cpu"));
    expect(state.gpu.uploads.length).toBeGreaterThan(10);
  });
});

describe("resuming", () => {
  test("goes on from a checkpoint of the CPU's, and says so", async () => {
    const [once, twice] = [temporary(), temporary()];
    const saved: Keys = { ...lora, save_strategy: "steps", save_steps: 2 };
    const whole = await runHere({ ...saved, output_dir: once, device: "cpu" });
    await runHere({ ...saved, output_dir: twice, device: "cpu" }, { stopAfter: 2 });
    const rest = await runHere({ ...saved, output_dir: twice, device: "webgpu", resume_from_checkpoint: true });
    expect(warnings(rest)).toContainEqual(expect.stringContaining('device: "webgpu" instead of "cpu"'));
    rest.losses.forEach((loss, i) => void expect(loss).toBeCloseTo(whole.losses[2 + i]!, 5));
    expect([rest.losses.length, header(rest)?.device]).toEqual([4, "webgpu"]);
  });
});

describe("auto", () => {
  const reasonOf = async (trial: DeviceTrial, ...shape: readonly number[]): Promise<string | undefined> => {
    state.trial = trial;
    const graph = new Graph();
    graph.param("w", { dtype: "float32", shape }, { trainable: false });
    return (await chooseDevice("auto", graph)).reason;
  };

  test("never takes a software adapter, or one that does not tell", async () => {
    expect(await reasonOf(real)).toBe("webgpu: Fast Card");
    const software = { adapter: "llvmpipe (LLVM 15)", isSoftware: true };
    expect(await reasonOf(software)).toBe("cpu: llvmpipe (LLVM 15) is a software adapter");
    expect(await reasonOf({ adapter: "?" })).toBe("cpu: the WebGPU adapter does not tell whether it is a real GPU");
    expect(await reasonOf({ problem: "there is no adapter" })).toBe("cpu: there is no adapter");
  });

  test("does not take a device whose buffers are too small for a weight", async () => {
    expect(await reasonOf({ ...real, maxBufferBytes: 2 ** 30 }, 151936, 2048)).toBe(
      "cpu: the weight w takes 1.24 GB, but the largest buffer of the device has 1.07 GB",
    );
  });
});

describe("webgpu by name", () => {
  test("runs on a software adapter, with a warning", async () => {
    state.trial = { adapter: "SwiftShader Device (Subzero)", isSoftware: true };
    const run = await runHere({ ...lora, device: "webgpu", max_steps: 1 });
    expect(header(run)?.device).toBe("webgpu");
    expect(warnings(run)).toContainEqual(expect.stringMatching(/^SwiftShader .* many times slower than device: cpu$/));
  });

  test("is refused without an adapter, before anything is written", async () => {
    state.trial = { problem: "No supported adapters", hint: "install the driver." };
    const error = await chooseDevice("webgpu", new Graph()).catch((error: unknown) => error);
    expect(error).toBeInstanceOf(DeviceError);
    expect(error).toMatchObject({
      code: "E_DEVICE",
      exitCode: 2,
      message: "No supported adapters.\n  at: device: webgpu\n  hint: install the driver.",
    });
  });
});
