import { z } from "zod";
import { makeFolder } from "#platform";
import { AdapterError } from "../../errors.ts";
import { classifies, factsOf, taskOfClass } from "../../task-types/index.ts";
import { brief, isObject, type JsonObject } from "../json/json.ts";
import { isOff, writeJson } from "../json/json-file.ts";
import type { StoredAdapter } from "../safetensors/adapter.ts";
import { type FloatTensor, type NamedTensors, readTensor, writeTensors } from "../safetensors/tensors.ts";

/** Heads that PEFT adds to `modules_to_save` of every classification adapter, whatever the model calls its own. */
export const CLASSIFICATION_HEADS = ["classifier", "score"];

/** The modules trained whole that PEFT would not add itself; it matches ends, so `classifier` covers `pre_classifier`. */
export const extraModules = (modules: readonly string[] = [], heads = CLASSIFICATION_HEADS): string[] =>
  modules.filter((name) => !heads.some((head) => name.endsWith(head)));

/** The keys of `adapter_config.json` that every method of PEFT has, and that are read. */
const COMMON = { task_type: z.string().nullish(), base_model_name_or_path: z.string().nullish() };

/** Keys that change nothing in what a trained adapter computes. */
const IGNORED = [
  ...["peft_type", "peft_version", "auto_mapping", "revision", "inference_mode", "runtime_config"],
  "fan_in_fan_out", // repeats how the base model stores its weights
];

/** A method of PEFT, as its files have it. */
export interface PeftMethod<Keys extends z.ZodRawShape> {
  /** `peft_type`. */
  readonly type: string;
  /** The keys of its configuration that are read. */
  readonly keys: Keys;
  /** Further keys that change nothing in what a trained adapter computes. */
  readonly ignored: readonly string[];
  /** The adapters that are supported, for messages. */
  readonly supported: string;
}

type Parsed<Keys extends z.ZodRawShape> = z.output<z.ZodObject<typeof COMMON & Keys>>;

/**
 * Reads PEFT's `adapter_config.json`.
 * @param where Its path, for messages.
 * @throws {AdapterError} for another method, a value of the wrong type, or a key that changes what the adapter computes in a
 *   way that is not known here.
 */
export function parsePeftConfig<Keys extends z.ZodRawShape>(
  json: JsonObject,
  where: string,
  method: PeftMethod<Keys>,
): Parsed<Keys> {
  if (json.peft_type !== method.type) {
    throw new AdapterError(`the adapter is of type ${brief(json.peft_type)}`, {
      where: `${where}: peft_type`,
      expected: method.type,
    });
  }
  const parsed = z.object({ ...COMMON, ...method.keys }).safeParse(json);
  if (!parsed.success) {
    const problems = parsed.error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`);
    throw new AdapterError(`the adapter's configuration cannot be used: ${problems.join("; ")}`, { where });
  }
  for (const [key, value] of Object.entries(json)) {
    if (key in COMMON || key in method.keys || [...IGNORED, ...method.ignored].includes(key) || isOff(value)) continue;
    throw new AdapterError(`the adapter sets ${key} to ${brief(value)}, which is not supported`, {
      where,
      expected: method.supported,
      hint: `if ${key} has no effect on the adapter's output, remove it from the file.`,
    });
  }
  const { task_type } = parsed.data as { readonly task_type?: string | null };
  return { ...parsed.data, task_type: task_type ?? taskOfAutoMapping(json.auto_mapping) } as Parsed<Keys>;
}

/** Task of the model's class, which PEFT writes where it has no name for the task. */
const taskOfAutoMapping = (mapping: unknown): string | undefined =>
  isObject(mapping) && typeof mapping.base_model_class === "string" ? taskOfClass(mapping.base_model_class) : undefined;

/**
 * The tensors of an adapter by the model's own parameter names.
 * @param paramOf Names the parameter of one of PEFT's keys; undefined for a key that is not understood.
 * @param expected The tensors that are understood, for messages.
 * @throws {AdapterError} when a key is not understood.
 */
export async function readPeftTensors(
  stored: StoredAdapter,
  keys: Iterable<string>,
  paramOf: (key: string) => string | undefined,
  expected: string,
): Promise<Map<string, FloatTensor>> {
  const tensors = new Map<string, FloatTensor>();
  for (const key of keys) {
    const param = paramOf(key);
    if (param === undefined) {
      throw new AdapterError(`the adapter contains the tensor ${key}, which is not supported`, {
        where: `${stored.folder}/adapter_model.safetensors`,
        expected,
      });
    }
    tensors.set(param, await readTensor(stored, key));
  }
  return tensors;
}

/** The keys of `adapter_config.json` besides the configuration of the method. */
export interface PeftOrigin {
  /** Folder or Hub id of the base model. */
  readonly baseModel: string;
  /** Branch, tag or commit of a Hub model; `main` goes without saying. */
  readonly revision?: string;
  /** PEFT's name of the task, or ours where it has none. */
  readonly taskType: string;
  /** The model's class in transformers, and its `model_type`; needed where PEFT has no name for the task. */
  readonly modelClass?: { readonly name: string; readonly modelType: string } | undefined;
  /** True when the base model stores the adapted weights `[in, out]`, as GPT-2 does. Default false. */
  readonly fanInFanOut?: boolean;
}

/** The keys that `adapter_config.json` begins with. PEFT refuses a `task_type` that it does not know. */
export function originJson(type: string, origin: PeftOrigin): JsonObject {
  const { baseModel, revision = "main", taskType, modelClass } = origin;
  const isKnown = factsOf(taskType)?.isInPeft !== false;
  return {
    peft_type: type,
    task_type: isKnown ? taskType : null,
    ...(!isKnown && modelClass && { auto_mapping: autoMapping(modelClass) }),
    base_model_name_or_path: baseModel,
    revision: revision === "main" ? null : revision,
    inference_mode: true,
  };
}

const autoMapping = ({ name, modelType }: NonNullable<PeftOrigin["modelClass"]>): JsonObject => ({
  base_model_class: name,
  parent_library: `transformers.models.${modelType}.modeling_${modelType}`,
});

/** The value of `modules_to_save`, with the heads that PEFT adds itself. */
export function modulesToSaveJson(modules: readonly string[] | undefined, taskType: string): string[] | null {
  const heads = classifies(taskType) ? CLASSIFICATION_HEADS : [];
  const all = [...extraModules(modules, heads), ...heads];
  return all.length > 0 ? all : null;
}

/**
 * Writes an adapter as PEFT does: `adapter_model.safetensors`, then `adapter_config.json`, without which no library takes the
 * folder for an adapter.
 * @param tensors By PEFT's keys.
 * @throws {FileError} when the folder cannot be written.
 */
export async function savePeft(folder: string, tensors: NamedTensors, config: JsonObject): Promise<void> {
  await makeFolder(folder);
  await writeTensors(`${folder}/adapter_model.safetensors`, tensors);
  await writeJson(`${folder}/adapter_config.json`, config);
}
