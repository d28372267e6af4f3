import { type EncodeOptions, encodeSplit } from "../assemble/data.ts";
import { InterruptedError } from "../errors.ts";
import type { TokenizeEvent } from "../events/events.ts";
import type { Prepared } from "../prepared/prepared.ts";
import type { Split } from "../tasks/definition.ts";

/** Milliseconds between two reports. */
const PAUSE = 1000;

/**
 * Tokenises a split for a model, or leaves that for later, and tells now and then how far it is.
 * @throws {DataError} as `encodeSplit`. @throws {InterruptedError} once `shouldStop` says so.
 */
export async function* tokenized(
  split: Split,
  model: Prepared,
  shouldStop: () => boolean,
  { onDemand = false }: Pick<EncodeOptions, "onDemand"> = {},
): AsyncGenerator<TokenizeEvent, Awaited<ReturnType<typeof encodeSplit>>, void> {
  let rows = 0;
  const onRow = (): void => {
    rows++;
    if (shouldStop()) throw new InterruptedError(`stopped after tokenizing ${rows} of ${split.size} rows.`);
  };
  const encoded = encodeSplit(split, model, { onRow, onDemand });
  for (;;) {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const pause = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, PAUSE);
    });
    const done = await Promise.race([encoded, pause]).finally(() => clearTimeout(timer));
    if (done) return done;
    yield { kind: "tokenize", rows, total: split.size };
  }
}
