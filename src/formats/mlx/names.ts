/** Where mlx-lm's models hang their modules otherwise than transformers' classes: ends of a `model_type`'s paths. */
const STEMS: Readonly<Record<string, readonly (readonly [transformers: string, mlx: string])[]>> = {
  gpt2: [["transformer.", "model."]],
  gpt_neox: [
    ["gpt_neox.layers.", "model.h."],
    ["embed_out", "model.embed_out"],
  ],
};

/** mlx-lm's path of a module. Source: ml-explore/mlx-lm, `sanitize` of each of mlx_lm/models. */
export const mlxModule = (module: string, modelType: unknown): string =>
  renamed(module, STEMS[String(modelType)] ?? []);

/** The path in transformers' class of a module of mlx-lm. */
export const moduleOfMlx = (module: string, modelType: unknown): string =>
  renamed(
    module,
    (STEMS[String(modelType)] ?? []).map(([ours, theirs]) => [theirs, ours] as const),
  );

function renamed(module: string, stems: readonly (readonly [from: string, to: string])[]): string {
  const [from, to] = stems.find(([stem]) => module.startsWith(stem)) ?? ["", ""];
  return to + module.slice(from.length);
}
