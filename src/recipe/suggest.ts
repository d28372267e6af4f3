import { nearest } from "../nearest.ts";

/** The name most likely meant by `given`: a few edits away, or a longer name that ends with it. */
export const suggest = (given: string, names: readonly string[]): string | undefined =>
  nearest(given, names) ?? names.find((name) => given.length > 3 && name.endsWith(given));
