import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { trainingGraph } from "../../../src/autodiff/training-graph.ts";
import type { Graph } from "../../../src/ir/graph.ts";
import { llama } from "../../../src/models/decoders/llama.ts";
import { bert } from "../../../src/models/encoders/bert.ts";
import { emitOnnx } from "../../../src/onnx/emit.ts";
import { engineMemory, replayRun } from "../../../src/onnx/memory/engine-memory.ts";
import { openSession } from "../../../src/session/node/index.ts";
import { lossOf } from "../../models/running.ts";
import { toRuntime } from "../../ops/check.ts";
import { feedsOf } from "../../tiny.ts";

const sizes = { hidden_size: 64, num_hidden_layers: 3, num_attention_heads: 4, intermediate_size: 256 };
const encoder = () =>
  bert.build({ ...sizes, vocab_size: 50, max_position_embeddings: 64, layer_norm_eps: 1e-3 }, "SEQ_CLS", 3);
const decoder = () =>
  llama.build(
    { ...sizes, vocab_size: 500, num_key_value_heads: 2, rms_norm_eps: 1e-5, hidden_act: "silu", rope_theta: 1e4, max_position_embeddings: 64, tie_word_embeddings: true }, // biome-ignore format: one config
    "CAUSAL_LM",
    0,
  );
const layer = /^(bert\.encoder\.layer|model\.layers)\.\d+/;
const LENGTHS = { batch: 6, seq: 48, rows: 40 };

/** What the engine says of its own memory in one run. */
async function profiled(graph: Graph): Promise<{ live: number; inUse: number; held: number }> {
  const folder = mkdtempSync(join(tmpdir(), "lowrank-memory-"));
  try {
    const feeds = Object.entries(feedsOf(graph, LENGTHS)).map(([name, tensor]) => {
      return [name, toRuntime(graph.named(name)!.dtype, tensor)] as const;
    });
    const profile = join(folder, "profile");
    const session = await openSession(emitOnnx(graph), { weights: new Map(feeds), threads: 1, profile });
    await session.run({});
    await session.close();
    const events = JSON.parse(readFileSync(join(folder, readdirSync(folder)[0]!), "utf8")) as { args?: object }[];
    const most = (figure: string): number =>
      Math.max(...events.map(({ args = {} }) => Number((args as Record<string, string>)[figure] ?? 0)));
    return {
      live: most("mem_bytes_requested_in_use"),
      inUse: most("mem_in_use_peak"),
      held: most("mem_arena_held"),
    };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test.each([
  ["an encoder", encoder, false],
  ["an encoder with gradient checkpointing", encoder, true],
  ["a decoder", decoder, false],
  ["a decoder with gradient checkpointing", decoder, true],
])("%s: live bytes and arena are the engine's own", async (_, build, checkpointing) => {
  const segmentOf = (module: string): string | undefined => layer.exec(module)?.[0];
  const graph = trainingGraph(build(), lossOf, checkpointing ? { segmentOf } : {});
  const engine = await profiled(graph);
  const model = emitOnnx(graph);
  const lengths = new Map(Object.entries(LENGTHS));
  let [live, peak] = [0, 0];
  replayRun(model, lengths, {
    allocate: (bytes) => {
      live += bytes;
      peak = Math.max(peak, live);
      return bytes;
    },
    release: (bytes: number) => {
      live -= bytes;
    },
  });
  expect(live).toBe(0);
  expect(peak / engine.live).toBeGreaterThan(0.94);
  expect(peak / engine.live).toBeLessThan(1.06);
  const { arena } = engineMemory(model, [lengths]);
  expect(arena / engine.inUse).toBeGreaterThan(0.85);
  expect(arena / engine.inUse).toBeLessThan(1.15);
  expect(arena).toBeLessThan(engine.held);
});
