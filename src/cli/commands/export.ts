import { RecipeError } from "../../errors.ts";
import { PROGRAM } from "../../program.ts";
import type { ExportFormat, ExportOptions } from "../library/index.ts";
import type { CliCommand, Context } from "../shared/command.ts";
import { fetchFirst } from "../shared/download.ts";
import { addRecipeFlags } from "../shared/options.ts";
import { sourceOf } from "../shared/source.ts";

const FORMATS: readonly ExportFormat[] = ["peft", "safetensors", "onnx", "gguf", "mlx"];
const ADAPTER_INPUTS = ["optional", "required"] as const;
const DTYPES = { float32: "F32", float16: "F16", bfloat16: "BF16", q8_0: "Q8_0" } as const;

/** `lowrank export --format gguf --adapter_name_or_path DIR --out FILE`: models and adapters in other forms. */
export const exportCommand: CliCommand = {
  examples: [
    `${PROGRAM} export --format gguf --adapter_name_or_path out/lora --merge --out model.gguf`,
    `${PROGRAM} export --format onnx --adapter_name_or_path out/lora --out onnx`,
    `${PROGRAM} export --format mlx --adapter_name_or_path out/lora --out mlx`,
  ],
  define(command) {
    command
      .requiredOption("--format <format>", `what to write: ${FORMATS.join(", ")}`)
      .requiredOption("--out <path>", "output folder; with gguf, output file")
      .option("--merge", "with gguf: merge the adapter into the base's weights")
      .option(
        "--type <type>",
        `type of the weights: ${Object.keys(DTYPES).join(", ")} [the base's; gguf: float16, onnx: float32]`,
      )
      .option(
        "--adapter_inputs <how>",
        "with onnx: pass the adapter's weights as inputs, optional (with default values) or required [merged]",
      );
    addRecipeFlags(command, ["adapter_name_or_path", "model_name_or_path"]);
  },
  run: (context) => write(context, oneOf(FORMATS, context.options.format, "--format")),
};

/** `lowrank merge --adapter_name_or_path DIR --out DIR`: the adapter in the base's weights, a model by itself. */
export const merge: CliCommand = {
  examples: [
    `${PROGRAM} merge --adapter_name_or_path out/lora --out merged`,
    `${PROGRAM} merge --adapter_name_or_path out/lora --out merged --type bfloat16`,
  ],
  define(command) {
    command
      .requiredOption("--out <folder>", "output folder")
      .option("--type <type>", "type of the merged weights: float32, float16, bfloat16 [the base's]");
    addRecipeFlags(command, ["adapter_name_or_path", "model_name_or_path"]);
  },
  async run(context) {
    if (context.overrides.adapter_name_or_path === undefined) {
      throw new RecipeError("merge needs an adapter.", { expected: "--adapter_name_or_path DIR" });
    }
    await write(context, "safetensors");
  },
};

async function write(context: Context, format: ExportFormat): Promise<void> {
  const { options, output } = context;
  const { exportModel, snakeCaseKeys } = await import("../library/index.ts");
  const type = options.type === undefined ? undefined : oneOf(typeNames, options.type, "--type");
  const { adapter_inputs: how } = options;
  const inputs = how === undefined ? undefined : oneOf(ADAPTER_INPUTS, how, "--adapter_inputs");
  const exportOptions: ExportOptions = {
    format,
    out: String(options.out),
    merge: options.merge === true,
    ...sourceOf(context),
    ...(type && { dtype: DTYPES[type] }),
    ...(inputs && { adapterInputs: inputs }),
  };
  await fetchFirst(sourceOf(context), output);
  const report = await exportModel(exportOptions);
  output.record({ event: "export", ...snakeCaseKeys(report) });
  for (const note of report.notes) output.note(note);
  output.result(
    `${report.out}: ${format}, read back; logits ${report.difference === 0 ? "equal the original's" : `differ from the original's by at most ${report.difference.toExponential(1)}`}`,
  );
}

const typeNames = Object.keys(DTYPES) as (keyof typeof DTYPES)[];

function oneOf<T extends string>(known: readonly T[], given: unknown, flag: string): T {
  const found = known.find((name) => name === given);
  if (found !== undefined) return found;
  throw new RecipeError(`${flag} ${given} is not known.`, { where: flag, expected: known.join(", ") });
}
