import { expect, test } from "vitest";
import { runPasses } from "../../src/passes/pass.ts";
import { lora } from "../../src/peft/lora.ts";
import { startBytes } from "../../src/training/memory/start-bytes.ts";
import { tinyBert } from "../tiny.ts";

/** Elements of the widest weight `[12, 8]`, and of the Gram matrix of its smaller side. */
const [WEIGHT, GRAM] = [12 * 8, 8 * 8];

test.each([
  ["gaussian", 0],
  ["olora", 12 * WEIGHT],
  ["pissa", 12 * WEIGHT + 24 * GRAM],
  ["loftq", 20 * WEIGHT + 24 * GRAM],
  ["pissa_niter_4", 20 * WEIGHT],
] as const)("what %s computes of the largest weight", (initLoraWeights, bytes) => {
  const base = tinyBert();
  const config = { r: 2, loraAlpha: 2, targetModules: ["query", "output.dense"], initLoraWeights };
  expect(startBytes(runPasses(base, [lora(config)], { training: false }), base)).toBe(bytes);
});
