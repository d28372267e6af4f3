import { describe, expect, test } from "vitest";
import { evaluate } from "../../src/ir/evaluate.ts";
import { verify } from "../../src/ir/verify.ts";
import type { Architecture } from "../../src/models/parts/architecture.ts";
import { linearModules } from "../../src/peft/targets.ts";
import { embeds } from "../../src/task-types/index.ts";
import { checkFixture } from "./check-fixture.ts";
import { collate, LABELS, randomRows } from "./rows.ts";
import { addTraining, expectClose, randomWeights, runOnEngine } from "./running.ts";

/** What the checks read of a tiny `config.json`; the rest is the architecture's. */
export interface TinyConfig {
  readonly vocab_size: number;
  readonly pad_token_id: number;
  readonly [key: string]: unknown;
}

/** What the checks are given of an architecture. */
export interface Family {
  readonly config: TinyConfig;
  /** Checkpoints with what transformers gets of them: `test/parity/fixtures/<name>`. */
  readonly fixtures: readonly string[];
  /** SEQ_CLS: where the model's own dropout acts, outside the layers and in the first. */
  readonly dropouts: readonly string[];
  /** Embeddings whose row of the padding's id never learns: PyTorch's `padding_idx`. */
  readonly padded: readonly string[];
}

/** What holds for every architecture. */
export function checkArchitecture(architecture: Architecture, { config, fixtures, dropouts, padded }: Family): void {
  for (const name of fixtures) checkFixture(architecture, name);

  // Embeddings take pairs of texts, and their models name parameters without a prefix: embedding-parity.test.ts has them.
  const tasks = architecture.tasks.filter((task) => !embeds(task));

  test.each(tasks)("%s: the engine agrees with the evaluator on the loss and every gradient", async (task) => {
    const graph = architecture.build(config, task, LABELS);
    addTraining(graph);
    verify(graph);
    const feeds = { ...collate(task, randomRows(task, config.vocab_size), 0, 2), ...randomWeights(graph) };
    const { logits: _, ...outputs } = Object.fromEntries(graph.outputs); // those of padding are nobody's business
    const expected = evaluate(graph, Object.values(outputs), feeds);
    const actual = await runOnEngine(graph, feeds);
    Object.keys(outputs).forEach((name, i) => {
      expect(actual[name]!.shape, name).toEqual(expected[i]!.shape);
      expectClose(actual[name]!.data, expected[i]!.data, name, 2e-5);
    });
  });

  test("the padding's row of an embedding does not learn where transformers says so", () => {
    const graph = architecture.build(config, "SEQ_CLS", LABELS);
    addTraining(graph);
    const feeds = { ...collate("SEQ_CLS", randomRows("SEQ_CLS", config.vocab_size), 0, 2), ...randomWeights(graph) };
    const tables = [...graph.outputs.keys()].filter((name) => /(embeddings|embed_\w+|w[tp]e)\.weight$/.test(name));
    const gradients = evaluate(
      graph,
      tables.map((name) => graph.outputs.get(name)!),
      feeds,
    );
    const still = tables.filter((_, i) => {
      const { data, shape } = gradients[i]!;
      const [start, width] = [config.pad_token_id * shape[1]!, shape[1]!];
      return data.subarray(start, start + width).every((x) => x === 0);
    });
    expect(tables).not.toEqual([]);
    expect(still).toEqual(padded);
  });

  test("the model's own dropout is where transformers has it, and only when asked for", () => {
    const namesOf = (modelDropout: boolean): string[] =>
      architecture
        .build(config, "SEQ_CLS", LABELS, { modelDropout })
        .inputs.flatMap(({ origin }) => (origin.kind === "input" && origin.fill ? [origin.name] : []));
    const inFurtherLayers = (name: string): boolean => /\.[1-9]\d*\./.test(name);
    expect(namesOf(true).filter((name) => !inFurtherLayers(name))).toEqual(dropouts);
    expect(namesOf(false)).toEqual([]);
  });

  describe("names of modules", () => {
    const graphs = tasks.map((task) => architecture.build(config, task, LABELS));
    const modules = linearModules(graphs[0]!);
    const parametersOf = graphs.map(({ params }) => params.map(({ origin: { name } }) => name));
    const { adapterSites, layers, basePrefix, targetModules, heads, trainedHeads } = architecture;

    test("the base model's and the heads' parameters make up the model", () => {
      const under = (prefix: string) => (name: string) => name.startsWith(`${prefix}.`);
      for (const names of parametersOf) {
        const strays = names.filter((name) => ![basePrefix, ...heads].some((prefix) => under(prefix)(name)));
        expect(strays).toEqual([]);
      }
      for (const head of trainedHeads) expect(parametersOf.flat().some(under(head)), head).toBe(true);
    });

    test("adapter sites and LoRA targets are linear layers of the first layer", () => {
      const inside = modules.filter((path) => path.startsWith(`${layers}.0.`));
      for (const site of Object.keys(adapterSites)) expect(inside).toContain(`${layers}.0.${site}`);
      for (const target of targetModules) expect(inside.filter((path) => path.endsWith(`.${target}`))).toHaveLength(1);
    });
  });
}
