import { adapterRecipe } from "./adapter.ts";
import type { MethodRecipe } from "./definition.ts";
import { ia3Recipe } from "./ia3.ts";
import { lnTuningRecipe } from "./ln-tuning.ts";
import { loraRecipe, qloraRecipe } from "./lora.ts";
import { fullRecipe, headRecipe } from "./whole.ts";

const RECIPES = {
  full: fullRecipe,
  lora: loraRecipe,
  qlora: qloraRecipe,
  adapter: adapterRecipe,
  head: headRecipe,
  ia3: ia3Recipe,
  ln_tuning: lnTuningRecipe,
} as const satisfies Readonly<Record<string, MethodRecipe>>;

/** One of {@link METHODS}. */
export type Method = keyof typeof RECIPES;

/** The recipe's part of each method. One line a method; all else about it is in its own files. */
export const METHOD_RECIPES: Readonly<Record<Method, MethodRecipe>> = RECIPES;

/** The methods of fine-tuning; `qlora` is `lora` on a quantized base. */
export const METHODS = Object.keys(RECIPES) as readonly Method[];

type Shapes = (typeof RECIPES)[Method]["keys"];
type Intersection<Union> = (Union extends unknown ? (one: Union) => void : never) extends (all: infer All) => void
  ? All
  : never;

/** The recipe keys of all methods, each once. */
export const methodKeys = Object.assign({}, ...METHODS.map((method) => RECIPES[method].keys)) as Intersection<Shapes>;

/** Keys that some methods share, and no other has. */
export interface KeysOfMethods {
  /** Their heading in the documentation. */
  readonly group: string;
  readonly keys: readonly (keyof typeof methodKeys)[];
  readonly methods: readonly Method[];
}

/** Learning rate of most methods. */
const USUAL_RATE = 1e-3;

/** The default learning rates in words: `5e-5 with full, else 1e-3`. */
export function defaultRates(): string {
  const others = METHODS.filter((method) => METHOD_RECIPES[method].learningRate !== USUAL_RATE);
  const rates = others.map((method) => `${METHOD_RECIPES[method].learningRate.toExponential()} with ${method}`);
  return `${rates.join(", ")}, otherwise ${USUAL_RATE.toExponential()}`;
}

/** The keys that are methods' own, by the methods that they belong to. */
export const METHOD_KEYS: readonly KeysOfMethods[] = [...new Set(METHODS.map((method) => METHOD_RECIPES[method].keys))]
  .map((keys) => ({
    keys: Object.keys(keys) as KeysOfMethods["keys"],
    methods: METHODS.filter((method) => METHOD_RECIPES[method].keys === keys),
  }))
  .filter(({ keys }) => keys.length > 0)
  .map((own) => ({ group: METHOD_RECIPES[own.methods[0] as Method].group ?? "", ...own }));
