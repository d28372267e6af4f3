import { describe, expect, test } from "vitest";
import { evaluationGraph } from "../../src/assemble/graphs.ts";
import { readConfig } from "../../src/formats/transformers/config.ts";
import { ARCHITECTURES } from "../../src/models/index.ts";
import { selectArchitecture } from "../../src/models/parts/architecture.ts";
import { resolveRecipe } from "../../src/recipe/resolve.ts";
import { unfreezingStages, unreachedStages } from "../../src/training/unfreezing.ts";
import { fixture, type Keys, recipeOf, runHere, temporary, tensorsOf } from "../running.ts";

const config = await readConfig(fixture("bert"));
const architecture = selectArchitecture(ARCHITECTURES, "bert");

/** Each stage's first step and the parts of the model that train in it. */
function stagesOf(unfreeze_schedule: unknown, steps = 10, keys: Keys = {}) {
  const recipe = resolveRecipe(recipeOf({ method: "full", unfreeze_schedule, ...keys }));
  const graph = evaluationGraph({ recipe, architecture, config, labels: 5 });
  const names = graph.params.filter(({ origin }) => origin.trainable).map(({ origin }) => origin.name);
  const partOf = (name: string) => /layer\.(\d)/.exec(name)?.[1] ?? (/embeddings/.test(name) ? "embeddings" : "head");
  return unfreezingStages(recipe, architecture, graph, steps).map(({ step, trains }) => {
    return [step, [...new Set(names.filter(trains).map(partOf))].sort().join(" ")];
  });
}

describe("stages", () => {
  test("gradual: a layer a stage from the top, the embeddings last, the head always", () => {
    expect(stagesOf("gradual", 20)).toEqual([
      [0, "2 head"],
      [5, "1 2 head"],
      [10, "0 1 2 head"],
      [15, "0 1 2 embeddings head"],
    ]);
    expect(stagesOf("gradual", 9, { method: "lora" })).toEqual([
      [0, "2 head"],
      [3, "1 2 head"],
      [6, "0 1 2 head"],
    ]);
  });

  test("top:N and parts of paths, at steps and at shares of the run; the head alone before them", () => {
    const schedule = [
      { at: 2, layers: "top:1" },
      { at: 0.5, layers: ["encoder.layer.0", "embeddings"] },
    ];
    expect(stagesOf(schedule)).toEqual([
      [0, "head"],
      [2, "2 head"],
      [5, "0 2 embeddings head"],
    ]);
  });

  test("stages come in the order of their steps, however they are written", () => {
    const schedule = [
      { at: 6, layers: "top:3" },
      { at: 0, layers: "top:1" },
    ];
    expect(stagesOf(schedule)).toEqual([
      [0, "2 head"],
      [6, "0 1 2 head"],
    ]);
  });

  test("a name that matches nothing is refused", () => {
    expect(() => stagesOf([{ at: 0, layers: "layers.0" }])).toThrow(
      "layers.0 matches no parameter that this method trains\n  at: unfreeze_schedule\n" +
        "  expected: top:N with N up to 3, or part of a module path such as bert.encoder.layer.2",
    );
    expect(() => stagesOf("gradual", 10, { method: "head" })).toThrow("top:1 matches no parameter that this method");
  });

  test.each(["top:0", "top:4", "top:99"])("%s is more layers or fewer than there are: refused", (layers) =>
    expect(() => stagesOf([{ at: 0, layers }])).toThrow(
      `${layers} matches no parameter that this method trains\n  at: unfreeze_schedule\n  expected: top:N with N up to 3,`,
    ),
  );

  test("says which stages a run never reaches", () => {
    const stages = [0, 4, 5, 9].map((step) => ({ step, trains: () => true }));
    expect(unreachedStages(stages, 10)).toEqual([]);
    expect(unreachedStages(stages, 5)).toEqual([
      "unfreeze_schedule: the run has 5 steps, so stages that begin at step 5, 9 never train",
    ]);
    expect(unreachedStages(stages.slice(0, 1), 1)).toEqual([]);
  });
});

test("frozen parameters keep their bytes until their stage", async () => {
  const folder = temporary();
  const schedule = [
    { at: 1, layers: "top:1" },
    { at: 2, layers: "embeddings" },
  ];
  await runHere({
    method: "full",
    unfreeze_schedule: schedule,
    max_steps: 3,
    save_strategy: "steps",
    save_steps: 1,
    learning_rate: 1e-2,
    output_dir: folder,
  });
  const states = [
    `${fixture("bert")}/model.safetensors`,
    ...[1, 2, 3].map((n) => `${folder}/checkpoint-${n}/model.safetensors`),
  ];
  const [before, ...after] = await Promise.all(states.map(tensorsOf));
  const changed = after.map((tensors, i) => {
    const last = i === 0 ? before! : after[i - 1]!;
    const names = [...tensors].filter(([name, { data }]) => data.some((x, at) => x !== last.get(name)!.data[at]));
    return [...new Set(names.map(([name]) => /layer\.\d|embeddings|pooler|classifier/.exec(name)![0]))].sort();
  });
  expect(changed).toEqual([
    ["classifier", "pooler"],
    ["classifier", "layer.2", "pooler"],
    ["classifier", "embeddings", "layer.2", "pooler"],
  ]);
});

test("a stage that the run never reaches is told of", async () => {
  const unfreeze_schedule = [
    { at: 0, layers: "top:1" },
    { at: 9, layers: "top:2" },
  ];
  const { events } = await runHere({ method: "full", unfreeze_schedule, max_steps: 1, eval_strategy: "no" });
  expect(events.flatMap((event) => (event.kind === "warning" ? event.message : []))).toEqual([
    "unfreeze_schedule: the run has 1 steps, so stages that begin at step 9 never train",
  ]);
});
