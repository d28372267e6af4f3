import type { Architecture } from "../models/parts/architecture.ts";
import type { Pass } from "../passes/pass.ts";
import type { Trained } from "../prepared/job.ts";
import type { Prepared, Weights } from "../prepared/prepared.ts";
import type { ResolvedRecipe } from "../recipe/resolve.ts";

/** What there is to save. */
export interface Savable {
  readonly model: Prepared;
  readonly trained: Trained;
  /** Every parameter as it was before any was packed, with what was trained. */
  readonly whole: () => Promise<Weights>;
  /** Labels by id. */
  readonly id2label: Readonly<Record<string, string>>;
}

/** A fine-tuning method: what it makes of a base model, and what its files are. */
export interface MethodDefinition {
  /** Rewrites a base model; packing of frozen weights comes after, for every method. */
  passes(recipe: ResolvedRecipe, architecture: Architecture): Pass[];
  /** Whose library loads what it saves. */
  readonly format: "peft" | "adapters" | "transformers";
  /** The files that hold what it trained. */
  readonly weightFiles: readonly string[];
  /** Its own recipe keys, for the model card. */
  readonly keys: readonly (keyof ResolvedRecipe)[];
  save(folder: string, what: Savable): Promise<void>;
  /** The trained parameters of a folder that `save` wrote. */
  read(folder: string): Promise<Map<string, Float32Array>>;
}
