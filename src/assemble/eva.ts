import { yieldThread } from "#platform";
import { DataError, InterruptedError } from "../errors.ts";
import type { Batch } from "../examples/collate.ts";
import { IGNORED } from "../examples/labels.ts";
import type { ModulePath } from "../ir/types.ts";
import { type Pca, withBatch } from "../linalg/incremental-pca.ts";
import { type Explained, ranksByVariance } from "../peft/eva-ranks.ts";
import { loraPart } from "../peft/lora-parts.ts";
import type { Prepared, Weights } from "../prepared/prepared.ts";
import { Random } from "../random.ts";
import type { Example, Examples } from "../tasks/definition.ts";
import { feedsOf } from "../tasks/feeds.ts";
import { taskOf } from "../tasks/index.ts";
import { passes } from "../tasks/passes.ts";
import { type LayerInputs, layerInputs } from "./graphs.ts";
import { weightsOf } from "./prepare.ts";

/** Components that are found for each rank that a module has, and how alike they are from one batch to the next at last: PEFT's. */
const [RHO, TAU] = [2, 0.99];

/** Most tokens of a forward pass, padding included: the inputs of all layers are in memory at once. More where ranks are high. */
const TOKENS = 1024;
const TOKENS_PER_COMPONENT = 4;

/** Batches after which the components are given up: they are alike after a few dozen. */
const MAX_BATCHES = 1000;

/** Ranks and A of EVA. */
export interface EvaStart {
  readonly ranks: ReadonlyMap<ModulePath, number>;
  /** `[rank, in]`, row-major, of each module that has a rank. */
  readonly a: ReadonlyMap<ModulePath, Float32Array>;
  /** The weights of the base that were read for it. */
  readonly weights: Weights;
}

/** Modules that have the same inputs, the first of which is looked at. */
interface Group extends LayerInputs {
  readonly others: readonly ModulePath[];
  /** Components to find. */
  readonly components: number;
}

/** Components of a group so far. */
interface Found {
  readonly pca?: Pca;
  /** True for each component that the last batch left as it was, within {@link TAU}. */
  readonly alike: readonly boolean[];
}

/**
 * The principal components of the inputs of each layer that has an adapter, over batches of training data, and ranks by the variance
 * that they explain. Micro-batches, long ones in parts, come round until the components that are taken stay alike.
 * @param model Prepared with the ranks of the recipe.
 * @throws {DataError} when batches have too few tokens. @throws {InterruptedError} once `shouldStop` says so.
 * @see Paischer et al. 2024, arXiv:2410.07170; PEFT's `get_eva_state_dict`.
 */
export async function evaStart(
  model: Prepared,
  examples: Examples,
  microBatches: readonly (readonly number[])[],
  shouldStop: () => boolean,
): Promise<EvaStart> {
  const rankOf = new Map(
    model.graph.params.flatMap(({ origin, shape }) => {
      const { module, part } = loraPart(origin.name) ?? {};
      return module !== undefined && part === "A" ? [[module, shape[0] as number]] : [];
    }),
  );
  const { graph, layers } = layerInputs(model.source, new Set(rankOf.keys()));
  const groups = groupsOf(layers, rankOf);
  const tokens = Math.max(TOKENS, ...groups.map(({ components }) => TOKENS_PER_COMPONENT * components));
  const batches = microBatches.flatMap((batch) => passes(batch, (row) => examples.lengths[row] as number, tokens));
  const budget = [...rankOf.values()].reduce((sum, rank) => sum + rank, 0);
  const { engine, source, tokenizer } = model;
  const { recipe } = source;
  const { weights } = await weightsOf(
    model,
    Random.seed(recipe.seed).stream("init"),
    undefined,
    undefined,
    graph.params,
  );
  const session = await engine.compile(graph, weights);
  try {
    const found = new Map<Group, Found>(groups.map((group) => [group, { alike: [] }]));
    let ranks = new Map(groups.flatMap(({ module, others, components }) => [module, ...others].map((name) => [name, components]))); // biome-ignore format: one mapping
    const open = (): Group[] =>
      groups.filter((group) => !isSettled(found.get(group) as Found, ranks.get(group.module)));
    for (let n = 0; open().length > 0; n++) {
      if (n === MAX_BATCHES || (n === batches.length && !groups.every((group) => found.get(group)?.pca))) {
        throw tooFewTokens(groups.filter((group) => !found.get(group)?.pca));
      }
      const shown = (batches[n % batches.length] as readonly number[]).map((row) =>
        drawn(examples.at(row), row, model),
      );
      const { tensors, batch } = feedsOf(graph, shown, tokenizer.padId, Random.seed(0));
      const outputs = await session.run(tensors, [...new Set(open().flatMap((group) => group.outputs))]);
      const rows = maskedRows(batch, shown, taskOf(recipe).labelsAhead ?? 0);
      for (const group of open()) {
        await yieldThread(); // the engine holds its thread: let signals through
        if (shouldStop()) throw new InterruptedError(`stopped after ${n} batches of EVA's start.`);
        for (const output of group.outputs) {
          const x = rowsOf(outputs[output]?.data as Float32Array, group.width, rows, batch.inputIds.length);
          if (x.length / group.width >= group.components) found.set(group, next(found.get(group) as Found, x, group));
        }
      }
      if (groups.every((group) => found.get(group)?.pca)) ranks = ranksByVariance(explained(groups, found), budget);
    }
    return { ranks, a: leading(groups, found, ranks), weights };
  } finally {
    await session.close();
  }
}

/** Layers with the same inputs together, in the order of the model. */
function groupsOf(layers: readonly LayerInputs[], rankOf: ReadonlyMap<ModulePath, number>): Group[] {
  const firsts = [...new Set(layers.map(({ outputs }) => outputs[0]))];
  return firsts.map((output) => {
    const same = layers.filter(({ outputs }) => outputs[0] === output);
    const [first, ...others] = same as [LayerInputs, ...LayerInputs[]];
    const most = Math.max(...same.map(({ module }) => Math.round((rankOf.get(module) as number) * RHO)));
    return { ...first, others: others.map(({ module }) => module), components: Math.min(most, first.width) };
  });
}

/** True when the components that a rank takes are alike from one batch to the next. */
const isSettled = ({ pca, alike }: Found, rank = 0): boolean =>
  rank === 0 || (pca !== undefined && alike.length > 0 && alike.slice(0, rank).every(Boolean));

/** An example as a step would see it. */
function drawn(example: Example, row: number, { source, tokenizer }: Prepared): Example {
  const { recipe } = source;
  const { draw } = taskOf(recipe);
  return draw ? draw(example, tokenizer, recipe, Random.seed(recipe.seed).stream(`eva of ${row}`)) : example;
}

/**
 * Places of a batch, flattened, that count: real tokens, and of labelled ones those with a label.
 * @param ahead Positions from a label to the token that it names. The first token goes with the second.
 */
function maskedRows({ attentionMask, labels, seq }: Batch, shown: readonly Example[], ahead: number): number[] {
  const perToken = shown.some((example) => "labels" in example);
  const isLabelled = (place: number): boolean =>
    labels[place % seq < ahead ? place : place - ahead] !== BigInt(IGNORED);
  return [...attentionMask.keys()].filter((place) => attentionMask[place] !== 0n && (!perToken || isLabelled(place)));
}

/** Rows of a layer's input; all where it has not one for each token. */
function rowsOf(data: Float32Array, width: number, rows: readonly number[], tokens: number): Float32Array {
  if (data.length / width !== tokens) return data;
  const taken = new Float32Array(rows.length * width);
  for (const [i, row] of rows.entries()) taken.set(data.subarray(row * width, (row + 1) * width), i * width);
  return taken;
}

/** Components with one batch more. */
function next({ pca }: Found, x: Float32Array, { width, components }: Group): Found {
  const random = Random.seed(0); // the same for each batch, as in PEFT
  const after = withBatch(pca, x, width, components, (array) => random.fillNormal(array, 1));
  if (!pca) return { pca: after, alike: [] };
  const cosine = (k: number): number => {
    let sum = 0;
    for (let j = k * width; j < (k + 1) * width; j++) sum += after.components[j]! * pca.components[j]!;
    return sum;
  };
  return { pca: after, alike: Array.from({ length: components }, (_, k) => cosine(k) >= TAU) };
}

function explained(groups: readonly Group[], found: ReadonlyMap<Group, Found>): Explained[] {
  const ratiosOf = (group: Group): ArrayLike<number> => found.get(group)?.pca?.explainedVarianceRatio ?? [];
  return [
    ...groups.map((group) => ({ module: group.module, ratios: ratiosOf(group) })),
    ...groups.flatMap((group) =>
      group.others.map((module) => ({ module, ratios: ratiosOf(group), sameAs: group.module })),
    ),
  ];
}

/** The leading components of each module, as many as its rank. */
function leading(
  groups: readonly Group[],
  found: ReadonlyMap<Group, Found>,
  ranks: ReadonlyMap<ModulePath, number>,
): Map<ModulePath, Float32Array> {
  const of = (group: Group, module: ModulePath): [ModulePath, Float32Array] => {
    const components = found.get(group)?.pca?.components ?? new Float64Array();
    return [module, Float32Array.from(components.subarray(0, (ranks.get(module) ?? 0) * group.width))];
  };
  const all = groups.flatMap((group) => [group.module, ...group.others].map((module) => of(group, module)));
  return new Map(all.filter(([, rows]) => rows.length > 0));
}

/** @param short Those that no batch had tokens enough for; none where the components did not settle. */
function tooFewTokens(short: readonly Group[]): DataError {
  const where = "init_lora_weights: eva";
  const [{ module, components } = { module: "", components: 0 }] = short;
  if (short.length === 0) {
    return new DataError(`the inputs of the layers have no components that stay alike over ${MAX_BATCHES} batches`, {
      where,
    });
  }
  return new DataError(`no batch has the ${components} tokens that the start of ${module} takes`, {
    where,
    expected: `as many tokens in a batch as ${RHO} times the rank`,
    hint: "raise per_device_train_batch_size, or lower lora_r.",
  });
}
