import type { Args, Value } from "../values/values.ts";

/** No arguments. */
export const NONE: Args = { list: [], named: new Map() };

/**
 * Arguments by the names of the parameters they are for; `undefined` where there is none.
 * @throws when there are too many, a name is unknown, or one of the first `needed` is missing.
 */
export function bound(
  callee: string,
  args: Args,
  parameters: readonly string[],
  needed = 0,
): readonly (Value | undefined)[] {
  const { list, named } = args;
  if (list.length > parameters.length) {
    throw new Error(`${callee}() takes at most ${parameters.length} arguments (${list.length} given)`);
  }
  for (const name of named.keys()) {
    const place = parameters.indexOf(name);
    if (place < 0) throw new Error(`${callee}() got an unexpected keyword argument '${name}'`);
    if (place < list.length) throw new Error(`${callee}() got multiple values for argument '${name}'`);
  }
  return parameters.map((name, i) => {
    const value = list[i] ?? (i < list.length ? null : named.get(name));
    if (value === undefined && i < needed) throw new Error(`${callee}() misses the argument '${name}'`);
    return value;
  });
}
