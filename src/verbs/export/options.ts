/** Export formats of models and adapters. */
export const EXPORT_FORMATS = ["peft", "safetensors", "onnx", "gguf", "mlx"] as const;

/** One of {@link EXPORT_FORMATS}. */
export type ExportFormat = (typeof EXPORT_FORMATS)[number];

/** Options of an export. One of `model` and `adapter` is needed. */
export interface ExportOptions {
  readonly format: ExportFormat;
  /** Folder of an adapter of PEFT, or of mlx-lm, or a GGUF file that holds one. */
  readonly adapter?: string;
  /** Folder, Hub id or `.gguf` file; default: the adapter's own base. */
  readonly model?: string;
  /** Folder to write, or with `gguf` the file. */
  readonly out: string;
  /** With `gguf`: write the adapter into the base's weights instead of by itself. `safetensors` and `onnx` always do. */
  readonly merge?: boolean;
  /** Type of the weights that are written. Default: the base's own, with `gguf` F16, with `onnx` F32. */
  readonly dtype?: "F32" | "F16" | "BF16" | "Q8_0";
  /**
   * With `onnx`: what the adapter's files hold stays apart from the base, as inputs of the model under their own names,
   * LoRA's scaling in B. `optional`: the model has values for them, which a run may replace (in Python, C, C# and others;
   * not in JavaScript). `required`: each run gives them.
   */
  readonly adapterInputs?: "optional" | "required";
}

/** Report of an export. */
export interface ExportReport {
  readonly format: ExportFormat;
  readonly out: string;
  /** Relative difference of the logits of the written file, read back, from the original's. */
  readonly difference: number;
  /** Notes for the user. */
  readonly notes: readonly string[];
}
