import { ArchitectureError } from "../../../errors.ts";
import { ARCHITECTURES, familyFiles } from "../../../models/index.ts";
import type { JsonObject } from "../../json/json.ts";
import { GGUF_ARCHITECTURES, type GgufArchitecture, type Heads } from "./architectures.ts";

/** GGUF form of a model. */
export interface GgufModel extends Heads {
  /** `general.architecture`. */
  readonly name: string;
  readonly architecture: GgufArchitecture;
  /** True when llama.cpp knows no window for the family, and is told no more context than it. */
  readonly windowed: boolean;
  /** Settings that llama.cpp takes for granted. */
  readonly granted: JsonObject;
}

/**
 * GGUF form of the model of a `config.json`.
 * @throws {ArchitectureError} when its `model_type` is not supported.
 */
export function ggufModel(config: JsonObject): GgufModel {
  const { architecture: name, granted = {}, windowed = false } = familyFiles(config.model_type).gguf ?? {};
  const architecture = name === undefined ? undefined : GGUF_ARCHITECTURES[name];
  if (name === undefined || architecture === undefined) {
    throw new ArchitectureError(`models of type ${config.model_type} cannot be written as GGUF.`, {
      where: "config.json: model_type",
      expected: ARCHITECTURES.flatMap(({ files, modelType }) => (files?.gguf ? [modelType] : [])).join(", "),
      hint: "onnx and safetensors hold models of every type.",
    });
  }
  const heads = Number(config.num_attention_heads ?? config.n_head);
  return { name, architecture, windowed, granted, heads, kvHeads: Number(config.num_key_value_heads ?? heads) };
}

/** A parameter's place in a GGUF file. */
export interface GgufPlace {
  /** The tensor's name. */
  readonly name: string;
  /** ggml's name of its module, in the layer or outside. */
  readonly module: string;
}

/** GGUF name of a transformers parameter; `undefined` when the architecture has none. */
export function ggufPlace(param: string, { modules, inLayer, layers }: GgufArchitecture): GgufPlace | undefined {
  const [, path = "", kind] = /^(.+)\.(weight|bias)$/.exec(param) ?? [];
  const [, layer, inside] = path.startsWith(`${layers}.`)
    ? (/^(\d+)\.(.+)$/.exec(path.slice(layers.length + 1)) ?? [])
    : [];
  const names = Object.entries(layer === undefined ? modules : inLayer);
  const module = names.find(([, transformers]) => transformers === (inside ?? path))?.[0];
  if (module === undefined) return undefined;
  return { name: `${layer === undefined ? "" : `blk.${layer}.`}${module}.${kind}`, module };
}

/** The parameter of transformers in a GGUF file's place; `undefined` when the architecture has none there. */
export function paramOfGguf(name: string, { modules, inLayer, layers }: GgufArchitecture) {
  const [, layer, module = "", kind] = /^(?:blk\.(\d+)\.)?(\w+)\.(weight|bias)$/.exec(name) ?? [];
  const names = layer === undefined ? modules : inLayer;
  const path = Object.hasOwn(names, module) ? names[module] : undefined;
  if (path === undefined) return undefined;
  return { param: `${layer === undefined ? "" : `${layers}.${layer}.`}${path}.${kind}`, module };
}
