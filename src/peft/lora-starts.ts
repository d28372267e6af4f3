import { RecipeError } from "../errors.ts";
import type { Init, Value } from "../ir/graph.ts";
import { scale } from "../ops/nn/elementwise.ts";
import { linear } from "../ops/nn/linear.ts";
import type { LoraConfig, Site } from "./lora.ts";
import { placeOf } from "./unmatched.ts";

type Start = LoraConfig["initLoraWeights"];

type Pissa = "pissa" | `pissa_niter_${string}`;

const isPissa = (start: Start): start is Pissa => typeof start === "string" && start.startsWith("pissa");

const isTakenOut = (start: Start): start is Pissa | "olora" => start === "olora" || isPissa(start);

/** True for starts whose update is taken out of the base, so that the model begins as its base. */
export const changesBase = ({ initLoraWeights }: Pick<LoraConfig, "initLoraWeights">): boolean =>
  isTakenOut(initLoraWeights);

/** True for starts that are computed from the weights of the base. */
const readsBase = (config: Pick<LoraConfig, "initLoraWeights">): boolean =>
  changesBase(config) || config.initLoraWeights === "loftq";

/** True for starts that are computed, from weights or data: an adapter to go on from has them behind it. */
export const isComputed = (config: Pick<LoraConfig, "initLoraWeights">): boolean =>
  readsBase(config) || config.initLoraWeights === "eva";

/** The starts of A, B and the bias of B. */
export function startsOf(w: Value, site: Site, start: Start): readonly [a: Init, b: Init, bias: Init] {
  const { module, r } = site;
  const [, columns] = w.shape as [number, number];
  const uniform = (inputs: number): Init => ({ kind: "uniform", bound: 1 / Math.sqrt(inputs) });
  const zeros: Init = { kind: "zeros" };
  if (isTakenOut(start) || start === "loftq") return leadingParts(w, site, start);
  switch (start) {
    case "gaussian":
      return [{ kind: "normal", std: 1 / r }, zeros, zeros];
    case "orthogonal": {
      if (r % 2 !== 0) throw unfit(start, `an even rank, ${module} has ${r}`);
      const part = (part: "A" | "B"): Init => ({ kind: "orthogonal", module, r, part });
      return [part("A"), part("B"), zeros];
    }
    case false:
      return [uniform(columns), uniform(r), uniform(r)];
    default:
      return [uniform(columns), zeros, zeros];
  }
}

/** Factors of the leading part of a weight, of its QR factorization or singular value decomposition, or of what quantization loses. */
function leadingParts(
  w: Value,
  { module, r, scaling }: Site,
  start: Pissa | "olora" | "loftq",
): readonly [a: Init, b: Init, bias: Init] {
  const most = Math.min(...(w.shape as [number, number]));
  if (r > most) throw unfit(start, `a rank of at most ${most} in ${module}, not ${r}`);
  const of = w.origin.kind === "param" ? w.origin.name : "";
  const [, iterations] = start.split("_niter_");
  const svd = {
    kind: "svd",
    of,
    r,
    scaling,
    ...(iterations !== undefined && { iterations: Number(iterations) }),
  } as const;
  const part = (part: "A" | "B"): Init => {
    if (start === "loftq") return { kind: "quantizationError", of, r, part };
    return start === "olora" ? { kind: "qr", of, r, part } : { ...svd, part };
  };
  return [part("A"), part("B"), { kind: "zeros" }];
}

/** The update that A and B start with, frozen. */
export function startOf(x: Value, w: Value, site: Site, { initLoraWeights }: LoraConfig): Value {
  const [startA, startB] = startsOf(w, site, initLoraWeights);
  const [out, columns] = w.shape as [number, number];
  const frozen = (part: string, shape: [number, number], init: Init): Value =>
    x.graph.param(`${site.module}.lora_start.${part}`, { dtype: "float32", shape }, { trainable: false, init });
  const [a, b] = [frozen("A", [site.r, columns], startA), frozen("B", [out, site.r], startB)];
  return linear(scale(linear(x, a), { by: site.scaling }), b);
}

/** @throws {RecipeError} for what does not go with a start that is computed from the base. */
export function checkStart(config: LoraConfig): void {
  if (!readsBase(config)) return;
  const { useDora, useRslora, rankPattern = {}, alphaPattern = {} } = config;
  if (useDora) throw notThere(config, "use_dora");
  if (changesBase(config) && useRslora && Object.keys({ ...rankPattern, ...alphaPattern }).length > 0) {
    throw notThere(config, "use_rslora with rank_pattern or alpha_pattern");
  }
}

/** A start that is computed from the base where that is not supported. */
export const notThere = ({ initLoraWeights }: LoraConfig, where: string): RecipeError =>
  new RecipeError(`init_lora_weights: ${initLoraWeights} does not go with ${where}`, {
    where: placeOf(["init_lora_weights", "initLoraWeights"]),
    expected: "true, gaussian or orthogonal, which do not depend on the base",
  });

/** A start from what quantization loses, where nothing is quantized. */
export const unquantizedBase = (): RecipeError =>
  new RecipeError("init_lora_weights: loftq needs a base that is quantized while it is read", {
    where: placeOf(["init_lora_weights", "initLoraWeights"]),
    expected: "load_in_4bit or load_in_8bit, or another start",
    hint: "set load_in_4bit: true; pissa is the like of it for a base that is not quantized.",
  });

const unfit = (start: Start, expected: string): RecipeError =>
  new RecipeError(`init_lora_weights: ${start} does not fit the rank`, {
    where: placeOf(["init_lora_weights", "initLoraWeights"]),
    expected,
  });
