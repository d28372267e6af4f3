/** Bits of a weight's code, by the name of each scheme; recipes know schemes by these. */
export const SCHEME_BITS = { nf4: 4, fp4: 4, gguf: 4, int8: 8 } as const;

/** Name of a scheme by which weights are quantized. */
export type SchemeName = keyof typeof SCHEME_BITS;

/** Name of a scheme that a recipe takes with `load_in_4bit`. */
export type FourBitName = { [N in SchemeName]: (typeof SCHEME_BITS)[N] extends 4 ? N : never }[SchemeName];

/** Names of the schemes that a recipe takes with `load_in_4bit`. */
export const FOUR_BIT_NAMES = (Object.keys(SCHEME_BITS) as SchemeName[]).filter(
  (name): name is FourBitName => SCHEME_BITS[name] === 4,
);
