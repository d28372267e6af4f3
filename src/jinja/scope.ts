import type { Value } from "./values/values.ts";

/** The names of a block and, behind them, those of the blocks around it. */
export class Scope {
  private readonly names = new Map<string, Value>();
  private readonly outer: Scope | undefined;

  constructor(outer?: Scope, names: Iterable<readonly [string, Value]> = []) {
    this.outer = outer;
    for (const [name, value] of names) this.names.set(name, value);
  }

  get(name: string): Value | undefined {
    for (let scope: Scope | undefined = this; scope !== undefined; scope = scope.outer) {
      const value = scope.names.get(name);
      if (value !== undefined) return value;
    }
    return undefined;
  }

  set(name: string, value: Value): void {
    this.names.set(name, value);
  }
}
