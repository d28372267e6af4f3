import type { Row, Rows } from "../../src/data/row.ts";
import type { Encoded, Encoder } from "../../src/examples/encode.ts";

/** All rows that are walked. */
export async function collected(rows: Rows): Promise<Row[]> {
  const found: Row[] = [];
  for await (const row of rows) found.push(row);
  return found;
}

/** What an encoder makes of rows. */
export function encodeAll<R>(encoder: Encoder<R>, rows: Iterable<R>): Encoded {
  for (const row of rows) encoder.add(row);
  return encoder.finish();
}
