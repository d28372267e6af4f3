import type { z } from "zod";

/** The part of a recipe that is one method's own, and the defaults that depend on it. */
export interface MethodRecipe {
  /** The method in prose, for model cards. */
  readonly title: string;
  /** The tag of model cards; none where a whole model is saved. */
  readonly tag?: string;
  /** One line for whoever chooses a method. */
  readonly hint: string;
  /** Heading of its keys in the documentation; methods that share their keys share it. */
  readonly group?: string;
  /** Its own recipe keys. */
  readonly keys: Readonly<Record<string, z.ZodType>>;
  /** Learning rate of a recipe that names none. */
  readonly learningRate: number;
  /** True when the base is held in four bits unless the recipe says eight. */
  readonly quantizesBase?: boolean;
  /** True when the weights of the base train: they cannot be held quantized. */
  readonly trainsBase?: boolean;
  /** True when it trains a classification head and nothing else. */
  readonly needsHead?: boolean;
}
