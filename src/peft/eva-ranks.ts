import type { ModulePath } from "../ir/types.ts";
import type { LoraConfig } from "./lora.ts";
import { fromPattern } from "./targets.ts";

/** A module that gets a rank, and the part of its inputs' variance along each component, the largest first. */
export interface Explained {
  readonly module: ModulePath;
  readonly ratios: ArrayLike<number>;
  /** The first module that has the same inputs, where that is another. */
  readonly sameAs?: ModulePath;
}

/**
 * Ranks of modules by explained variance: the components that explain most, over all modules, as many as `budget`. Of modules with the
 * same inputs the first has the highest rank.
 * @param modules Those whose inputs come first, before those that share them.
 * @see Paischer et al. 2024, "Parameter Efficient Fine-tuning via Explained Variance Adaptation", arXiv:2410.07170; PEFT's
 *   `_get_rank_distribution`.
 */
export function ranksByVariance(modules: readonly Explained[], budget: number): Map<ModulePath, number> {
  const all = modules.flatMap(({ module, ratios }) => Array.from(ratios, (ratio) => ({ module, ratio })));
  all.sort((a, b) => b.ratio - a.ratio);
  const ranks = new Map(modules.map(({ module }) => [module, 0]));
  for (const { module } of all.slice(0, budget)) ranks.set(module, (ranks.get(module) as number) + 1);
  for (const { module, sameAs } of modules) {
    if (sameAs === undefined) continue;
    const [own, first] = [ranks.get(module) as number, ranks.get(sameAs) as number];
    if (first < own) ranks.set(module, first).set(sameAs, own);
  }
  return ranks;
}

/**
 * Targets, ranks and alphas under new ranks: modules of rank 0 are left out, and alpha follows the rank, so that the scaling of each
 * module stays what it was. (With rsLoRA it grows by the root of the rank's factor, as in PEFT.)
 * @param modules All that have an adapter; those without a new rank keep theirs.
 */
export function withRanks(
  { r, loraAlpha, rankPattern = {}, alphaPattern = {} }: Omit<LoraConfig, "targetModules">,
  modules: readonly ModulePath[],
  ranks: ReadonlyMap<ModulePath, number>,
): Required<Pick<LoraConfig, "rankPattern" | "alphaPattern">> & { readonly targetModules: readonly ModulePath[] } {
  const sites = modules.flatMap((module) => {
    const before = fromPattern(rankPattern, module, r);
    const rank = ranks.get(module) ?? before;
    const alpha = fromPattern(alphaPattern, module, loraAlpha);
    return rank === 0 ? [] : [{ module, rank, alpha: rank === before ? alpha : alpha * (rank / before) }];
  });
  return {
    targetModules: sites.map(({ module }) => module),
    rankPattern: Object.fromEntries(sites.flatMap(({ module, rank }) => (rank === r ? [] : [[module, rank]]))),
    alphaPattern: Object.fromEntries(
      sites.flatMap(({ module, alpha }) => (alpha === loraAlpha ? [] : [[module, alpha]])),
    ),
  };
}
