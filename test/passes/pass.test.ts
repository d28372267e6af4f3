import { describe, expect, test } from "vitest";
import { OperandError } from "../../src/errors.ts";
import { Value } from "../../src/ir/graph.ts";
import { print } from "../../src/ir/print.ts";
import type { ValueId } from "../../src/ir/types.ts";
import { verify } from "../../src/ir/verify.ts";
import { type Pass, runPasses } from "../../src/passes/pass.ts";
import { quantize } from "../../src/passes/quantize.ts";
import { rewrite } from "../../src/passes/rewrite.ts";
import { keepTrainable } from "../../src/passes/trainable.ts";
import { houlsby } from "../../src/peft/houlsby.ts";
import { lora } from "../../src/peft/lora.ts";
import { tinyBert } from "../tiny.ts";

const bertHoulsby = houlsby({
  reductionFactor: 2,
  nonLinearity: "swish",
  layers: "bert.encoder.layer",
  sites: { "attention.output.dense": "attention.output", "output.dense": "output" },
  modulesToSave: ["classifier"],
});
const config = { r: 2, loraAlpha: 4, targetModules: ["query", "value"] };
const nf4 = quantize({ type: "nf4", blockSize: 64, doubleQuant: true }, ["pooler", "classifier"]);

describe("passes", () => {
  test.each<[string, Pass[]]>([
    ["keepTrainable", [keepTrainable((name) => name.includes("classifier"))]],
    ["lora", [lora({ ...config, loraDropout: 0.1, modulesToSave: ["classifier"] })]],
    ["dora", [lora({ ...config, loraDropout: 0.1, useDora: true, bias: "all" })]],
    ["houlsby", [bertHoulsby]],
    ["lora, 4 bit", [lora(config), nf4]],
    ["dora, 8 bit", [lora({ ...config, useDora: true }), quantize({ type: "int8" }, ["pooler", "classifier"])]],
    ["houlsby, 4 bit", [bertHoulsby, nf4]],
  ])("%s: the graph given stays as it is, the graph made is whole and gives the same type", (_, passes) => {
    const graph = tinyBert();
    const before = print(graph);
    for (const training of [true, false]) {
      const next = runPasses(graph, passes, { training });
      verify(next);
      expect(print(graph)).toBe(before);
      expect(print(next)).not.toBe(before);
      const { dtype, shape } = next.outputs.get("logits")!;
      expect({ dtype, shape }).toEqual({ dtype: "float32", shape: ["batch", 3] });
    }
  });

  test("run in order, each on what the one before made, with what is known of the run", () => {
    const seen: string[] = [];
    const graph = tinyBert();
    const named = (name: string): Pass => ({
      name,
      run(given, { training }) {
        seen.push(`${name} ${training} ${given === graph}`);
        return rewrite(given);
      },
    });
    runPasses(graph, [named("a"), named("b")], { training: true });
    expect(seen).toEqual(["a true true", "b true false"]);
  });

  test("none gives the graph itself", () => {
    const graph = tinyBert();
    expect(runPasses(graph, [], { training: false })).toBe(graph);
  });

  test("a pass that breaks the graph is caught", () => {
    const breaking: Pass = {
      name: "breaking",
      run(graph) {
        const next = rewrite(graph);
        const last = next.values.at(-1)!;
        next.values.push(new Value(next, next.values.length as ValueId, { dtype: "int64", shape: [] }, last.origin));
        return next;
      },
    };
    expect(() => runPasses(tinyBert(), [breaking], { training: false })).toThrow(OperandError);
  });
});
