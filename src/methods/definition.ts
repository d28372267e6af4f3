import type { StoredAdapter } from "../formats/safetensors/adapter.ts";
import type { FloatTensor } from "../formats/safetensors/tensors.ts";
import type { ModulePath, Shape } from "../ir/types.ts";
import type { Architecture } from "../models/parts/architecture.ts";
import type { Pass } from "../passes/pass.ts";
import type { TargetRules } from "../peft/targets.ts";
import type { Trained } from "../prepared/job.ts";
import type { Prepared, Weights } from "../prepared/prepared.ts";
import type { ResolvedRecipe } from "../recipe/resolve.ts";

/** A fine-tuning method and its settings, as recipe keys. Made by `lora`, `adapter`, `full`, `head`. */
export interface MethodSpec {
  readonly keys: Readonly<Record<string, unknown>>;
}

/** Trained parameters to save. */
export interface Savable {
  readonly model: Prepared;
  readonly trained: Trained;
  /** Every parameter as it was before any was packed, with what was trained; or at least those named. */
  readonly whole: (names?: ReadonlySet<string>) => Promise<Weights>;
  /** Labels by id. */
  readonly id2label: Readonly<Record<string, string>>;
}

/** A change of one weight or bias of the base that an adapter makes. */
export interface WeightUpdate {
  /** Shape of the weight `[out, in]`, or of the bias `[out]`; `any` where the update fits every length. */
  readonly shape: readonly (number | "any")[];
  /** True when the base may lack the parameter: then there is nothing to change. */
  readonly optional?: boolean;
  /** True when an output layer that shares the weight takes the update too. */
  readonly keepsTie?: boolean;
  /** Advice for a base that lacks the parameter. */
  readonly hint?: string;
  /** Changes `w`, row-major. */
  merge(w: Float32Array): void;
}

/** Change of an adapter to one parameter of its model: a new value, an update, or both. */
export interface Change {
  readonly whole?: FloatTensor;
  readonly update?: WeightUpdate;
}

/** An adapter opened from its files, whichever method and library made it. */
export interface TrainedAdapter {
  readonly format: "peft" | "adapters";
  readonly folder: string;
  readonly taskType: string | undefined;
  /** Folder or Hub id of the base that it was made for. */
  readonly baseModel: string | undefined;
  /** By the model's own parameter names. */
  readonly tensors: ReadonlyMap<string, FloatTensor>;
  /**
   * Recipe keys that it decides, its method among them.
   * @param given Keys that the user set.
   */
  decides(recipe: ResolvedRecipe, given: ReadonlySet<string>): Partial<ResolvedRecipe>;
  /** The modules that it takes, where recipe keys select them. */
  readonly selection?: Selection;
  /** Changes by parameter of the base; absent where they cannot be merged into it. */
  changes?(): ReadonlyMap<string, Change>;
}

/** A selection of modules, compared by what it takes and not as it is written. */
export interface Selection {
  /** The recipe keys that select. */
  readonly keys: readonly (keyof ResolvedRecipe)[];
  readonly rules: TargetRules;
  /** The rules that a recipe asks for, with the adapter's where it leaves them open. */
  asked(recipe: ResolvedRecipe, given: ReadonlySet<string>): TargetRules;
}

/** A recipe key that names modules. */
export type ModulesToSaveKey = Extract<keyof ResolvedRecipe, `${string}_modules_to_save`>;

/** Adapter weights as inputs of an exported model. */
export interface AdapterInputs {
  /** The recipe of a graph that takes them. */
  recipe(recipe: ResolvedRecipe): ResolvedRecipe;
  /** A parameter's array for that graph. */
  data(param: string, data: Float32Array, recipe: ResolvedRecipe, architecture: Architecture): Float32Array;
  /** A parameter's shape, with names for lengths that a run may choose. */
  shape(param: string, shape: Shape): Shape;
}

/** A fine-tuning method: what it makes of a base model, and what its files are. Its recipe keys lie in `keys/`. */
export interface MethodDefinition {
  /** Rewrites a base model; packing of frozen weights comes after, for every method. */
  passes(recipe: ResolvedRecipe, architecture: Architecture): Pass[];
  /** True for a parameter that the method adds, and that the base model does not have. */
  isOwn(param: string): boolean;
  /** True when what it trains in its targets are parameters of the base. */
  readonly adaptsBase?: boolean;
  /** The module of the base that a parameter of the method belongs to; absent where it has modules of its own. */
  moduleOf?(param: string): ModulePath | undefined;
  /** The recipe key that names further modules to train whole. */
  readonly modulesToSaveKey?: ModulesToSaveKey;
  /** A parameter's learning rate over the recipe's; undefined where the method has none of its own. */
  learningRateScale?(param: string, recipe: ResolvedRecipe): number | undefined;
  /** Whose library loads what it saves. */
  readonly format: "peft" | "adapters" | "transformers";
  /** The files that hold what it trained. */
  readonly weightFiles: readonly string[];
  /** Its recipe keys that a model card shows. */
  readonly cardKeys: readonly (keyof ResolvedRecipe)[];
  save(folder: string, what: Savable): Promise<void>;
  /** The adapters that it opens: PEFT's name of the method, or the library whose files they are. */
  readonly adapterType?: string;
  /** @throws {AdapterError} when the adapter is malformed, or of a kind that is not supported. */
  open?(stored: StoredAdapter): Promise<TrainedAdapter>;
  /** The trained parameters of a folder that `save` wrote; absent where `open` reads them and no others. */
  read?(folder: string, recipe: ResolvedRecipe): Promise<Map<string, Float32Array>>;
  readonly inputs?: AdapterInputs;
}
