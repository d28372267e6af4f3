import { isAdapter, openTrained } from "../../assemble/open-trained.ts";
import { CheckpointError } from "../../errors.ts";
import { isGguf } from "../../formats/gguf/model/read-gguf.ts";
import { UNQUANTIZED } from "../../recipe/quantization.ts";
import type { ResolvedRecipe } from "../../recipe/resolve.ts";
import { logitsDifference, sampleLogits } from "../sample-logits.ts";
import type { ExportOptions, ExportReport } from "./options.ts";

/** Tolerances for logits after rounding weights to a type, relative. */
export const TOLERANCE = { F32: 1e-4, F16: 1e-2, BF16: 5e-2, Q8_0: 5e-2 } as const;

/** Opens what was written and asks both the same. @throws {CheckpointError} when they do not agree. */
export async function compared(
  options: ExportOptions,
  recipe: ResolvedRecipe,
  adapter: string | undefined,
  written: string,
  tolerance: number,
  notes: readonly string[] = [],
): Promise<ExportReport> {
  const wanted = await sampleLogits(await openTrained(recipe, adapter));
  const plain = { ...recipe, ...UNQUANTIZED };
  const copy = (await isAdapterFolder(written))
    ? await openTrained(recipe, written)
    : await openTrained({ ...plain, method: "full", model_name_or_path: written });
  return agreed(options, logitsDifference(await sampleLogits(copy), wanted), tolerance, notes);
}

/** The report of what was written. @throws {CheckpointError} when its logits differ by more than rounding does. */
export function agreed(
  { format, out }: ExportOptions,
  difference: number,
  tolerance: number,
  notes: readonly string[],
): ExportReport {
  if (difference <= tolerance) return { format, out, difference, notes };
  throw new CheckpointError(`the exported model's logits differ from the original's by ${difference}`, {
    where: out,
    expected: `at most ${tolerance}`,
    hint: "please report this with the model's name.",
  });
}

const isAdapterFolder = async (path: string): Promise<boolean> => !(await isGguf(path)) && isAdapter(path);
