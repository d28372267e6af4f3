import { type Graph, nodeOf } from "../ir/graph.ts";
import type { ModulePath } from "../ir/types.ts";
import { layerNorm } from "../ops/nn/layer-norm.ts";
import { rmsNorm } from "../ops/nn/rms-norm.ts";
import type { Pass } from "../passes/pass.ts";
import { rewrite } from "../passes/rewrite.ts";
import { type Candidates, checkSaved, isUnder, selectTargets, type TargetRules } from "./targets.ts";

/** PEFT's `LNTuningConfig`, in camelCase. */
export interface LnTuningConfig extends Pick<TargetRules, "modulesToSave"> {
  /** Ends of the paths of norms; or one regular expression for whole paths. Default: every norm. */
  readonly targetModules?: TargetRules["targetModules"];
}

/** Paths of a graph's norms, in order. */
function normModules(graph: Graph): ModulePath[] {
  const paths = graph.values.flatMap((value) => {
    const node = nodeOf(value);
    const weight = node?.op === layerNorm.op || node?.op === rmsNorm.op ? node.inputs[1] : undefined;
    return weight?.origin.kind === "param" ? [moduleOf(weight.origin.name)] : [];
  });
  return [...new Set(paths)];
}

const moduleOf = (param: string): ModulePath => param.slice(0, param.lastIndexOf("."));

/** The ends of the paths of a graph's norms, each once. */
export const normNames = (graph: Graph): string[] => [
  ...new Set(normModules(graph).map((path) => path.slice(path.lastIndexOf(".") + 1))),
];

/** Norms, by LN tuning's key. */
export const NORM_TARGETS: Candidates = {
  option: ["ln_tuning_target_modules", "targetModules"],
  noun: "norms",
  modules: normModules,
};

/**
 * Weights and biases of the norms train, and every other parameter is frozen but those under `modulesToSave`.
 *
 * @param heads Names among `modulesToSave` that the model may lack.
 * @throws {NoTargetError} when a target or a module to save matches nothing.
 * @see Zhao et al. 2023, "Tuning LayerNorm in Attention", arXiv:2312.11420.
 */
export const lnTuning = (config: LnTuningConfig, heads: readonly string[] = []): Pass => ({
  name: "lnTuning",
  run(graph) {
    const { modulesToSave = [], targetModules = normNames(graph) } = config;
    const targets = selectTargets(normModules(graph), { targetModules, modulesToSave, among: NORM_TARGETS });
    const names = modulesToSave.filter((name) => !heads.includes(name));
    const params = graph.params.map(({ origin }) => origin.name);
    checkSaved(names, params, ["ln_tuning_modules_to_save", "modulesToSave"]);
    const trains = (name: string): boolean => isUnder(name, modulesToSave) || targets.has(moduleOf(name));
    return rewrite(graph, { param: (param) => ({ ...param, trainable: trains(param.name) }) });
  },
});
