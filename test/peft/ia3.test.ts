import { describe, expect, test } from "vitest";
import { NoTargetError } from "../../src/errors.ts";
import { print } from "../../src/ir/print.ts";
import { runPasses } from "../../src/passes/pass.ts";
import { type Ia3Config, ia3, mergeVector } from "../../src/peft/ia3.ts";
import { feedForward, tiny } from "../tiny.ts";

const NONE: Ia3Config = { targetModules: ["query"], feedforwardModules: [] };
const scaled = (config: Partial<Ia3Config> = {}, checked: string[] = [], graph = tiny()) =>
  runPasses(graph, [ia3({ ...NONE, ...config }, [], checked)], { training: true });

test("scales the output of a target", () => {
  expect(print(scaled({ modulesToSave: ["classifier"] }))).toMatchInlineSnapshot(`
    "%0: float32[tokens,4] = input x
    %1: float32[3,4] = frozen layer.0.query.weight
    %2: float32[3] = frozen layer.0.query.bias
    %3: float32[tokens,3] = Linear(%0, %1, %2)
    %4: float32[3,1] = param layer.0.query.ia3_l
    %5: float32[1,3] = Reshape(%4) {"shape":[1,3]}
    %6: float32[tokens,3] = Mul(%3, %5)
    %7: float32[2,3] = param classifier.weight
    %8: float32[2] = param classifier.bias
    %9: float32[tokens,2] = Linear(%6, %7, %8)
    return logits %9"
  `);
});

test("scales the input of a feed-forward layer", () => {
  const config = { targetModules: ["up", "down"], feedforwardModules: ["down"] };
  expect(print(scaled(config, ["down"], feedForward()))).toMatchInlineSnapshot(`
    "%0: float32[tokens,4] = input x
    %1: float32[6,4] = frozen up.weight
    %2: float32[6] = frozen up.bias
    %3: float32[tokens,6] = Linear(%0, %1, %2)
    %4: float32[6,1] = param up.ia3_l
    %5: float32[1,6] = Reshape(%4) {"shape":[1,6]}
    %6: float32[tokens,6] = Mul(%3, %5)
    %7: float32[tokens,6] = Gelu(%6)
    %8: float32[4,6] = frozen down.weight
    %9: float32[4] = frozen down.bias
    %10: float32[1,6] = param down.ia3_l
    %11: float32[tokens,6] = Mul(%7, %10)
    %12: float32[tokens,4] = Linear(%11, %8, %9)
    return y %12"
  `);
});

describe("refuses", () => {
  test("a target that is no linear layer, by its own key", () => {
    const refused = () => scaled({ targetModules: ["query", "q_proj"] });
    expect(refused).toThrow(NoTargetError);
    expect(refused).toThrow(/^ia3_target_modules \[q_proj\] matched none of the 2 linear layers\./);
  });

  test("a feed-forward module that is no target", () => {
    expect(() => scaled({ feedforwardModules: ["classifier"] }, ["classifier"])).toThrow(
      /^ia3_feedforward_modules \[classifier\] matched none of the 1 targets\./,
    );
  });

  test("a module to save that the model lacks", () => {
    expect(() => scaled({ modulesToSave: ["pooler"] })).toThrow(/^ia3_modules_to_save \[pooler\] matched none/);
  });
});

test("merging scales rows, or columns where the input is scaled", () => {
  const [rows, columns] = [Float32Array.of(1, 2, 3, 4, 5, 6), Float32Array.of(1, 2, 3, 4, 5, 6)];
  mergeVector(rows, Float32Array.of(2, 10), false);
  mergeVector(columns, Float32Array.of(1, 2, 3), true);
  expect([...rows]).toEqual([2, 4, 6, 40, 50, 60]);
  expect([...columns]).toEqual([1, 4, 9, 4, 10, 18]);
});
