import type { Format } from "../format.ts";
import { safetensors } from "./safetensors.ts";
import { tokenizer } from "./tokenizer.ts";

/** Every format that is read, by name. */
export const FORMATS: Readonly<Record<string, Format>> = Object.fromEntries(
  [safetensors, tokenizer].map((format) => [format.name, format]),
);
