/** A number of `config.json` that no model can have. */
export interface OutOfRange {
  readonly key: string;
  readonly given: unknown;
  readonly expected: string;
}

/** The largest count of each kind: generous to every model there is, small enough for a graph that is refused later. */
const MOST = { layers: 1000, heads: 10_000, width: 1_000_000, entries: 100_000_000 };

/** Counts of a config, by what they count. All are whole numbers from 1. */
const COUNTS: Readonly<Record<keyof typeof MOST, readonly string[]>> = {
  layers: ["num_hidden_layers", "n_layers", "n_layer"],
  heads: ["num_attention_heads", "num_key_value_heads", "n_heads", "n_head"],
  width: ["hidden_size", "embedding_size", "intermediate_size", "head_dim", "dim", "hidden_dim", "n_embd", "n_inner"],
  entries: [
    ...["vocab_size", "type_vocab_size", "max_position_embeddings", "original_max_position_embeddings", "n_positions"],
    ...[
      "sliding_window",
      "local_attention",
      "sliding_window_pattern",
      "no_rope_layer_interval",
      "query_pre_attn_scalar",
    ],
  ],
};

/** Real numbers of a config: those above 0, shares of a head's columns, those from 0, probabilities. */
const ABOVE_ZERO =
  /^(rope_theta|rope_local_base_freq|rotary_emb_base|global_rope_theta|local_rope_theta|\w+_softcapping)$/;
const SHARE = /^(partial_rotary_factor|rotary_pct)$/;
const FROM_ZERO = /^(\w*norm_eps|layer_norm_epsilon|initializer_range)$/;
const PROBABILITY = /^(\w*dropout\w*|\w+_pdrop)$/;

/** Heads of a config, and the width that they share where it names no `head_dim`. */
const HEADS = [
  ["num_attention_heads", "hidden_size"],
  ["n_heads", "dim"],
  ["n_head", "n_embd"],
] as const;

type Config = Readonly<Record<string, unknown>>;

/** The first number of a parsed config that is out of range, or does not fit another; keys that are absent or null are not looked at. */
export function outOfRange(config: Config): OutOfRange | undefined {
  return wrongCount(config) ?? wrongNumber(config) ?? wrongHeads(config);
}

function wrongCount(config: Config): OutOfRange | undefined {
  for (const [kind, keys] of Object.entries(COUNTS)) {
    const most = MOST[kind as keyof typeof MOST];
    const key = keys.find((key) => config[key] != null && !isCount(config[key], most));
    if (key) return { key, given: config[key], expected: `a whole number from 1 to ${most.toLocaleString("en")}` };
  }
  return undefined;
}

const isCount = (value: unknown, most: number): boolean =>
  Number.isInteger(value) && Number(value) >= 1 && Number(value) <= most;

function wrongNumber(config: Config): OutOfRange | undefined {
  for (const [key, given] of Object.entries(config)) {
    if (typeof given !== "number") continue;
    if (ABOVE_ZERO.test(key) && !(given > 0 && given < Infinity)) return { key, given, expected: "a number above 0" };
    if (SHARE.test(key) && !(given > 0 && given <= 1)) return { key, given, expected: "a number above 0, up to 1" };
    if (FROM_ZERO.test(key) && !(given >= 0 && given < Infinity)) return { key, given, expected: "a number from 0" };
    if (PROBABILITY.test(key) && !(given >= 0 && given < 1))
      return { key, given, expected: "a number from 0, below 1" };
  }
  return undefined;
}

function wrongHeads(config: Config): OutOfRange | undefined {
  const { head_dim, num_key_value_heads: kv } = config;
  for (const [heads, width] of HEADS) {
    const [given, shared] = [Number(config[heads]), Number(config[width])];
    if (config[heads] == null) continue;
    if (head_dim == null && shared % given !== 0) {
      return { key: heads, given, expected: `a divisor of ${width}, which is ${shared}` };
    }
    if (kv != null && given % Number(kv) !== 0) {
      return { key: "num_key_value_heads", given: kv, expected: `a divisor of ${heads}, which is ${given}` };
    }
  }
  return undefined;
}
