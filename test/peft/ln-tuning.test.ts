import { expect, test } from "vitest";
import { print } from "../../src/ir/print.ts";
import { runPasses } from "../../src/passes/pass.ts";
import { type LnTuningConfig, lnTuning, normNames } from "../../src/peft/ln-tuning.ts";
import { tinyBert, tinyLlama } from "../tiny.ts";

const tuned = (config: LnTuningConfig, graph = tinyBert()) => runPasses(graph, [lnTuning(config)], { training: true });
const trained = (config: LnTuningConfig, graph = tinyBert()): string[] =>
  tuned(config, graph).params.flatMap(({ origin }) => (origin.trainable ? origin.name : []));

test("weights and biases of the norms train, and nothing is computed that was not", () => {
  const layer = "bert.encoder.layer.0";
  const norms = ["bert.embeddings.LayerNorm", `${layer}.attention.output.LayerNorm`, `${layer}.output.LayerNorm`];
  expect(trained({})).toEqual(norms.flatMap((norm) => [`${norm}.weight`, `${norm}.bias`]));
  expect(print(tuned({})).replaceAll("= param", "= frozen")).toBe(
    print(tuned({ targetModules: ["output.LayerNorm"] })).replaceAll("= param", "= frozen"),
  );
});

test("targets are ends of the paths of norms, RMS norms among them", () => {
  expect(normNames(tinyLlama(true))).toEqual(["input_layernorm", "post_attention_layernorm", "norm"]);
  expect(trained({ targetModules: ["norm"] }, tinyLlama(true))).toEqual(["model.norm.weight"]);
});

test("refuses what is no norm, by its own key", () => {
  expect(() => tuned({ targetModules: ["query"] })).toThrow(
    /^ln_tuning_target_modules \[query\] matched none of the 3 norms\..*\n.*LayerNorm\n.*for example, "LayerNorm" selects that layer in every block\.$/s,
  );
  expect(() => tuned({ modulesToSave: ["score"] })).toThrow(/^ln_tuning_modules_to_save \[score\] matched none/);
});
