import { loraPart } from "../../peft/lora-parts.ts";

const PREFIX = "base_model.model.";

/** Keys that PEFT with `bias="all"` saves a second time for a head: the copy's and the original's biases. */
const REPEATED = /\.(modules_to_save|original_module)\.(.*\.)?bias$/;

/**
 * PEFT's key of a trained parameter. Heads and biases keep their path; a bias of a layer that carries an adapter moves
 * into `base_layer`, where PEFT keeps the layer that it wraps.
 * @param targets Paths of the modules that carry an adapter.
 * @see huggingface/peft, docs/source/developer_guides/checkpoint.md
 */
export function peftKeyOf(param: string, targets: ReadonlySet<string>): string {
  const module = param.endsWith(".bias") ? param.slice(0, -".bias".length) : undefined;
  return PREFIX + (module !== undefined && targets.has(module) ? `${module}.base_layer.bias` : param);
}

/** The parameter of one of PEFT's keys; `undefined` for a key without its prefix, or that repeats another. */
export function paramOfPeftKey(key: string): string | undefined {
  if (!key.startsWith(PREFIX) || REPEATED.test(key)) return undefined;
  return key.slice(PREFIX.length).replace(/\.base_layer\.bias$/, ".bias");
}

/** True when PEFT saves a key without using it. */
export const isRepeated = (key: string): boolean => REPEATED.test(key);

/** The modules that carry an adapter, by the names of its parameters. */
export function adaptedModules(params: Iterable<string>): Set<string> {
  const parts = [...params].flatMap((name) => loraPart(name) ?? []);
  return new Set(parts.filter(({ part }) => part === "A" || part === "embeddingA").map(({ module }) => module));
}
