import type { Value } from "../ir/graph.ts";
import type { ModulePath } from "../ir/types.ts";
import { mul } from "../ops/nn/elementwise.ts";
import { linear } from "../ops/nn/linear.ts";
import { reshape } from "../ops/shape/shape.ts";
import type { Pass } from "../passes/pass.ts";
import { rewrite } from "../passes/rewrite.ts";
import {
  type Candidates,
  checkSaved,
  isUnder,
  linearModules,
  matchesWhole,
  selectTargets,
  type TargetRules,
} from "./targets.ts";
import { noTarget, type Option } from "./unmatched.ts";

/** PEFT's `IA3Config`, in camelCase. */
export interface Ia3Config extends Pick<TargetRules, "targetModules" | "modulesToSave"> {
  /** Ends of the targets whose input is scaled, without a dot before them, as PEFT matches; or one regular expression for whole paths. */
  readonly feedforwardModules: readonly string[] | string;
}

/** The end of a vector's name. */
const VECTOR = ".ia3_l";
const FEEDFORWARD: Option = ["ia3_feedforward_modules", "feedforwardModules"];

/** Linear layers, by IA³'s key. */
export const IA3_TARGETS: Candidates = {
  option: ["ia3_target_modules", "targetModules"],
  noun: "linear layers",
  modules: linearModules,
};

/** The layer that a vector of IA³ scales; undefined for the base's own parameters. */
export const scaledModule = (param: string): ModulePath | undefined =>
  param.endsWith(VECTOR) ? param.slice(0, -VECTOR.length) : undefined;

/** True for a layer whose input is scaled. */
export const isFeedforward = (
  module: ModulePath,
  { feedforwardModules: ends }: Pick<Ia3Config, "feedforwardModules">,
) => (typeof ends === "string" ? matchesWhole(ends, module) : ends.some((end) => module.endsWith(end)));

/**
 * y = x·Wᵀ + b  becomes  y = l ⊙ (x·Wᵀ + b) with l `[out, 1]`, and in feed-forward layers  y = (l ⊙ x)·Wᵀ + b  with l `[1, in]`. The
 * vectors train and every other parameter is frozen but those under `modulesToSave`.
 *
 * Vectors start at one, so the graph computes the same function before the first step.
 *
 * @param heads Names among `modulesToSave` that the model may lack.
 * @param checked Names of feed-forward modules that must each take one of the targets.
 * @throws {NoTargetError} when a target, a feed-forward module or a module to save matches nothing.
 * @see Liu et al. 2022, arXiv:2205.05638, section 3.3.
 */
export const ia3 = (config: Ia3Config, heads: readonly string[] = [], checked: readonly string[] = []): Pass => ({
  name: "ia3",
  run(graph) {
    const { modulesToSave = [] } = config;
    const targets = selectTargets(linearModules(graph), { ...config, among: IA3_TARGETS });
    const idle = checked.filter((end) => ![...targets].some((path) => path.endsWith(end)));
    if (idle.length > 0) throw noTarget(idle, [...targets], { option: FEEDFORWARD, noun: "targets" });
    const names = modulesToSave.filter((name) => !heads.includes(name));
    checkSaved(
      names,
      graph.params.map(({ origin }) => origin.name),
      ["ia3_modules_to_save", "modulesToSave"],
    );
    return rewrite(graph, {
      param: (param) => ({ ...param, trainable: isUnder(param.name, modulesToSave) }),
      node(y, { op, inputs, module }) {
        if (op !== linear.op || !targets.has(module)) return y;
        const [x, w, bias] = inputs as [Value, Value, Value?];
        if (isFeedforward(module, config)) return linear(mul(x, vector(y, module, [1, x.shape[1] as number])), w, bias);
        const width = w.shape[0] as number;
        return mul(y, reshape(vector(y, module, [width, 1]), { shape: [1, width] }));
      },
    });
  },
});

const vector = ({ graph }: Value, module: ModulePath, shape: [number, number]): Value =>
  graph.param(`${module}${VECTOR}`, { dtype: "float32", shape }, { trainable: true, init: { kind: "ones" } });

/**
 * Scales the rows of a weight by a vector, or its columns where the vector scales the input. Changes `w`.
 * @param w `[out, in]`, row-major, or a bias `[out]`.
 * @param l `[out]`, or `[in]`.
 */
export function mergeVector(w: Float32Array, l: Float32Array, scalesInput: boolean): void {
  const columns = scalesInput ? l.length : w.length / l.length;
  for (let i = 0; i < w.length; i++) w[i]! *= l[scalesInput ? i % columns : Math.floor(i / columns)]!;
}
