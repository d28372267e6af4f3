import type { Lookup } from "../values/brace-format.ts";
import type { Meter } from "../values/meter.ts";
import type { Args, Value } from "../values/values.ts";

/** The running template, as methods, filters and tests use it. */
export interface Runtime {
  readonly meter: Meter;
  readonly lookup: Lookup;
  /** The filter of a name, applied to a value. */
  filter(name: string, value: Value, args: Args): Value;
  /** True when a value passes the test of a name. */
  test(name: string, value: Value, args: Args): boolean;
}
