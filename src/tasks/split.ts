import type { Row, Rows } from "../data/row.ts";
import { DataError } from "../errors.ts";
import type { Encoder } from "../examples/encode.ts";
import type { Example } from "../examples/examples.ts";
import { examplesOnDemand, type Placed } from "../examples/examples-on-demand.ts";
import { type Label, type Labelled, labelReader } from "../examples/labels.ts";
import { RowStore } from "../examples/row-store.ts";
import { TypedList } from "../examples/typed-list.ts";
import type { Encoding, Split } from "./definition.ts";

/** Reader of a split's rows for a task. */
export interface SplitReader<R extends Placed> {
  /** Reads the task's columns of a row. @throws {DataError} for a row that lacks it. */
  pick(row: Row): R;
  /** The text of a row, by which people know it. */
  text(row: R): string;
  /** The labels of a row. */
  labels?(row: R): Iterable<Label>;
  /** Columns that may hold the labels: the first whose classes the file names. */
  readonly labelColumns?: readonly string[];
  encoder(encoding: Encoding): Encoder<R>;
  /** For tasks with one example of one label for each row that has a text. */
  readonly onDemand?: {
    /** The example of a row, also of one that has no text. */
    example(row: R, encoding: Encoding): Example;
  };
}

/** Rows from which on those of a split are tokenised when a batch needs them, not before the first step. */
const MANY_ROWS = 50_000;

/**
 * Walks over all rows to check and count them.
 * @throws {DataError} naming file and line of a bad row.
 */
export async function splitOf<R extends Placed>(
  rows: Rows,
  { pick, text, labels, labelColumns = [], encoder, onDemand }: SplitReader<R>,
  manyRows = MANY_ROWS,
): Promise<Split> {
  const kept = onDemand && {
    rows: new RowStore<R>(),
    chars: new TypedList(Int32Array),
    blank: new TypedList(Int32Array),
  };
  const seen = new Map<Label, Labelled & { count: number }>();
  let classNames: readonly string[] | undefined;
  let size = 0;
  for await (const row of rows) {
    classNames ??= labelColumns.map((name) => row.classNames?.[name]).find((names) => names !== undefined);
    const picked = pick(row);
    for (const label of labels?.(picked) ?? []) {
      const known = seen.get(label);
      if (known) known.count++;
      else seen.set(label, { label, where: row.where, count: 1 });
    }
    if (kept) keep(kept, picked, text(picked));
    size++;
  }
  if (size < manyRows) kept?.rows.close();

  /** With labels that are read by the names of this split's file. */
  const named = (encoding: Encoding): Encoding => {
    const { labels } = encoding;
    const read = labelReader(labels, classNames);
    return { ...encoding, labels: { ...labels, idOf: (label, where) => labels.idOf(read(label), where) } };
  };

  async function encode(encoding: Encoding, onRow?: () => void): ReturnType<Split["encode"]> {
    kept?.rows.close();
    const encodes = encoder(named(encoding));
    for await (const row of rows) {
      encodes.add(pick(row));
      onRow?.();
    }
    return encodes.finish();
  }

  async function check(encoding: Encoding): Promise<void> {
    const own = named(encoding);
    for await (const row of rows) if (trains(encoder(own), pick(row))) return;
    await encode(encoding); // says why none does
  }

  async function texts(locations: ReadonlySet<string>): Promise<ReadonlyMap<string, string>> {
    const found = new Map<string, string>();
    if (locations.size === 0) return found;
    for await (const row of rows) {
      if (locations.has(row.where)) found.set(row.where, text(pick(row)));
      if (found.size === locations.size) break;
    }
    return found;
  }

  const split = { labels: [...seen.values()], ...(classNames && { classNames }), size, encode, texts, check };
  if (!kept || size < manyRows) return split;
  return {
    ...split,
    onDemand: (encoding) => {
      const own = named(encoding);
      return examplesOnDemand(
        { ...kept, chars: kept.chars.view(), blank: kept.blank.view() },
        {
          encode: (row) => onDemand.example(row, own),
          trains: (row) => trains(encoder(own), row),
          maxLength: encoding.maxLength,
          largestId: encoding.tokenizer.vocabSize - 1,
        },
      );
    },
  };
}

/** A text that has a letter or a digit has tokens of its own. */
const SOLID = /[\p{L}\p{N}]/u;

/** Rows of a split while it is walked. */
interface Keeping<R extends Placed> {
  readonly rows: RowStore<R>;
  readonly chars: TypedList<Int32Array>;
  readonly blank: TypedList<Int32Array>;
}

function keep<R extends Placed>(kept: Keeping<R>, row: R, text: string): void {
  if (!SOLID.test(text)) kept.blank.push(kept.chars.length);
  kept.chars.push(text.length);
  kept.rows.add(row);
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
