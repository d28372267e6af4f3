import { familyFiles } from "../../models/index.ts";

/** mlx-lm's path of a module. Source: ml-explore/mlx-lm, `sanitize` of each of mlx_lm/models. */
export const mlxModule = (module: string, modelType: unknown): string =>
  renamed(module, familyFiles(modelType).mlx ?? []);

/** The path in transformers' class of a module of mlx-lm. */
export const moduleOfMlx = (module: string, modelType: unknown): string =>
  renamed(
    module,
    (familyFiles(modelType).mlx ?? []).map(([ours, theirs]) => [theirs, ours] as const),
  );

function renamed(module: string, stems: readonly (readonly [from: string, to: string])[]): string {
  const [from, to] = stems.find(([stem]) => module.startsWith(stem)) ?? ["", ""];
  return to + module.slice(from.length);
}
