import type { Format } from "../format.ts";
import { ggufLora, houlsby, mlx, peft } from "./adapters.ts";
import { csv, gzip, json, jsonl, parquet } from "./data.ts";
import { hub } from "./hub.ts";
import { config, gguf, safetensors, shards } from "./models.ts";
import { checkpoint, flags, recipe } from "./runs.ts";
import { chatTemplate, tokenizerConfig, tokenizerJson, vocabulary } from "./tokenizers.ts";

/** Every format that is read, by name. */
export const FORMATS: Readonly<Record<string, Format>> = Object.fromEntries(
  [
    ...[safetensors, shards, gguf, config],
    ...[tokenizerJson, tokenizerConfig, vocabulary, chatTemplate],
    ...[peft, houlsby, mlx, ggufLora],
    ...[checkpoint, recipe, flags],
    ...[jsonl, json, csv, parquet, gzip],
    hub,
  ].map((format) => [format.name, format]),
);
