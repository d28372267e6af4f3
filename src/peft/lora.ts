import { RecipeError } from "../errors.ts";
import { type Init, type Node, nodeOf, type Value } from "../ir/graph.ts";
import type { ModulePath } from "../ir/types.ts";
import { detach } from "../ops/core/barrier.ts";
import { dropout } from "../ops/nn/dropout.ts";
import { add, div, mul, scale, sub } from "../ops/nn/elementwise.ts";
import { linear } from "../ops/nn/linear.ts";
import { matMul } from "../ops/nn/matmul.ts";
import { rowNorm } from "../ops/nn/row-norm.ts";
import { sliceBackward } from "../ops/shape/slice.ts";
import { type VocabularyAttrs, vocabularyLogits } from "../ops/token-loss/vocabulary-logits.ts";
import type { Pass } from "../passes/pass.ts";
import { rewrite } from "../passes/rewrite.ts";
import { adaptedEmbedding, targetedEmbedding } from "./lora-embedding.ts";
import { changesBase, checkStart, notThere, startOf, startsOf } from "./lora-starts.ts";
import { type TokenIndices, trainedTokens, withTokens } from "./lora-tokens.ts";
import {
  checkPatterns,
  checkSaved,
  fromPattern,
  isUnder,
  type PatternTable,
  selectIn,
  type TargetRules,
} from "./targets.ts";
import { type Option, placeOf } from "./unmatched.ts";

/** Highest rank: that of the widest layers of published models. */
export const MAX_RANK = 16_384;
/** Largest alpha. */
export const MAX_ALPHA = 1e6;

/** PEFT's `LoraConfig`, in camelCase. */
export interface LoraConfig extends Omit<TargetRules, "among"> {
  /** Rank of the update. */
  readonly r: number;
  /** The update is multiplied by `loraAlpha / r`. */
  readonly loraAlpha: number;
  /** Probability that an element of the adapter's input is dropped while training. Default 0. */
  readonly loraDropout?: number;
  /** Biases of the base model that also train. Default `none`. */
  readonly bias?: "none" | "all" | "lora_only";
  /** Scale by `loraAlpha / √r` instead. arXiv:2312.03732. */
  readonly useRslora?: boolean;
  /** Give B a bias that trains. Not with `useDora`, nor with another start than `true` or `false`. */
  readonly loraBias?: boolean;
  /** Single tokens whose embeddings train: rows of the input embedding, or of each module by the end of its path. */
  readonly trainableTokenIndices?: TokenIndices;
  /** Train a length for each output row beside the update. arXiv:2402.09353. */
  readonly useDora?: boolean;
  /** Ranks of single modules: ends of paths (regular expressions) → rank. */
  readonly rankPattern?: PatternTable;
  /** Alphas of single modules. */
  readonly alphaPattern?: PatternTable;
  /**
   * How A and B start: `true`, A uniform in ±1/√in and B zero; `"gaussian"`, A normal with deviation 1/r and B zero;
   * `false`, both uniform, so that the adapter is no identity; `"orthogonal"`, both random with B·A zero. Two starts are taken out of
   * the base: `"olora"`, the leading part of the weight's QR factorization; `"pissa"`, that of its singular value decomposition, or
   * with `"pissa_niter_N"` what N iterations from a random subspace find of it. `"loftq"` starts at the leading part of what
   * quantization loses of the weight, whatever the scaling. With `"eva"`, A starts at the principal components of the module's inputs
   * and ranks follow the variance that they explain, both of which whoever trains computes from data. Default `true`.
   */
  readonly initLoraWeights?:
    | boolean
    | "gaussian"
    | "orthogonal"
    | "olora"
    | "pissa"
    | `pissa_niter_${string}`
    | "loftq"
    | "eva";
}

/** Rank and scaling of one module. */
export interface Site {
  readonly module: ModulePath;
  readonly r: number;
  readonly scaling: number;
}

/**
 * y = x·Wᵀ  becomes  y = x·Wᵀ + scaling · (x·Aᵀ)·Bᵀ, with A `[r, in]` and B `[out, r]` trainable and every other
 * parameter frozen but those under `modulesToSave` and, by `bias`, biases.
 *
 * B starts at zero, so the graph computes the same function before the first step.
 *
 * @param heads Names among `modulesToSave` that the model may lack.
 * @throws {NoTargetError} when a target, a layer, a pattern or a module to save matches nothing.
 * @see Hu et al. 2021, arXiv:2106.09685, section 4.1.
 */
export const lora = (config: LoraConfig, heads: readonly string[] = []): Pass => ({
  name: "lora",
  run(graph, { training }) {
    const { modulesToSave = [], bias = "none" } = config;
    checkBias(config);
    checkStart(config);
    const targets = selectIn(graph)(config);
    checkPatterns("rank", config.rankPattern ?? {}, [...targets]);
    checkPatterns("alpha", config.alphaPattern ?? {}, [...targets]);
    checkSaved(
      modulesToSave.filter((name) => !heads.includes(name)),
      graph.params.map(({ origin }) => origin.name),
    );
    const otherwise = (path: string): boolean => targets.has(path) || isUnder(path, modulesToSave);
    const tokens = trainedTokens(graph, config.trainableTokenIndices ?? {}, otherwise);
    return rewrite(graph, {
      param: (param) => ({
        ...param,
        trainable: isUnder(param.name, modulesToSave) || trainsBias(param.name, bias, targets),
      }),
      node(y, node) {
        const { op, inputs, module } = node;
        const replaced = withTokens(node, tokens);
        if (replaced) return replaced;
        const embedded = targetedEmbedding(node, targets);
        if (embedded !== undefined) return adaptedEmbedding(y, siteOf(config, embedded), config);
        if (op === vocabularyLogits.op && targets.has(module)) return adaptedOutput(y, config, training);
        if (op !== linear.op || !targets.has(module)) return y;
        const [x, w, offset] = inputs as [Value, Value, Value?];
        const site = siteOf(config, module);
        const seen = training ? dropped(x, module, config.loraDropout ?? 0) : x;
        const [a, b, ofB] = matrices(x, w, site, config);
        const update = linear(scale(linear(seen, a), { by: site.scaling }), b, ofB); // scaled where it is narrow
        if (changesBase(config)) return sub(add(y, update), startOf(x, w, site, config));
        if (!config.useDora) return add(y, update);
        const gain = magnitude(w, a, b, site);
        if (seen === x) return withBias(mul(gain, add(linear(x, w), update)), offset);
        const one = y.graph.constant({ dtype: "float32", shape: [1] }, [1]);
        return add(add(y, mul(sub(gain, one), linear(seen, w))), mul(gain, update));
      },
    });
  },
});

/**
 * An output layer with its update. It stays one node, whose logits the loss takes chunk by chunk: columns of `x` and `w` are
 * put side by side, `[x, scaling · x·Aᵀ] · [w, B]ᵀ = x·wᵀ + scaling · (x·Aᵀ)·Bᵀ`.
 */
function adaptedOutput(y: Value, config: LoraConfig, training: boolean): Value {
  const { inputs, attrs, module } = nodeOf(y) as Node;
  const [x, w, bias] = inputs as [Value, Value, Value?];
  if (config.useDora) throw outputDora(module);
  if (changesBase(config) || config.initLoraWeights === "eva") throw notThere(config, `the output layer ${module}`);
  const site = siteOf(config, module);
  const [a, b, ofB] = matrices(x, w, site, config);
  const seen = training ? dropped(x, module, config.loraDropout ?? 0) : x;
  const both = (left: Value, right: Value): Value => {
    const [start, length] = [w.shape[1] as number, (w.shape[1] as number) + site.r];
    return add(
      sliceBackward(left, { axis: 1, start: 0, end: start, length }),
      sliceBackward(right, { axis: 1, start, end: length, length }),
    );
  };
  const update = scale(linear(seen, a), { by: site.scaling });
  return vocabularyLogits(
    both(x, update),
    both(w, b),
    bias && ofB ? add(bias, ofB) : (bias ?? ofB),
    attrs as VocabularyAttrs,
  );
}

const outputDora = (module: ModulePath): RecipeError =>
  new RecipeError(`use_dora is not supported on the output layer ${module}`, {
    where: placeOf(["use_dora", "useDora"]),
    expected: "use_dora: false, or targets without the output layer",
  });

/**
 * The scaling of each module that `config` takes, for merging and export.
 * @throws {RecipeError} when its rank or alpha is out of all proportion.
 */
export function siteOf(config: LoraConfig, module: ModulePath): Site {
  const r = fromPattern(config.rankPattern ?? {}, module, config.r);
  const alpha = fromPattern(config.alphaPattern ?? {}, module, config.loraAlpha);
  if (!(r <= MAX_RANK)) throw outOfRange(["lora_r", "r"], r, `1 to ${MAX_RANK}`);
  if (!(Math.abs(alpha) <= MAX_ALPHA)) throw outOfRange(["lora_alpha", "loraAlpha"], alpha, `at most ${MAX_ALPHA}`);
  return { module, r, scaling: alpha / (config.useRslora ? Math.sqrt(r) : r) };
}

const outOfRange = (option: Option, value: number, expected: string): RecipeError =>
  new RecipeError(`${option[0]} ${value} is out of range`, { where: placeOf(option), expected });

/** @throws {RecipeError} for what PEFT does not combine with a bias of B. */
function checkBias({ loraBias, useDora, initLoraWeights = true }: LoraConfig): void {
  if (!loraBias || (!useDora && typeof initLoraWeights === "boolean")) return;
  const other = useDora ? "use_dora" : `init_lora_weights: ${initLoraWeights}`;
  throw new RecipeError(`lora_B_bias does not go with ${other}`, {
    where: placeOf(["lora_B_bias", "loraBias"]),
    expected: "use_dora: false, and init_lora_weights: true or false",
    hint: "PEFT trains and loads no such adapter; lora_bias trains the biases of the base.",
  });
}

/** A, B, and the bias of B times the scaling. */
function matrices(
  x: Value,
  w: Value,
  { module, r, scaling }: Site,
  { initLoraWeights = true, loraBias }: LoraConfig,
): [a: Value, b: Value, bias?: Value] {
  const [out, columns] = w.shape as [number, number];
  const [startA, startB, startOfBias] = startsOf(w, { module, r, scaling }, initLoraWeights);
  const param = (name: string, shape: number[], init: Init): Value =>
    x.graph.param(`${module}.${name}`, { dtype: "float32", shape }, { trainable: true, init });
  const [a, b] = [param("lora_A.weight", [r, columns], startA), param("lora_B.weight", [out, r], startB)];
  return loraBias ? [a, b, scale(param("lora_B.bias", [out], startOfBias), { by: scaling })] : [a, b];
}

function dropped(x: Value, module: ModulePath, probability: number): Value {
  if (probability === 0) return x;
  const keep = 1 - probability;
  let name = `${module}.lora_dropout`;
  for (let n = 2; x.graph.named(name); n++) name = `${module}.lora_dropout_${n}`; // one mask for each use of the module
  const mask = x.graph.input(name, { dtype: "uint8", shape: x.shape }, { kind: "dropout", keep });
  return dropout(x, mask, { keep });
}

/** DoRA's factor of each output row: a trained length over the present one, through which no gradient flows. */
function magnitude(w: Value, a: Value, b: Value, { module, scaling }: Site): Value {
  const { graph, origin } = w;
  const of = origin.kind === "param" ? origin.name : "";
  const length = graph.param(
    `${module}.lora_magnitude_vector`,
    { dtype: "float32", shape: [w.shape[0] as number] },
    { trainable: true, init: { kind: "rowNorm", of } },
  );
  return div(length, detach(rowNorm(add(w, scale(matMul(b, a, {}), { by: scaling })))));
}

const withBias = (y: Value, bias: Value | undefined): Value => (bias ? add(y, bias) : y);

function trainsBias(name: string, bias: LoraConfig["bias"], targets: ReadonlySet<ModulePath>): boolean {
  if (bias === "all") return name.endsWith(".bias");
  return bias === "lora_only" && name.endsWith(".bias") && targets.has(name.slice(0, -".bias".length));
}
