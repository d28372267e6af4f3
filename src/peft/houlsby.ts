import type { Value } from "../ir/graph.ts";
import type { ModulePath } from "../ir/types.ts";
import { add } from "../ops/nn/elementwise.ts";
import { gelu } from "../ops/nn/gelu.ts";
import { linear } from "../ops/nn/linear.ts";
import { relu } from "../ops/nn/relu.ts";
import { silu } from "../ops/nn/silu.ts";
import { tanh } from "../ops/nn/tanh.ts";
import type { Pass } from "../passes/pass.ts";
import { rewrite } from "../passes/rewrite.ts";
import { isUnder, linearModules } from "./targets.ts";
import { noSite } from "./unmatched.ts";

const ACTIVATIONS = { swish: silu, relu, gelu, tanh } as const;

/** Houlsby adapters, in adapter-hub's words (`DoubleSeqBnConfig`). */
export interface HoulsbyConfig {
  /** Hidden width over bottleneck width. */
  readonly reductionFactor: number;
  readonly nonLinearity: keyof typeof ACTIVATIONS;
  /** Module path of the list of layers. */
  readonly layers: ModulePath;
  /** The linear modules whose outputs adapters take → the modules that hold those; paths inside a layer. */
  readonly sites: Readonly<Record<string, string>>;
  /** Modules that train whole: the head. */
  readonly modulesToSave: readonly string[];
}

/** Name of the adapter inside parameter names; adapter-hub strips or renames it as it likes. */
export const ADAPTER_NAME = "default";

/**
 * h  becomes  h + up(f(down(h))), twice a layer: after attention and after the feed-forward part, before the residual
 * is added. Down `[hidden / reductionFactor, hidden]`, up `[hidden, hidden / reductionFactor]`, both with bias; all
 * else is frozen but the head.
 *
 * Weights start normal with standard deviation 0.02 and biases at zero, so the adapters start close to the identity.
 * @throws {NoTargetError} when a site is no linear layer of the model.
 * @see Houlsby et al. 2019, arXiv:1902.00751; adapter-hub's `init_weights="bert"`.
 */
export const houlsby = (config: HoulsbyConfig): Pass => ({
  name: "houlsby",
  run(graph) {
    checkSites(linearModules(graph), config);
    return rewrite(graph, {
      param: (param) => ({ ...param, trainable: isUnder(param.name, config.modulesToSave) }),
      node(y, { op, module }) {
        const holder = op === linear.op ? holderOf(module, config) : undefined;
        return holder === undefined ? y : bottleneck(y, holder, config);
      },
    });
  },
});

function checkSites(modules: readonly ModulePath[], { layers, sites }: HoulsbyConfig): void {
  const found = new Set(modules.map((module) => placeIn(layers, module)?.site));
  const unmatched = Object.keys(sites).filter((site) => !found.has(site));
  if (unmatched.length > 0) throw noSite(unmatched, layers, modules);
}

/** Position of a module in the list of layers: the layer's number, and its path inside the layer. */
function placeIn(layers: ModulePath, module: ModulePath): { layer: string; site: string } | undefined {
  const inside = module.startsWith(`${layers}.`) ? module.slice(layers.length + 1) : "";
  const [, layer, site] = /^(\d+)\.(.*)$/.exec(inside) ?? [];
  return layer === undefined || site === undefined ? undefined : { layer, site };
}

/** The module that holds the adapter of a linear module's output, if it has one. */
function holderOf(module: ModulePath, { layers, sites }: HoulsbyConfig): ModulePath | undefined {
  const place = placeIn(layers, module);
  const holder = place && sites[place.site];
  return holder === undefined ? undefined : `${layers}.${place?.layer}.${holder}`;
}

function bottleneck(h: Value, holder: ModulePath, { reductionFactor, nonLinearity }: HoulsbyConfig): Value {
  const width = h.shape[1] as number;
  const narrow = Math.max(1, Math.floor(width / reductionFactor));
  const layer = (name: string, x: Value, out: number): Value => {
    const path = `${holder}.adapters.${ADAPTER_NAME}.${name}`;
    const param = (suffix: string, shape: number[], std: number): Value =>
      h.graph.param(
        `${path}.${suffix}`,
        { dtype: "float32", shape },
        { trainable: true, init: { kind: "normal", std } },
      );
    return linear(x, param("weight", [out, x.shape[1] as number], 0.02), param("bias", [out], 0));
  };
  const down = layer("adapter_down.0", h, narrow);
  return add(h, layer("adapter_up", ACTIVATIONS[nonLinearity](down), width));
}
