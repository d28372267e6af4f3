import { execFileSync } from "node:child_process";
import { rmSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { type BadInput, type Keys, models, type Workshop } from "../workshop.ts";

const LLAMA = "causal/llama";
const keyed =
  (keys: Keys, base = "bert") =>
  (workshop: Workshop): string =>
    workshop.changed(base, keys);
const written =
  (content: string | Uint8Array) =>
  (workshop: Workshop): string => {
    const model = workshop.copy("bert");
    workshop.put("model/config.json", content);
    return model;
  };
const special =
  (make: (path: string) => void) =>
  (workshop: Workshop): string => {
    const model = workshop.copy("bert");
    rmSync(`${model}/config.json`);
    make(`${model}/config.json`);
    return model;
  };

/** Encoders' configurations that are damaged, hostile, or disagree with the weights. */
const encoders: readonly BadInput[] = models("config", [
  ["no config.json", special(() => {}), /config\.json/],
  ["an empty file", written(""), /config\.json/],
  ["no JSON", written("{model_type: bert}"), /config\.json/],
  ["a list", written("[]"), /config\.json/],
  ["null", written("null"), /config\.json/],
  ["no UTF-8", written(Buffer.from([0x7b, 0xff, 0x7d])), /config\.json/],
  ["UTF-16", written(Buffer.from("{}", "utf16le")), /config\.json/],
  ["nested 100,000 deep", written(`{"model_type":${"[".repeat(100_000)}`), /config\.json/],
  ["nested 100,000 deep and closed", written(`{"model_type":"bert","a":${"[".repeat(100_000)}${"]".repeat(100_000)}}`), /config\.json/],
  ["600 MB", special((path) => { writeFileSync(path, "{}"); truncateSync(path, 600e6); }), /config\.json/],
  ["a pipe", special((path) => execFileSync("mkfifo", [path])), /config\.json/],
  ["/dev/zero", special((path) => symlinkSync("/dev/zero", path)), /config\.json/],
  ["no model_type", keyed({ model_type: undefined }), /model_type/],
  ["model_type 7", keyed({ model_type: 7 }), /model_type/],
  ["model_type t5", keyed({ model_type: "t5" }), /t5/],
  ["model_type __proto__", keyed({ model_type: "__proto__" }), /__proto__/],
  ["model_type constructor", keyed({ model_type: "constructor" }), /constructor/],
  ...[0, -1, 1.5, "32", null, 1e9, 2 ** 53, [32], undefined].map((hidden_size) => [`hidden_size ${JSON.stringify(hidden_size)}`, keyed({ hidden_size }), /hidden_size|shape|\[/] as const),
  ...[-1, 1.5, "2", null, 1e9, {}].map((num_hidden_layers) => [`num_hidden_layers ${JSON.stringify(num_hidden_layers)}`, keyed({ num_hidden_layers }), /layers/] as const),
  ...[0, -1, 3, 1.5, 1e9, "2"].map((num_attention_heads) => [`num_attention_heads ${num_attention_heads}`, keyed({ num_attention_heads }), /heads/] as const),
  ...[0, -1, 1e9, 61, "62"].map((vocab_size) => [`vocab_size ${vocab_size}`, keyed({ vocab_size }), /vocab_size|word_embeddings/] as const),
  ...[0, -1, 1e9].map((intermediate_size) => [`intermediate_size ${intermediate_size}`, keyed({ intermediate_size }), /intermediate|\[/] as const),
  ...[0, -1, 1e12].map((max_position_embeddings) => [`max_position_embeddings ${max_position_embeddings}`, keyed({ max_position_embeddings }), /position/] as const),
  ["an unknown activation", keyed({ hidden_act: "quick_silver" }), /hidden_act/],
  ["layer_norm_eps of text", keyed({ layer_norm_eps: "small" }), /layer_norm_eps/],
  ["layer_norm_eps -1", keyed({ layer_norm_eps: -1 }), /layer_norm_eps/],
  ["id2label a number", keyed({ id2label: 3 }), /id2label/],
  ["quantized by GPTQ", keyed({ quantization_config: { quant_method: "gptq", bits: 4 } }), /quantization_config/],
  ["quantized by AWQ", keyed({ quantization_config: { quant_method: "awq", bits: 4 } }), /quantization_config/],
  ["quantized to fp8", keyed({ quantization_config: { quant_method: "fp8" } }), /quantization_config/],
  ["quantized by a list", keyed({ quantization_config: [] }), /quantization_config/],
  ["the head of a decoder", (workshop) => { workshop.copy("bert"); const { put } = workshop; put("model/config.json", { ...LLAMA_CONFIG }); return workshop.at("model"); }, /lacks|tensors|SEQ_CLS|model\./],
]); // biome-ignore format: a table

const LLAMA_CONFIG = {
  model_type: "llama",
  vocab_size: 62,
  hidden_size: 32,
  intermediate_size: 64,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  max_position_embeddings: 64,
  rms_norm_eps: 1e-5,
};
const causal = { keys: { task_type: "CAUSAL_LM" }, commands: ["train", "generate", "plan", "evaluate"] };

/** Decoders' configurations, their rotary embeddings above all. */
const decoders: readonly BadInput[] = models("config of a decoder", [
  ...[0, -1, 1e9, 7, 1.5].map((head_dim) => [`head_dim ${head_dim}`, keyed({ head_dim }, LLAMA), /head_dim|head|\[/] as const),
  ...[0, -1, 3, 1e9].map((num_key_value_heads) => [`num_key_value_heads ${num_key_value_heads}`, keyed({ num_key_value_heads }, LLAMA), /key_value_heads|heads/] as const),
  ["num_hidden_layers 1e9", keyed({ num_hidden_layers: 1e9 }, LLAMA), /layers/],
  ["num_hidden_layers 1, two stored", keyed({ num_hidden_layers: 1 }, LLAMA), /layers/],
  ...[0, -1, "big"].map((rope_theta) => [`rope_theta ${rope_theta}`, keyed({ rope_theta, rope_parameters: undefined, rope_scaling: undefined }, LLAMA), /rope/] as const),
  ["rope_scaling of a future type", keyed({ rope_scaling: { rope_type: "spiral", factor: 2 }, rope_parameters: undefined }, LLAMA), /spiral|rope/],
  ["rope_scaling a number", keyed({ rope_scaling: 2, rope_parameters: undefined }, LLAMA), /rope/],
  ["rope factor 0", keyed({ rope_scaling: { rope_type: "linear", factor: 0 }, rope_parameters: undefined }, LLAMA), /factor|rope/],
  ["longrope factors too few", keyed({ rope_scaling: { type: "longrope", short_factor: [1], long_factor: [1] } }, "causal/phi3"), /factor|rope/],
  ["longrope factors of text", keyed({ rope_scaling: { type: "longrope", short_factor: ["a"], long_factor: ["b"] } }, "causal/phi3"), /factor|rope/],
  ["rms_norm_eps null", keyed({ rms_norm_eps: null }, LLAMA), /rms_norm_eps/],
  ["hidden_act a list", keyed({ hidden_act: [] }, LLAMA), /hidden_act/],
  ["tie_word_embeddings of text", keyed({ tie_word_embeddings: "yes" }, LLAMA), /tie_word_embeddings/],
  ["sliding_window -1", keyed({ sliding_window: -1 }, "causal/mistral"), /sliding_window/],
  ["layer_types of one layer", keyed({ layer_types: ["full_attention"] }, "causal/gemma3_text"), /layer_types/],
  ["layer_types unknown", keyed({ layer_types: ["spiral", "spiral"] }, "causal/gemma3_text"), /layer_types|spiral/],
  ["n_head 3", keyed({ n_head: 3 }, "causal/gpt2"), /head/],
  ["n_embd 1e9", keyed({ n_embd: 1e9 }, "causal/gpt2"), /n_embd|\[/],
  ["rotary_pct 7", keyed({ rotary_pct: 7, rope_parameters: undefined }, "causal/gpt_neox"), /rotary_pct|rotary/],
], causal); // biome-ignore format: a table

/** Configurations of models. */
export const configCases: readonly BadInput[] = [...encoders, ...decoders];
