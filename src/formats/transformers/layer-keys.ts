import type { JsonObject } from "../json/json.ts";

/** Modules that lie in the same places of some layers. */
export interface LayerKeys {
  /** Paths inside a layer; each of `layers` holds all of them. */
  readonly inside: readonly string[];
  /** Numbers of the layers, ascending. */
  readonly layers: readonly number[];
  /** Whole paths of the modules that no layer holds. */
  readonly outside: readonly string[];
}

const LAYERED = /^.*?\.(?:layers|h)\.(\d+)\.(.+)$/;

/** Sorts modules by the layers that hold them; `undefined` where layers do not all hold the same, or none does. */
export function layerKeys(modules: readonly string[]): LayerKeys | undefined {
  const layered = modules.map((path) => LAYERED.exec(path)).filter((match) => match !== null);
  const held = new Set(layered.map(([path]) => path));
  const inside = [...new Set(layered.map(([, , key]) => key as string))];
  const layers = [...new Set(layered.map(([, layer]) => Number(layer)))].sort((a, b) => a - b);
  if (layered.length === 0 || inside.length * layers.length !== layered.length) return undefined;
  return { inside, layers, outside: modules.filter((path) => !held.has(path)) };
}

/** The number of layers that a `config.json` says. */
export function layerCount({ num_hidden_layers, n_layer }: JsonObject): number | undefined {
  const count = num_hidden_layers ?? n_layer;
  return typeof count === "number" ? count : undefined;
}
