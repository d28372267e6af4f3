import { BinaryWriter } from "@bufbuild/protobuf/wire";

/** One event of an event file. */
export interface ScalarsEvent {
  /** Seconds since 1970. */
  readonly wallTime: number;
  readonly step: number;
  /** Figures by tag; `train/loss` is drawn among those of `train`. */
  readonly scalars: Readonly<Record<string, number>>;
}

/**
 * The first event of a file, which says in what form the others are.
 * @see tensorflow, core/util/event.proto: `Event { double wall_time = 1; string file_version = 3; }`
 */
export const encodeVersion = (wallTime: number): Uint8Array =>
  new BinaryWriter().tag(1, 1).double(wallTime).tag(3, 2).string("brain.Event:2").finish();

/**
 * An event with figures.
 * @see tensorflow, core/util/event.proto and core/framework/summary.proto: `Event { double wall_time = 1; int64 step = 2;
 *   Summary summary = 5; }`, `Summary { repeated Value value = 1; }`, `Value { string tag = 1; float simple_value = 2; }`
 */
export function encodeScalars({ wallTime, step, scalars }: ScalarsEvent): Uint8Array {
  const writer = new BinaryWriter().tag(1, 1).double(wallTime).tag(2, 0).int64(step).tag(5, 2).fork();
  for (const [tag, value] of Object.entries(scalars)) {
    writer.tag(1, 2).fork().tag(1, 2).string(tag).tag(2, 5).float(value).join();
  }
  return writer.join().finish();
}
