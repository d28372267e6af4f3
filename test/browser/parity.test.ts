import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { LoadOptions, TrainOptions } from "../../src/index.ts";
import { fixture, rowsOf, temporary, tensorsOf } from "../running.ts";
import { bundled, copied, filesOf } from "./folders.ts";
import { CHROMIUM, type OpenPage, openPage } from "./site.ts";

/** The library as Node has it. */
const { full, loadModel, lora, train } = (await import(
  join(import.meta.dirname, "../../dist/index.js")
)) as typeof import("../../src/index.ts");

const FAMILIES = ["bert", "roberta", "deberta-v2", "causal/llama", "causal/qwen2"];
/** Rank of LoRA, or none for full fine-tuning; and how the base is held. */
const METHODS: readonly (readonly [name: string, rank: number | undefined, loading: LoadOptions])[] = [
  ["lora", 4, {}],
  ["qlora", 4, { quantization: { bits: 4, type: "nf4" } }],
  ["full", undefined, {}],
];
const cases = FAMILIES.flatMap((family) => METHODS.map((method) => [family, ...method] as const));

const rows = rowsOf().train as Record<string, unknown>[];
const textOf = ({ text }: Record<string, unknown>): Record<string, unknown> => ({ text });
const optionsOf = (family: string): TrainOptions => ({
  data: family.startsWith("causal/") ? rows.map(textOf) : rows,
  ...{ maxSteps: 6, learningRate: 1e-3, warmupSteps: 0, evalStrategy: "no" },
});

/** Most by which losses, and weights of the largest of their matrix, may differ. */
const SAME = 1e-4;
/** Biases of keys that shift all scores of a query alike: their gradient is rounding, which Adam divides by its own size. */
const IDLE = /\.(self|attention)\.key\.bias$/;

describe.skipIf(CHROMIUM === undefined)("six steps in a browser, as in Node", () => {
  let open: OpenPage;
  beforeAll(async () => {
    open = await openPage(await bundled(), true);
    for (const family of FAMILIES) await open.ask("store", { folder: `/models/${family}`, files: filesOf(family) });
  }, 120_000);
  afterAll(async () => {
    await open?.close();
  });

  test.each(cases)(
    "%s, %s",
    async (family, name, rank, loading) => {
      const options = optionsOf(family);
      const output = `/out/${family}-${name}`;
      const there = await open.ask<number[]>("tune", { folder: `/models/${family}`, loading, rank, options, output });

      const model = (await loadModel(fixture(family), loading)).with(rank === undefined ? full() : lora({ r: rank }));
      const losses: number[] = [];
      for await (const event of train(model, options)) if (event.kind === "step") losses.push(event.loss);
      expect(losses).toHaveLength(6);
      for (const [i, loss] of losses.entries()) expect(Math.abs(there[i]! / loss - 1)).toBeLessThan(SAME);

      const saved = temporary();
      await model.save(saved);
      const file = rank === undefined ? "model.safetensors" : "adapter_model.safetensors";
      const weights = await tensorsOf(`${await copied(open, output)}/${file}`);
      const expected = await tensorsOf(`${saved}/${file}`);
      expect([...weights.keys()]).toEqual([...expected.keys()]);
      for (const [key, { data }] of weights) {
        if (IDLE.test(key)) continue;
        const wanted = expected.get(key)!.data;
        const largest = wanted.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
        const apart = data.reduce((most, value, i) => Math.max(most, Math.abs(value - wanted[i]!)), 0);
        expect(apart / largest, key).toBeLessThan(SAME);
      }
    },
    60_000,
  );
});
