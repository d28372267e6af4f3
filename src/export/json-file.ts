import { writeTextAtomic } from "../platform/node.ts";

/**
 * Writes an object as Python's `json.dumps(…, indent=2, sort_keys=True)` would: ASCII only. Keys of objects inside keep
 * their order, which in PEFT's pattern tables decides.
 */
export function writeJson(path: string, object: Readonly<Record<string, unknown>>): Promise<void> {
  const sorted = Object.fromEntries(Object.entries(object).sort(([a], [b]) => (a < b ? -1 : 1)));
  return writeTextAtomic(path, JSON.stringify(sorted, null, 2).replace(/[\u007f-\uffff]/g, escaped));
}

const escaped = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
