import { openModelFile } from "#session";
import type { RuntimeTensor } from "../../session/session.ts";
import { emptyCache, feedsAfter, grownCache } from "../cache.ts";
import { EMBEDDING } from "./onnx-graph.ts";

/** So many tokens at the end of a text are read one by one. */
const SINGLE = 8;

/**
 * Logits of a stored model for a text, row by row. For a language model twice: once for all tokens at once, and once for the beginning and then of one token after the other, with a cache that begins empty.
 * @param more What it is fed besides.
 */
export async function askOnnx(
  file: string,
  ids: readonly number[],
  more: Readonly<Record<string, RuntimeTensor>>,
): Promise<Float32Array[]> {
  const session = await openModelFile(file);
  try {
    const inputs = new Map([...session.inputs].map(([name, { shape }]) => [name, shape]));
    const read = async (pieces: readonly (readonly number[])[]): Promise<Float32Array> => {
      const found: Float32Array[] = [];
      let cache = emptyCache(inputs);
      for (const piece of pieces) {
        const {
          [EMBEDDING]: embedding,
          logits = embedding,
          ...present
        } = await session.run({ ...feedsAfter(cache, piece, inputs), ...more });
        found.push(logits?.data as Float32Array);
        cache = grownCache(cache, piece, present);
      }
      return joined(found);
    };
    const whole = await read([ids]);
    if (!inputs.has("past_key_values.0.key")) return [whole];
    const start = Math.max(1, ids.length - SINGLE);
    return [whole, await read([ids.slice(0, start), ...ids.slice(start).map((id) => [id])])];
  } finally {
    await session.close();
  }
}

function joined(parts: readonly Float32Array[]): Float32Array {
  const all = new Float32Array(parts.reduce((n, { length }) => n + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
