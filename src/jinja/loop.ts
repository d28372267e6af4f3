import { equal } from "./semantics/comparison.ts";
import { Callable, HostObject, orElse, Undefined, type Value } from "./values/values.ts";

/** The variable `loop`. It looks ahead no farther than it is asked to, since a loop's condition may change on the way. */
export class Loop extends HostObject implements Iterable<Value> {
  private iterator: Iterator<Value>;
  private known: number | undefined;
  private ahead: IteratorResult<Value> | undefined;
  private index = -1;
  private before: Value | undefined;
  private current: Value | undefined;
  private last: readonly Value[] | undefined;

  /** @param length The number of items, where it is known before they are walked. */
  constructor(items: Iterable<Value>, length: number | undefined) {
    super();
    this.iterator = items[Symbol.iterator]();
    this.known = length;
  }

  *[Symbol.iterator](): Generator<Value> {
    for (;;) {
      const { value, done } = this.peek();
      if (done) return;
      this.ahead = undefined;
      this.index++;
      this.before = this.current;
      this.current = value;
      yield value;
    }
  }

  private peek(): IteratorResult<Value> {
    this.ahead ??= this.iterator.next();
    return this.ahead;
  }

  private length(): number {
    if (this.known === undefined) {
      const rest: Value[] = [];
      for (let next = this.peek(); !next.done; next = this.iterator.next()) rest.push(next.value);
      this.iterator = rest[Symbol.iterator]();
      this.ahead = undefined;
      this.known = this.index + 1 + rest.length;
    }
    return this.known;
  }

  override attribute(name: string): Value | undefined {
    switch (name) {
      case "index":
        return BigInt(this.index + 1);
      case "index0":
        return BigInt(this.index);
      case "revindex":
        return BigInt(this.length() - this.index);
      case "revindex0":
        return BigInt(this.length() - this.index - 1);
      case "length":
        return BigInt(this.length());
      case "first":
        return this.index === 0;
      case "last":
        return this.peek().done === true;
      case "previtem":
        return orElse(this.before, new Undefined("there is no previous item"));
      case "nextitem":
        return this.peek().done ? new Undefined("there is no next item") : this.peek().value;
      case "depth":
        return 1n;
      case "depth0":
        return 0n;
      case "cycle":
        return new Callable("cycle", ({ list }) => {
          if (list.length === 0) throw new Error("no items for cycling given");
          return list[this.index % list.length]!;
        });
      case "changed":
        return new Callable("changed", ({ list }) => {
          const isChanged = this.last === undefined || !equal(this.last, list);
          this.last = list;
          return isChanged;
        });
      default:
        return undefined;
    }
  }
}
