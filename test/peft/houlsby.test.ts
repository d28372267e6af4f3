import { describe, expect, test } from "vitest";
import { NoTargetError } from "../../src/errors.ts";
import { evaluate } from "../../src/ir/evaluate.ts";
import type { Graph } from "../../src/ir/graph.ts";
import { print } from "../../src/ir/print.ts";
import { runPasses } from "../../src/passes/pass.ts";
import { type HoulsbyConfig, houlsby } from "../../src/peft/houlsby.ts";
import { linearModules } from "../../src/peft/targets.ts";
import { feedsOf, tiny, tinyBert } from "../tiny.ts";

const BERT: HoulsbyConfig = {
  reductionFactor: 4,
  nonLinearity: "swish",
  layers: "bert.encoder.layer",
  sites: { "attention.output.dense": "attention.output", "output.dense": "output" },
  modulesToSave: ["classifier"],
};
const adapted = (config: Partial<HoulsbyConfig> = {}, graph = tinyBert()): Graph =>
  runPasses(graph, [houlsby({ ...BERT, ...config })], { training: true });

test("puts a bottleneck behind a linear layer", () => {
  const graph = adapted({ layers: "layer", sites: { query: "query" }, reductionFactor: 2 }, tiny());
  expect(print(graph)).toMatchInlineSnapshot(`
    "%0: float32[tokens,4] = input x
    %1: float32[3,4] = frozen layer.0.query.weight
    %2: float32[3] = frozen layer.0.query.bias
    %3: float32[tokens,3] = Linear(%0, %1, %2)
    %4: float32[1,3] = param layer.0.query.adapters.default.adapter_down.0.weight
    %5: float32[1] = param layer.0.query.adapters.default.adapter_down.0.bias
    %6: float32[tokens,1] = Linear(%3, %4, %5)
    %7: float32[tokens,1] = Silu(%6)
    %8: float32[3,1] = param layer.0.query.adapters.default.adapter_up.weight
    %9: float32[3] = param layer.0.query.adapters.default.adapter_up.bias
    %10: float32[tokens,3] = Linear(%7, %8, %9)
    %11: float32[tokens,3] = Add(%3, %10)
    %12: float32[2,3] = param classifier.weight
    %13: float32[2] = param classifier.bias
    %14: float32[tokens,2] = Linear(%11, %12, %13)
    return logits %14"
  `);
});

test.each([
  ["swish", "Silu"],
  ["relu", "Relu"],
  ["gelu", "Gelu"],
  ["tanh", "Tanh"],
] as const)("%s is the op %s", (nonLinearity, op) => {
  const graph = adapted({ nonLinearity, layers: "layer", sites: { query: "query" } }, tiny());
  expect(print(graph)).toMatch(new RegExp(`= ${op}\\(`));
});

describe("on BERT", () => {
  const layer = "bert.encoder.layer.0";
  const shapes = (graph: Graph): [string, string][] =>
    graph.params.filter(({ origin }) => origin.trainable).map(({ origin, shape }) => [origin.name, `${shape}`]);
  const bottleneck = (holder: string, narrow: number): [string, string][] => [
    [`${holder}.adapters.default.adapter_down.0.weight`, `${narrow},8`],
    [`${holder}.adapters.default.adapter_down.0.bias`, `${narrow}`],
    [`${holder}.adapters.default.adapter_up.weight`, `8,${narrow}`],
    [`${holder}.adapters.default.adapter_up.bias`, "8"],
  ];
  const head: [string, string][] = [
    ["classifier.weight", "3,8"],
    ["classifier.bias", "3"],
  ];

  test("two adapters a layer and the head train, by adapter-hub's names", () =>
    expect(shapes(adapted())).toEqual([
      ...bottleneck(`${layer}.attention.output`, 2),
      ...bottleneck(`${layer}.output`, 2),
      ...head,
    ]));

  test("the bottleneck is the floor of hidden / reductionFactor, and 1 at least", () => {
    const site = { sites: { "output.dense": "output" } };
    expect(shapes(adapted({ ...site, reductionFactor: 3 }))).toEqual([...bottleneck(`${layer}.output`, 2), ...head]);
    expect(shapes(adapted({ ...site, reductionFactor: 16 }))).toEqual([...bottleneck(`${layer}.output`, 1), ...head]);
  });

  test("only the layers' own sites are taken, whatever else ends the same", () => {
    const ends = (path: string): boolean => path.endsWith("output.dense");
    expect(linearModules(tinyBert()).filter(ends)).toHaveLength(2);
    expect(shapes(adapted({ sites: { "output.dense": "output" } }))).toEqual([
      ...bottleneck(`${layer}.output`, 2),
      ...head,
    ]);
  });

  test("a site that is no linear layer of the model is refused, if only one of them", () => {
    const refused = (config: Partial<HoulsbyConfig>): Error => {
      try {
        adapted(config);
      } catch (error) {
        return error as Error;
      }
      throw new Error("nothing was refused");
    };
    const error = refused({ sites: { ...BERT.sites, dense: "output" } });
    expect(error).toBeInstanceOf(NoTargetError);
    expect(error).toMatchObject({ patterns: ["dense"], available: linearModules(tinyBert()) });
    expect(error.message).toMatchInlineSnapshot(`
      "the adapter positions [dense] matched none of the 6 linear layers in bert.encoder.layer.
        at: method: adapter
        expected: the paths of linear layers inside a layer; the model has: attention.self.query, attention.self.key, attention.self.value, attention.output.dense, intermediate.dense, output.dense
        hint: method: lora can adapt any linear layer."
    `);
    expect(refused({ layers: "encoder.layer" }).message).toMatch(
      /^the adapter positions \[attention\.output\.dense, output\.dense\] matched none of the 0 linear layers in enc/,
    );
  });

  test("weights start normal, biases at zero", () => {
    const inits = adapted().params.flatMap(({ origin: { name, init } }) =>
      name.includes("adapters") ? [[name.split(".").at(-1), init]] : [],
    );
    expect(inits).toEqual(
      Array(4)
        .fill([
          ["weight", { kind: "normal", std: 0.02 }],
          ["bias", { kind: "normal", std: 0 }],
        ])
        .flat(),
    );
  });

  test("an adapter whose way up is zero is the identity", () => {
    const [base, graph] = [tinyBert(), adapted()];
    const feeds = feedsOf(graph, { batch: 2, seq: 3 });
    const zeroed = Object.entries(feeds).map(([name, { data, shape }]) =>
      name.includes("adapter_up") ? [name, { data: data.map(() => 0), shape }] : [name, { data, shape }],
    );
    const run = (graph: Graph, feeds: Parameters<typeof evaluate>[2]) =>
      evaluate(graph, [graph.outputs.get("logits")!], feeds);
    expect(run(graph, Object.fromEntries(zeroed))).toEqual(run(base, feeds));
    expect(run(graph, feeds)).not.toEqual(run(base, feeds));
  });
});
