import { describe, expect, test } from "vitest";
import { evaluate } from "../../src/ir/evaluate.ts";
import type { Graph } from "../../src/ir/graph.ts";
import { debertaV2, gpt2, llama, roberta } from "../../src/models/families.ts";
import type { Architecture } from "../../src/models/parts/architecture.ts";
import { collate, LABELS } from "./rows.ts";
import { expectClose, randomWeights, runOnEngine } from "./running.ts";

const llamaConfig = {
  vocab_size: 9,
  hidden_size: 8,
  intermediate_size: 12,
  num_hidden_layers: 1,
  num_attention_heads: 2,
};
const gpt2Config = { vocab_size: 9, n_embd: 8, n_layer: 1, n_head: 2, n_positions: 16 };
const relative = { relative_attention: true, pos_att_type: "c2p|p2c", position_buckets: 4, share_att_key: true };
const debertaConfig = { ...llamaConfig, ...relative, max_position_embeddings: 16 };
const robertaConfig = { ...llamaConfig, max_position_embeddings: 16, pad_token_id: 1 };

/** Texts of several lengths: some hold ids that a configuration may name as padding, some end in one. */
const TEXTS = [
  [5, 2, 0, 6, 7, 4],
  [3, 8],
  [5, 6, 0],
  [4, 2],
  [7, 3, 3],
  [1, 5, 1, 6],
  [0, 0],
];

/** Logits of each text. @param pad The id that fills the batch up. */
async function classify(graph: Graph, texts: readonly (readonly number[])[], pad: number): Promise<number[][]> {
  const labels = texts.map(() => 0);
  const feeds = { ...collate("SEQ_CLS", { ids: texts, labels }, pad), ...randomWeights(graph) };
  const { data } = (await runOnEngine(graph, feeds)).logits!;
  const [expected] = evaluate(graph, [graph.outputs.get("logits")!], feeds);
  expectClose(data, expected!.data, "logits", 2e-5);
  return texts.map((_, row) => [...data.slice(row * LABELS, (row + 1) * LABELS)]);
}

describe("a text is classified the same alone and in a batch, whatever fills the batch up", () => {
  const cases: [string, Architecture, object, number][] = [0, -1, 2, 3, 9, null].flatMap((padId) => [
    [`llama, pad_token_id ${padId}, padded with 3`, llama, { ...llamaConfig, pad_token_id: padId }, 3],
    [`gpt2, pad_token_id ${padId}, padded with 0`, gpt2, { ...gpt2Config, pad_token_id: padId }, 0],
  ]);
  test.each([
    ...cases,
    ["llama without pad_token_id, padded with 0", llama, llamaConfig, 0],
    ["deberta-v2, padded with 3", debertaV2, debertaConfig, 3],
    ["roberta, padded with its own id", roberta, robertaConfig, 1],
    ["roberta, padded with 3", roberta, robertaConfig, 3],
  ] as [string, Architecture, object, number][])("%s", async (_, architecture, config, pad) => {
    const graph = architecture.build(config, "SEQ_CLS", LABELS);
    const batch = await classify(graph, TEXTS, pad);
    for (const [i, text] of TEXTS.entries()) {
      const [alone] = await classify(graph, [text], pad);
      expectClose(batch[i]!, alone!, `logits of [${text}]`, 1e-5);
    }
  });
});

test("a text alone that ends in the padding's id is read at the token before it, as in transformers", async () => {
  const graph = llama.build({ ...llamaConfig, pad_token_id: 0 }, "SEQ_CLS", LABELS);
  const [ends, shorter] = await Promise.all([classify(graph, [[5, 6, 0]], 3), classify(graph, [[5, 6]], 3)]);
  expectClose(ends[0]!, shorter[0]!, "logits", 1e-5);
});

test("a negative padding id counts rows from the end, as in PyTorch", () => {
  const graph = llama.build({ ...llamaConfig, pad_token_id: -1 }, "SEQ_CLS", LABELS);
  const lookUps = graph.values.flatMap(({ origin }) => (origin.kind === "node" && origin.node.op.name === "Embedding" ? [origin.node.attrs] : [])); // biome-ignore format: one call
  expect(lookUps[0]).toEqual({ paddingIdx: 8 });
});
