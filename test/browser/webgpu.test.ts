import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { TrainOptions } from "../../src/index.ts";
import { fixture, rowsOf } from "../running.ts";
import { bundled, filesOf } from "./folders.ts";
import { CHROMIUM, type OpenPage, openPage } from "./site.ts";

/** The library as Node has it. */
const { loadModel, lora, train } = (await import(
  join(import.meta.dirname, "../../dist/index.js")
)) as typeof import("../../src/index.ts");

const options: TrainOptions = {
  data: rowsOf().train as Record<string, unknown>[],
  ...{ maxSteps: 2, learningRate: 1e-3, warmupSteps: 0, evalStrategy: "no" },
};

/** What a run of the page said. */
interface Ran {
  readonly header: { readonly device: string; readonly deviceReason?: string };
  readonly losses: readonly number[];
}

describe.skipIf(CHROMIUM === undefined)("WebGPU in a browser", () => {
  let open: OpenPage;
  beforeAll(async () => {
    open = await openPage(await bundled(), true, { webgpu: true });
    await open.ask("store", { folder: "/models/bert", files: filesOf("bert") });
  }, 60_000);
  afterAll(async () => {
    await open?.close();
  });

  test("a software adapter trains as Node's CPU, when the recipe names it, and is not taken for a GPU", async () => {
    const given = { folder: "/models/bert", rank: 4, options: { ...options, device: "webgpu" } };
    const { header, losses } = await open.ask<Ran>("onDevice", given);
    expect(header.device).toBe("webgpu");
    expect(header.deviceReason).toMatch(/^webgpu: .*SwiftShader.*; gradient (within|as) /i);
    const model = (await loadModel(fixture("bert"))).with(lora({ r: 4 }));
    const here: number[] = [];
    for await (const event of train(model, { ...options, device: "cpu" }))
      if (event.kind === "step") here.push(event.loss);
    expect(losses).toHaveLength(2);
    for (const [i, loss] of here.entries()) expect(Math.abs(losses[i]! / loss - 1)).toBeLessThan(1e-4);

    const auto = { ...given, options: { ...options, maxSteps: 1, device: "auto" } };
    const { header: taken } = await open.ask<Ran>("onDevice", auto);
    expect(taken.device).toBe("cpu");
    expect(taken.deviceReason).toMatch(/^cpu: .* is a software adapter/);
  }, 300_000);
});
