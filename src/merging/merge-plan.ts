import { AdapterError } from "../errors.ts";
import type { TensorEntry } from "../formats/safetensors/safetensors.ts";
import type { Checkpoint } from "../formats/transformers/checkpoint.ts";
import { checkpointNames } from "../formats/transformers/checkpoint-names.ts";
import { isTransposed } from "../formats/transformers/transposed.ts";
import type { Change, TrainedAdapter } from "../methods/definition.ts";
import { causalLm } from "../task-types/index.ts";
import { untie } from "./untie.ts";

/** One tensor of a merged model: the base's unless the adapter holds it `whole`, and the `update` to be added. */
export interface PlannedTensor extends Change {
  /** Its name in the merged model. */
  readonly name: string;
  /** The base's tensor. */
  readonly entry?: TensorEntry;
  /** True when the base's weight is quantized and dequantized first. */
  readonly packed: boolean;
  /** True when the weight is stored `[in, out]`, as GPT-2's are. */
  readonly transposed: boolean;
}

/** Contents of a merged model. */
export interface MergePlan {
  /** In the order of the checkpoint, additions last. */
  readonly tensors: readonly PlannedTensor[];
  /** True when input embedding and output layer no longer share a weight. */
  readonly untied: boolean;
}

/** An adapter that can be merged. */
export type Mergeable = TrainedAdapter & Required<Pick<TrainedAdapter, "changes">>;

/** Options that names and shapes do not determine. */
export interface PlanOptions {
  /** The weights that were packed in training, by the names of the adapter's model; `true`: those that it updates. */
  readonly packed: Iterable<string> | boolean;
}

/**
 * Matches an adapter with its base model by names and shapes; reads nothing.
 * @throws {AdapterError} when the base lacks a module, or has it in another shape, or the adapter is incomplete.
 */
export function planMerge(base: Checkpoint, adapter: Mergeable, options: PlanOptions): MergePlan {
  const all = adapter.changes();
  const updated = [...all].filter(([, { update }]) => update).map(([param]) => param);
  const names = checkpointNames(base.tensors, updated.length > 0 ? updated : [...all.keys()]);
  const isThere = (param: string): boolean => names.stored(param) !== undefined;
  const changes = new Map([...all].filter(([param, { update }]) => !update?.optional || isThere(param)));
  const params = [...changes.keys()];
  const { untied, output } = untie(base, changes, isCausal(base, adapter));

  const stored = new Map(params.map((param) => [names.stored(param), param]));
  const packed = packedNames(options, names.stored);
  const plan = (name: string, entry: TensorEntry | undefined, change: Change = {}): PlannedTensor => {
    const isPacked = packed === true ? change.update?.shape.length === 2 : packed.has(entry?.name);
    return { name, ...(entry && { entry }), ...change, packed: isPacked, transposed: isTransposed(base.config, name) };
  };
  const tensors = [...base.tensors.values()].map((entry) =>
    plan(names.written(entry.name), entry, changes.get(stored.get(entry.name) ?? "")),
  );
  if (output) tensors.push(plan(output.param, output.entry, changes.get(output.param)));
  for (const [param, change] of changes) {
    if (names.stored(param) === undefined && param !== output?.param)
      tensors.push(plan(names.added(param), undefined, change));
  }
  for (const tensor of tensors) checkShapes(tensor, base, adapter);
  return { tensors, untied };
}

function packedNames({ packed }: PlanOptions, stored: (param: string) => string | undefined) {
  return packed === true || new Set(packed ? [...packed].map(stored) : []);
}

const isCausal = ({ config }: Checkpoint, { taskType }: Mergeable): boolean =>
  taskType === undefined
    ? causalLm.classEndings.some((ending) => String(config.architectures).includes(ending))
    : taskType === causalLm.name;

function checkShapes(
  { name, entry, whole, update, transposed }: PlannedTensor,
  base: Checkpoint,
  adapter: Mergeable,
): void {
  if (!update) return;
  const other = `was ${adapter.folder} made for another base model?`;
  const misfit = (what: string, hint = other): AdapterError => new AdapterError(what, { where: base.folder, hint });
  const shape = whole?.shape ?? entry?.shape;
  if (!shape) throw misfit(`the base model has no ${name}, which the adapter updates.`, update.hint);
  const wanted = transposed ? update.shape.toReversed() : update.shape;
  if (
    shape.length !== wanted.length ||
    shape.some((length, axis) => wanted[axis] !== "any" && wanted[axis] !== length)
  ) {
    throw misfit(`the base model's ${name} has shape [${shape}], but the adapter's update has [${wanted}].`);
  }
}
