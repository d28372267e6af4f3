/** Colours that stay apart for the colour-blind, on white and on black. After Okabe and Ito. */
const COLOURS = {
  full: "#d55e00",
  lora: "#0f85c9",
  qlora: "#009e73",
  adapter: "#c8619b",
  head: "#7a7f87",
  ia3: "#b58900",
  ln_tuning: "#7b61d9",
  gradual: "#9c6b3f",
} as const;

/**
 * The colour of a method, the same in all pictures. One without a colour of its own gets that of another, by its name.
 * @param method May have more words: `qlora, 8 bits` is `qlora`.
 */
export function colourOf(method: string): string {
  const [name = ""] = /^\w*/.exec(method) ?? [];
  if (Object.hasOwn(COLOURS, name)) return COLOURS[name as keyof typeof COLOURS];
  const all = Object.values(COLOURS);
  const sum = [...method].reduce(
    (hash, character) => (31 * hash + (character.codePointAt(0) as number)) % 1_000_003,
    0,
  );
  return all[sum % all.length] as string;
}
