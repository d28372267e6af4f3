import { exists, removeFolder } from "#platform";
import { prepareTrained } from "../../assemble/open-trained.ts";
import { openBase } from "../../assemble/prepare.ts";
import { recipeOfTrained } from "../../assemble/recipe-of-trained.ts";
import { RecipeError } from "../../errors.ts";
import { isGguf } from "../../formats/gguf/model/read-gguf.ts";
import { resolveModelFolder } from "../../formats/hub/resolve.ts";
import { MLX_ADAPTER } from "../../formats/safetensors/file-names.ts";
import type { ResolvedRecipe } from "../../recipe/resolve.ts";
import { compared, TOLERANCE } from "./compared.ts";
import { ggufToPeft, mlxToPeft, peftToGguf, peftToMlx } from "./convert-adapter.ts";
import type { ExportOptions, ExportReport } from "./options.ts";

/** `adapter_config.json` with a `peft_type`: mlx-lm's file has the same name. */
export async function isPeft(adapter: string): Promise<boolean> {
  if (await isGguf(adapter)) return false;
  const folder = await resolveModelFolder(adapter);
  return !(await exists(`${folder}/${MLX_ADAPTER}`));
}

/** PEFT's adapter as mlx-lm's or llama.cpp's, read back before it is compared. @throws {RecipeError} for other formats. */
export async function exportAdapter(
  recipe: ResolvedRecipe,
  adapter: string,
  options: ExportOptions,
): Promise<ExportReport> {
  const { format, out } = options;
  const { model: original } = await prepareTrained(recipe, adapter);
  const baseConfig = await original.files.config();
  const folder = await resolveModelFolder(adapter);
  const baseModel = recipe.model_name_or_path;
  const to = { adapter: folder, baseConfig, out };
  const again = `${out}.check`;
  try {
    if (format === "mlx") {
      await peftToMlx(to);
      await mlxToPeft({ adapter: out, baseConfig, out: again, baseModel });
    } else if (format === "gguf") {
      await peftToGguf(to);
      await ggufToPeft({ adapter: out, baseConfig, out: again, baseModel });
    } else {
      throw new RecipeError("the adapter is already in PEFT's format", {
        where: "format",
        expected: "mlx, gguf, safetensors",
      });
    }
    return await compared(options, recipe, adapter, again, TOLERANCE.F32);
  } finally {
    await removeFolder(again);
  }
}

/** An adapter of mlx-lm or llama.cpp, in PEFT's format. */
export async function importAdapter(options: ExportOptions): Promise<ExportReport> {
  const { format, adapter = "", model, out } = options;
  if (format !== "peft" || model === undefined) {
    throw new RecipeError(
      "an adapter of mlx-lm or llama.cpp can only be converted to PEFT's format, with its base model",
      {
        where: "format, model",
        expected: "--format peft --model_name_or_path BASE",
      },
    );
  }
  const { files } = await openBase(await recipeOfTrained(model));
  const baseConfig = await files.config();
  const [read, write] = (await isGguf(adapter)) ? [ggufToPeft, peftToGguf] : [mlxToPeft, peftToMlx];
  await read({ adapter, baseConfig, out, baseModel: model });
  const [back, again] = [`${out}.back`, `${out}.check`];
  try {
    await write({ adapter: out, baseConfig, out: back });
    await read({ adapter: back, baseConfig, out: again, baseModel: model });
    return await compared(options, await recipeOfTrained(out, model), out, again, TOLERANCE.F32);
  } finally {
    await removeFolder(back);
    await removeFolder(again);
  }
}
