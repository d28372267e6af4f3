import type { JsonObject } from "../../json/json.ts";
import type { GgufKeys } from "../keys.ts";
import { type RopeFactors, ropeScaling } from "./rope.ts";

/** Facts for a config besides the metadata. */
export interface ConfigFacts {
  /** Rows of the token embeddings. */
  readonly vocabSize: number;
  readonly factors: RopeFactors;
  /** True when the file has a tensor of that name. */
  has(tensor: string): boolean;
}

/** Builds what an architecture's config holds besides `tokenIds` and `architectures`. */
export type ConfigOf = (keys: GgufKeys, facts: ConfigFacts) => JsonObject;

/** Ids that a config keeps, where the tokenizer's metadata has them. */
export function tokenIds(keys: GgufKeys): JsonObject {
  const found = {
    bos_token_id: keys.maybeInt("tokenizer.ggml.bos_token_id"),
    eos_token_id: keys.maybeInt("tokenizer.ggml.eos_token_id"),
    pad_token_id: keys.maybeInt("tokenizer.ggml.padding_token_id"),
  };
  return Object.fromEntries(Object.entries(found).filter(([, id]) => id !== undefined));
}

/** Config keys that all decoders after GPT-NeoX share. */
const common: ConfigOf = (keys, { vocabSize, has, factors }) => {
  const heads = keys.int(".attention.head_count");
  const hidden = keys.int(".embedding_length");
  const headDim = keys.int(".attention.key_length", hidden / heads);
  const theta = keys.float(".rope.freq_base", 10_000);
  return {
    vocab_size: vocabSize,
    hidden_size: hidden,
    intermediate_size: keys.int(".feed_forward_length"),
    num_hidden_layers: keys.int(".block_count"),
    num_attention_heads: heads,
    num_key_value_heads: keys.int(".attention.head_count_kv", heads),
    head_dim: headDim,
    max_position_embeddings: keys.int(".context_length"),
    rms_norm_eps: keys.float(".attention.layer_norm_rms_epsilon"),
    rope_theta: theta,
    rope_scaling: ropeScaling(keys, factors, { theta, dims: keys.int(".rope.dimension_count", headDim) }),
    tie_word_embeddings: !has("output.weight"),
  };
};

/** Llama, and Mistral, which has no architecture of its own here. */
export const llamaConfig: ConfigOf = (keys, facts) => ({
  ...common(keys, facts),
  model_type: "llama",
  hidden_act: "silu",
  attention_bias: facts.has("blk.0.attn_q.bias"),
  mlp_bias: facts.has("blk.0.ffn_up.bias"),
});

/** Llama with positions in three layers of four. */
export const smollm3Config: ConfigOf = (keys, facts) => ({
  ...llamaConfig(keys, facts),
  model_type: "smollm3",
  no_rope_layers: layersOf(keys, (layer) => ((layer + 1) % 4 === 0 ? 0 : 1)),
  use_sliding_window: false,
});

/** Qwen 2 and 2.5, whose window no file turns on. */
export const qwen2Config: ConfigOf = (keys, facts) => ({
  ...common(keys, facts),
  model_type: "qwen2",
  hidden_act: "silu",
  use_sliding_window: false,
});

/** Qwen 3, dense. */
export const qwen3Config: ConfigOf = (keys, facts) => ({
  ...qwen2Config(keys, facts),
  model_type: "qwen3",
  attention_bias: facts.has("blk.0.attn_q.bias"),
});

/** OLMo 2; with a window it is OLMo 3. */
export const olmo2Config: ConfigOf = (keys, facts) => {
  const window = keys.maybeInt(".attention.sliding_window");
  const pattern = keys.maybeNumbers(".attention.sliding_window_pattern");
  return {
    ...common(keys, facts),
    model_type: window === undefined ? "olmo2" : "olmo3",
    hidden_act: "silu",
    attention_bias: facts.has("blk.0.attn_q.bias"),
    ...(window !== undefined && { sliding_window: window }),
    ...(pattern && { layer_types: [...pattern].map((slides) => layerType(Number(slides) === 1)) }),
  };
};

/** Layers of Gemma 2 27B and of Gemma 3 27B, which scale their scores by the width of all heads. */
const LARGEST_LAYERS = { gemma2: 46, gemma3: 62 };

/** Config of Gemma 2 and 3; every `period`th layer sees all tokens. */
function gemma(keys: GgufKeys, facts: ConfigFacts, largestLayers: number, period: number): JsonObject {
  const shared = common(keys, facts);
  const { hidden_size, num_attention_heads, num_hidden_layers, head_dim } = shared as Record<string, number>;
  const perHead = (hidden_size as number) / (num_attention_heads as number);
  return {
    ...shared,
    hidden_activation: "gelu_pytorch_tanh",
    query_pre_attn_scalar: num_hidden_layers === largestLayers ? perHead : head_dim,
    attn_logit_softcapping: keys.maybeFloat(".attn_logit_softcapping") ?? null,
    final_logit_softcapping: keys.maybeFloat(".final_logit_softcapping") ?? null,
    sliding_window: keys.int(".attention.sliding_window"),
    layer_types: layersOf(keys, (layer) => layerType((layer + 1) % period !== 0)),
  };
}

/** Gemma 2. */
export const gemma2Config: ConfigOf = (keys, facts) => ({
  ...gemma(keys, facts, LARGEST_LAYERS.gemma2, 2),
  model_type: "gemma2",
});

/** Gemma 3's language model. */
export const gemma3Config: ConfigOf = (keys, facts) => ({
  ...gemma(keys, facts, LARGEST_LAYERS.gemma3, 6),
  model_type: "gemma3_text",
  rope_theta: keys.float(".rope.freq_base", 1_000_000),
  rope_local_base_freq: keys.float(".rope.freq_base_swa", 10_000),
});

/** Phi 3, 3.5 and 4. */
export const phi3Config: ConfigOf = (keys, facts) => {
  const shared = common(keys, facts);
  const original = keys.maybeInt(".rope.scaling.original_context_length");
  return {
    ...shared,
    model_type: "phi3",
    hidden_act: "silu",
    partial_rotary_factor: keys.int(".rope.dimension_count") / (shared.head_dim as number),
    sliding_window: keys.maybeInt(".attention.sliding_window") || null,
    ...(original !== undefined && { original_max_position_embeddings: original }),
  };
};

/** GPT-2, in its own words. */
export const gpt2Config: ConfigOf = (keys, { vocabSize, has }) => ({
  model_type: "gpt2",
  activation_function: "gelu_new",
  vocab_size: vocabSize,
  n_embd: keys.int(".embedding_length"),
  n_layer: keys.int(".block_count"),
  n_head: keys.int(".attention.head_count"),
  n_inner: keys.int(".feed_forward_length"),
  n_positions: keys.int(".context_length"),
  layer_norm_epsilon: keys.float(".attention.layer_norm_epsilon"),
  tie_word_embeddings: !has("output.weight"),
});

/** GPT-NeoX and Pythia. */
export const gptNeoxConfig: ConfigOf = (keys, { vocabSize, has }) => {
  const [hidden, heads] = [keys.int(".embedding_length"), keys.int(".attention.head_count")];
  return {
    model_type: "gpt_neox",
    hidden_act: "gelu",
    vocab_size: vocabSize,
    hidden_size: hidden,
    intermediate_size: keys.int(".feed_forward_length"),
    num_hidden_layers: keys.int(".block_count"),
    num_attention_heads: heads,
    max_position_embeddings: keys.int(".context_length"),
    layer_norm_eps: keys.float(".attention.layer_norm_epsilon"),
    rotary_pct: keys.int(".rope.dimension_count") / (hidden / heads),
    rotary_emb_base: keys.float(".rope.freq_base", 10_000),
    use_parallel_residual: keys.bool(".use_parallel_residual", true),
    attention_bias: has("blk.0.attn_qkv.bias"),
    tie_word_embeddings: !has("output.weight"),
  };
};

const layersOf = <T>(keys: GgufKeys, of: (layer: number) => T): T[] =>
  Array.from({ length: keys.int(".block_count") }, (_, layer) => of(layer));

const layerType = (slides: boolean): string => (slides ? "sliding_attention" : "full_attention");
