import type { Encoder } from "../../data/encode.ts";
import type { Label, Labelled } from "../../data/labels.ts";
import type { Row, Rows } from "../../data/row.ts";
import { DataError } from "../../errors.ts";
import type { Encoding, Split } from "./definition.ts";

/** How a task reads the rows of a split. */
export interface SplitReader<R> {
  /** What it reads of a row. @throws {DataError} for a row that lacks it. */
  pick(row: Row): R;
  /** The labels of a row. */
  labels?(row: R): Iterable<Label>;
  encoder(encoding: Encoding): Encoder<R>;
}

/**
 * Walks over all rows to check and count them.
 * @throws {DataError} naming file and line of a bad row.
 */
export async function splitOf<R>(rows: Rows, { pick, labels, encoder }: SplitReader<R>): Promise<Split> {
  const seen = new Map<Label, Labelled & { count: number }>();
  let size = 0;
  for await (const row of rows) {
    const picked = pick(row);
    for (const label of labels?.(picked) ?? []) {
      const known = seen.get(label);
      if (known) known.count++;
      else seen.set(label, { label, where: row.where, count: 1 });
    }
    size++;
  }

  async function encode(encoding: Encoding, onRow?: () => void): ReturnType<Split["encode"]> {
    const encodes = encoder(encoding);
    for await (const row of rows) {
      encodes.add(pick(row));
      onRow?.();
    }
    return encodes.finish();
  }

  async function check(encoding: Encoding): Promise<void> {
    for await (const row of rows) if (trains(encoder(encoding), pick(row))) return;
    await encode(encoding); // says why none does
  }

  return { labels: [...seen.values()], size, encode, check };
}

function trains<R>(encoder: Encoder<R>, row: R): boolean {
  try {
    encoder.add(row);
    return encoder.finish().examples.length > 0;
  } catch (error) {
    if (error instanceof DataError) return false;
    throw error;
  }
}
