import { AdapterError } from "../../errors.ts";
import { siteOf } from "../../peft/lora.ts";
import { loraPart } from "../../peft/lora-parts.ts";
import type { Update } from "../../peft/lora-update.ts";
import { endsWithPath } from "../../peft/targets.ts";
import { transpose } from "../../quant/transpose.ts";
import type { FloatTensor } from "../safetensors/tensors.ts";
import { adaptedModules } from "./peft-keys.ts";
import type { LoraAdapter } from "./read-lora.ts";

/** The change that a LoRA adapter makes to one parameter of its model: holds it whole, adds to it, or both. */
export interface LoraChange {
  readonly whole?: FloatTensor;
  readonly update?: Update;
  /** Addition to a bias: the bias of B times the scaling. */
  readonly offset?: Float32Array;
  /** Rows that stand in place of those of an embedding, one for each of the tokens `ids`. */
  readonly rows?: { readonly data: Float32Array; readonly ids: readonly number[] };
}

/**
 * The changes of an adapter by parameter.
 * @throws {AdapterError} when A, B or magnitudes of a module are missing or do not fit each other or the configuration.
 */
export function adapterChanges(adapter: LoraAdapter): Map<string, LoraChange> {
  const changes = new Map<string, LoraChange>();
  const modules = adaptedModules(adapter.tensors.keys());
  for (const module of modules) changes.set(`${module}.weight`, { update: updateOf(module, adapter) });
  for (const [param, whole] of adapter.tensors) {
    const part = loraPart(param);
    if (part?.part === "tokens") changes.set(`${part.module}.weight`, { rows: rowsOf(whole, part.module, adapter) });
    else if (part && !modules.has(part.module)) throw misfit(`the adapter contains ${param} but no lora_A`, adapter);
    if (part?.part === "bias")
      changes.set(`${part.module}.bias`, {
        ...changes.get(`${part.module}.bias`),
        offset: scaled(whole, part.module, adapter),
      });
    if (part) continue;
    const name = param.replace(/\.base_layer\.weight$/, ".weight"); // PEFT saves an adapted output layer whole, too
    changes.set(name, { ...changes.get(name), whole });
  }
  return changes;
}

/** The table `[vocab, width]` of an embedding takes `scaling · AᵀBᵀ`. */
function updateOfEmbedding(module: string, adapter: LoraAdapter): Update {
  const [a, b] = ["lora_embedding_A", "lora_embedding_B"].map((name) => adapter.tensors.get(`${module}.${name}`));
  const { r, scaling } = siteOf(adapter.config, module);
  if (a?.shape.length !== 2 || b?.shape.length !== 2 || a.shape[0] !== r || b.shape[1] !== r) {
    throw misfit(
      `lora_embedding_A [${a?.shape}] and lora_embedding_B [${b?.shape}] of ${module} are not of the rank ${r} that is said`,
      adapter,
    );
  }
  return { a: transpose(b.data, b.shape[0] as number), b: transpose(a.data, r), r, scaling };
}

function updateOf(module: string, adapter: LoraAdapter): Update {
  if (adapter.tensors.has(`${module}.lora_embedding_A`)) return updateOfEmbedding(module, adapter);
  const part = (name: string): FloatTensor => {
    const tensor = adapter.tensors.get(`${module}.${name}`);
    if (!tensor) throw misfit(`the adapter lacks ${module}.${name}`, adapter);
    return tensor;
  };
  const [a, b] = [part("lora_A.weight"), part("lora_B.weight")];
  const { r, scaling } = siteOf(adapter.config, module);
  const [out = 0] = b.shape;
  if (a.shape.length !== 2 || b.shape.join() !== [out, r].join() || a.shape[0] !== r) {
    throw misfit(`lora_A [${a.shape}] and lora_B [${b.shape}] of ${module} do not have rank ${r}`, adapter);
  }
  const { useDora } = adapter.config;
  const magnitude = useDora ? part("lora_magnitude_vector") : undefined;
  if (magnitude && magnitude.data.length !== out) {
    throw misfit(`lora_magnitude_vector [${magnitude.shape}] of ${module} is not [${out}]`, adapter);
  }
  return { a: a.data, b: b.data, r, scaling, ...(magnitude && { magnitude: magnitude.data }) };
}

function rowsOf({ data, shape }: FloatTensor, module: string, adapter: LoraAdapter): NonNullable<LoraChange["rows"]> {
  const { trainableTokenIndices: tokens = {} } = adapter.config;
  const [, ids] = Array.isArray(tokens)
    ? [module, tokens as readonly number[]]
    : (Object.entries(tokens).find(([end]) => endsWithPath(module, end)) ?? []);
  if (ids?.length === shape[0]) return { data, ids: ids as readonly number[] };
  throw misfit(
    `the adapter contains ${shape[0]} trained tokens of ${module}, but trainable_token_indices names ${ids?.length ?? 0}`,
    adapter,
  );
}

const scaled = ({ data }: FloatTensor, module: string, { config }: LoraAdapter): Float32Array => {
  const { scaling } = siteOf(config, module);
  return data.map((x) => scaling * x);
};

const misfit = (what: string, { folder }: LoraAdapter): AdapterError =>
  new AdapterError(what, {
    where: folder,
    hint: "adapter_config.json and adapter_model.safetensors must come from the same adapter.",
  });
