/** Recipe keys that choose the scheme of the frozen weights. */
export const QUANTIZATION_KEYS = ["load_in_4bit", "load_in_8bit", "bnb_4bit_quant_type"] as const;

/** Recipe keys of a model whose weights are not quantized. */
export const UNQUANTIZED = { load_in_4bit: false, load_in_8bit: false } as const;
