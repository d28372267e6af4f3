/** File specifics of a family that differ from most families. */
export interface FamilyFiles {
  /** True when the output layer shares the embedding's weight unless `config.json` denies it. */
  readonly tied?: boolean;
  /** Ends of the paths of linear modules whose weights are stored `[in, out]`: transformers' `Conv1D`. */
  readonly transposed?: readonly string[];
  /** GGUF form of the family; absent: not supported. */
  readonly gguf?: GgufFiles;
  /** Stems of module paths that mlx-lm's model spells otherwise. @see ml-explore/mlx-lm, `sanitize` of each model. */
  readonly mlx?: readonly (readonly [transformers: string, mlx: string])[];
}

/** Specifics of a family in GGUF files. */
export interface GgufFiles {
  /** ggml's name, `general.architecture`. */
  readonly architecture: string;
  /** True when llama.cpp knows no sliding window for the family: files name no more context than it. */
  readonly windowed?: boolean;
  /** Settings that llama.cpp takes for granted and no metadata say, as `config.json` has them. */
  readonly granted?: Readonly<Record<string, unknown>>;
}
