import { expect, test } from "vitest";
import { evaluate } from "../../src/ir/evaluate.ts";
import { nodeOf } from "../../src/ir/graph.ts";
import type { Tensor } from "../../src/ir/types.ts";
import type { Architecture } from "../../src/models/parts/architecture.ts";
import type { BuildOptions } from "../../src/models/parts/scope.ts";
import { attention } from "../../src/ops/attention/attention.ts";
import { checkArchitecture, type Family } from "./check.ts";
import { expectClose, type Feeds, randomWeights, runOnEngine } from "./running.ts";

const LENGTH = 8;

/** What holds for every decoder, beside what holds for every architecture. */
export function checkDecoder(architecture: Architecture, family: Family): void {
  checkArchitecture(architecture, family);
  const { config } = family;
  const build = (options: BuildOptions) => architecture.build(config, "CAUSAL_LM", 0, { allRows: true, ...options });
  const ids = (row: number, length = LENGTH): number[] =>
    Array.from({ length }, (_, i) => (4 * row + 3 * i + 1) % config.vocab_size);

  /** The logits of texts of one length, each on its own: `[rows*seq, vocab]`. */
  function whole(texts: readonly (readonly number[])[]): Float64Array {
    const graph = build({});
    const inputs = inputsOf(texts, (_, i) => i, () => 1); // biome-ignore format: a row
    return evaluate(graph, [graph.outputs.get("logits")!], { ...inputs, ...randomWeights(graph) })[0]!.data;
  }

  test("fed in pieces with a cache, a text has the logits that it has as a whole", async () => {
    const graph = build({ cache: true });
    const texts = [ids(0), ids(1)];
    const found: Float64Array[] = [];
    let cache = emptyCache(
      graph.inputs.map(({ origin, shape }) => [origin.kind === "input" ? origin.name : "", shape]),
    );
    for (const [from, to] of [
      [0, 3],
      [3, 4],
      [4, 5],
      [5, LENGTH],
    ] as const) {
      const piece = texts.map((text) => text.slice(from, to));
      const inputs = inputsOf(piece, (_, i) => from + i, () => 1); // biome-ignore format: a row
      const attention_mask = { data: new Float64Array(2 * to).fill(1), shape: [2, to] };
      const results = await runOnEngine(graph, { ...inputs, attention_mask, ...cache, ...randomWeights(graph) });
      found.push(results.logits!.data);
      cache = Object.fromEntries(
        Object.keys(cache).map((name) => [name, results[name.replace("past_key_values", "present")]!]),
      );
    }
    const vocab = config.vocab_size;
    const rows = [0, 1].map((row) =>
      found.flatMap((piece) => [...piece.subarray((row * piece.length) / 2, ((row + 1) * piece.length) / 2)]),
    );
    expect(rows[0]!.length).toBe(LENGTH * vocab);
    expectClose(rows.flat(), whole(texts), "logits", 2e-5);
  });

  test("documents packed into one row have the logits that each has by itself", async () => {
    const graph = build({ packed: true });
    const [first, second] = [ids(0, 5), ids(1, 7)];
    const inputs = inputsOf(
      [[...first, ...second, 0]],
      (_, i) => (i < 5 ? i : i < 12 ? i - 5 : 0),
      (_, i) => (i < 5 ? 1 : i < 12 ? 2 : 0),
    );
    const { logits } = await runOnEngine(graph, { ...inputs, ...randomWeights(graph) });
    const apart = [...whole([first]), ...whole([second])];
    expectClose(logits!.data.subarray(0, apart.length), apart, "logits", 2e-5);
  });
}

/** How far back each layer sees, the token itself not counted. */
export const windowsOf = (architecture: Architecture, config: object): unknown[] =>
  architecture
    .build(config, "CAUSAL_LM", 0)
    .values.flatMap((value) => (nodeOf(value)?.op === attention.op ? [nodeOf(value)?.attrs.window] : []));

type Entry = (id: number, i: number) => number;

function inputsOf(texts: readonly (readonly number[])[], position: Entry, mask: Entry): Record<string, Tensor> {
  const input = (entry: Entry): Tensor => ({
    data: Float64Array.from(texts.flatMap((text) => text.map(entry))),
    shape: [texts.length, texts[0]!.length],
  });
  return { input_ids: input((id) => id), position_ids: input(position), attention_mask: input(mask) };
}

/** Keys and values of no token, for two texts. */
function emptyCache(inputs: readonly (readonly [name: string, shape: readonly unknown[]])[]): Feeds {
  const past = inputs.filter(([name]) => name.startsWith("past_key_values."));
  return Object.fromEntries(
    past.map(([name, [, heads, , width]]) => [
      name,
      { data: new Float64Array(0), shape: [2, heads, 0, width] as number[] },
    ]),
  );
}
