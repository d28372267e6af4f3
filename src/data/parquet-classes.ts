import type { ClassNames } from "./row.ts";

type Part = Readonly<Record<string, unknown>>;

/**
 * Class names of the columns that are a `ClassLabel`, or a list of them, from what `datasets` writes into a Parquet file's
 * metadata under `huggingface`. Text that is none of its makes no names.
 * @see huggingface/datasets 4.4, `Features.to_dict` and `ClassLabel`.
 */
export function classNamesIn(text: string | undefined): ClassNames {
  const features = part(part(parsed(text)).info).features;
  const names = Object.entries(part(features)).flatMap(([column, feature]): [string, readonly string[]][] => {
    const own: Part = Array.isArray(feature) ? { feature: feature[0] } : part(feature); // a list, as datasets before 4 write it
    const label = own._type === "ClassLabel" ? own : part(own.feature);
    if (label._type !== "ClassLabel" || !Array.isArray(label.names)) return [];
    return label.names.every((name) => typeof name === "string") ? [[column, label.names as string[]]] : [];
  });
  return Object.fromEntries(names);
}

const part = (value: unknown): Part => (typeof value === "object" && value !== null ? (value as Part) : {});

function parsed(text = "{}"): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return {};
  }
}
