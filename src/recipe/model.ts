import { z } from "zod";
import { text } from "../methods/keys/kinds.ts";
import { FOUR_BIT_NAMES } from "../quant/scheme-names.ts";

/** Values of `device`. */
export const DEVICES = ["auto", "cpu", "webgpu"] as const;

/** The base model: where it comes from, how it is held in memory, where it runs. Quantization keys are TRL's. */
export const modelKeys = {
  model_name_or_path: text().describe("Base model: a folder, a Hub id, a .gguf file, or embedded"),
  model_revision: text().default("main").describe("Branch, tag or commit of a Hub model"),
  dtype: z.enum(["float32", "bfloat16", "float16"]).default("float32").describe("Data type of the unquantized weights"),
  load_in_4bit: z.boolean().default(false).describe("Quantize the frozen linear weights to 4 bits"),
  load_in_8bit: z.boolean().default(false).describe("Quantize the frozen linear weights to 8 bits"),
  bnb_4bit_quant_type: z
    .enum(FOUR_BIT_NAMES)
    .default("nf4")
    .describe("Codebook of the 4-bit weights; gguf: keep the quantized blocks of the GGUF file"),
  use_bnb_nested_quant: z.boolean().default(true).describe("Quantize the scales of the 4-bit weights too"),
  device: z
    .enum(DEVICES)
    .default("auto")
    .describe("Device that the model runs on; auto takes a GPU whose numbers agree with the CPU's, else the CPU"),
  from_scratch: z.boolean().default(false).describe("Start from fresh weights; only config.json is read"),
};
