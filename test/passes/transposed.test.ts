import { expect, test } from "vitest";
import type { Graph } from "../../src/ir/graph.ts";
import { gpt2 } from "../../src/models/decoders/gpt2.ts";
import { type Pass, runPasses } from "../../src/passes/pass.ts";
import { quantize } from "../../src/passes/quantize.ts";
import { prune, rewrite } from "../../src/passes/rewrite.ts";
import { storeHalf } from "../../src/passes/store-half.ts";
import { keepTrainable } from "../../src/passes/trainable.ts";
import { lora } from "../../src/peft/lora.ts";

const config = { vocab_size: 7, n_embd: 8, n_layer: 1, n_head: 2, n_positions: 12 };
const WEIGHTS = ["attn.c_attn", "attn.c_proj", "mlp.c_fc", "mlp.c_proj"].map(
  (path) => `transformer.h.0.${path}.weight`,
);
const model = (): Graph => gpt2.build(config, "SEQ_CLS", 2);
const adapters = lora({ r: 2, loraAlpha: 4, targetModules: ["c_attn"], useDora: true });

/** Names of the parameters that files have the other way round. */
const transposed = ({ params }: Graph): string[] =>
  params.flatMap(({ origin }) => (origin.transposed ? [origin.name] : []));

test.each<[string, Pass]>([
  ["a copy", { name: "copy", run: (graph) => rewrite(graph) }],
  ["pruning", { name: "prune", run: prune }],
  ["freezing", keepTrainable(() => false)],
  ["LoRA", adapters],
])("%s keeps what is said of how weights are stored", (_, pass) => {
  expect(transposed(runPasses(model(), [pass], { training: true }))).toEqual(WEIGHTS);
});

test("so do half precision, and packing for all of its parts", () => {
  const run = (pass: Pass): string[] => transposed(runPasses(model(), [adapters, pass], { training: true }));
  expect(run(storeHalf("float16"))).toEqual(WEIGHTS);
  const packed = run(quantize({ type: "nf4", blockSize: 64, doubleQuant: false }));
  expect(packed.toSorted()).toEqual(WEIGHTS.flatMap((name) => [`${name}.absmax`, `${name}.codes`]));
});
