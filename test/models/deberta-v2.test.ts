import { expect, test } from "vitest";
import { CheckpointError } from "../../src/errors.ts";
import { evaluate } from "../../src/ir/evaluate.ts";
import { Graph, nodeOf, type Value } from "../../src/ir/graph.ts";
import { debertaV2 } from "../../src/models/encoders/deberta-v2.ts";
import { relativePositions } from "../../src/ops/attention/relative-positions.ts";
import { barrier } from "../../src/ops/core/barrier.ts";
import { checkArchitecture } from "./check.ts";
import { addTraining } from "./running.ts";

/** Few buckets and a short distance, so that a text of nine tokens reaches all of them. */
const config = {
  vocab_size: 7,
  hidden_size: 8,
  num_hidden_layers: 2,
  num_attention_heads: 2,
  intermediate_size: 12,
  max_position_embeddings: 12,
  max_relative_positions: 5,
  position_buckets: 4,
  pad_token_id: 0,
  relative_attention: true,
  pos_att_type: "p2c|c2p",
  share_att_key: true,
  norm_rel_ebd: "layer_norm",
  position_biased_input: false,
  type_vocab_size: 0,
};

checkArchitecture(debertaV2, {
  config,
  fixtures: [
    "deberta-v2",
    "deberta-v2-unshared",
    "deberta-v2-tokens",
    "masked/deberta-v2",
    "masked/deberta-v2-unshared",
  ],
  dropouts: [
    "deberta.embeddings.dropout",
    "deberta.encoder.layer.0.attention.self.dropout",
    "deberta.encoder.layer.0.attention.self.dropout_2",
    "deberta.encoder.layer.0.attention.output.dropout",
    "deberta.encoder.layer.0.output.dropout",
    "dropout",
  ],
  padded: ["deberta.embeddings.word_embeddings.weight"],
});

test("distances share numbers as in transformers' build_relative_position, of the published checkpoints", () => {
  const seq = 1001;
  const mask = new Graph().input("mask", { dtype: "int64", shape: ["batch", "seq"] });
  const numbers = relativePositions(mask, { span: 256, maxDistance: 512, buckets: 256 });
  const [found] = evaluate(mask.graph, [numbers], { mask: { data: new Float64Array(seq), shape: [1, seq] } });
  const distances = [1, 127, 128, 129, 130, 200, 300, 400, 500, 510, 511, 512, 1000];
  const at = (distance: number): number => found!.data[seq - 1 - distance]!;
  expect(distances.map(at)).toEqual([257, 383, 384, 385, 386, 425, 463, 489, 510, 511, 511, 511, 511]);
  expect(distances.map((x) => at(-x))).toEqual([255, 129, 128, 127, 126, 87, 49, 23, 2, 1, 1, 0, 0]);
});

test.each([
  ["conv_kernel_size", { conv_kernel_size: 3 }, "the convolution of DeBERTa v2 xlarge and xxlarge is not supported"],
  ["attention_head_size", { attention_head_size: 3 }, "must be hidden_size divided by num_attention_heads"],
  ["position_buckets", { position_buckets: 5 }, "must be even, and less than twice the longest distance"],
  ["position_buckets", { position_buckets: 8 }, "must be even, and less than twice the longest distance"],
])("%s is refused: %j", (key, change, message) => {
  const build = () => debertaV2.build({ ...config, ...change }, "SEQ_CLS", 2);
  expect(build).toThrow(CheckpointError);
  expect(build).toThrow(`${key}: ${message}`);
});

test("a layer keeps no scores: the backward pass computes what the table adds again", () => {
  const graph = debertaV2.build(config, "SEQ_CLS", 2);
  const forward = graph.values.length;
  addTraining(graph);
  const wide = (value: Value): boolean => value.shape.join() === "batch,2,seq,seq";
  const kept = graph.values.slice(0, forward).filter((value) => wide(value) && nodeOf(value)?.op !== barrier.op);
  const readers = graph.values.slice(forward).filter((value) => nodeOf(value)?.inputs.some((x) => kept.includes(x)));
  expect(kept).toHaveLength(4);
  expect(readers).toEqual([]);
});
