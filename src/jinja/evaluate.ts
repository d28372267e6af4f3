import { FILTERS, TAKES_MARKUP } from "./filters/filters.ts";
import { TESTS } from "./filters/tests.ts";
import type { Scope } from "./scope.ts";
import { compare } from "./semantics/comparison.ts";
import { attribute, slice, subscript } from "./semantics/members.ts";
import { operate } from "./semantics/operators.ts";
import type { Runtime } from "./semantics/runtime.ts";
import type { ArgumentNodes, Expression, FilterNode } from "./syntax/nodes.ts";
import type { Meter } from "./values/meter.ts";
import { text } from "./values/text.ts";
import {
  type Args,
  Callable,
  Dict,
  isTrue,
  itemsOf,
  Markup,
  numeric,
  orElse,
  string,
  Tuple,
  typeName,
  Undefined,
  type Value,
} from "./values/values.ts";

/** The values of expressions. */
export class Evaluator implements Runtime {
  readonly meter: Meter;

  constructor(meter: Meter) {
    this.meter = meter;
  }

  readonly lookup = (value: Value, key: Value, isAttribute: boolean): Value =>
    isAttribute ? attribute(value, string(key, "an attribute"), this) : subscript(value, key, this);

  filter(name: string, value: Value, args: Args): Value {
    const filter = FILTERS.get(name);
    if (filter === undefined) throw new Error(`the filter '${name}' is unknown, or not supported`);
    if (value instanceof Markup && !TAKES_MARKUP.has(name)) {
      throw new Error(`the filter '${name}' of a text that is marked as safe is not supported`);
    }
    const { list, named } = args;
    if (name !== "default" && name !== "d" && [...list, ...named.values()].some((one) => one instanceof Markup)) {
      throw new Error(`a text that is marked as safe as an argument of '${name}' is not supported`);
    }
    this.meter.step();
    return filter(value, args, this);
  }

  test(name: string, value: Value, args: Args): boolean {
    this.meter.step();
    if (name === "filter") return FILTERS.has(string(value, "the name of a filter"));
    if (name === "test") return TESTS.has(string(value, "the name of a test"));
    const test = TESTS.get(name);
    if (test === undefined) throw new Error(`the test '${name}' is unknown, or not supported`);
    return test(value, args, this);
  }

  /** The value of an expression with the names of a scope. */
  value(node: Expression, scope: Scope): Value {
    this.meter.step();
    switch (node.kind) {
      case "constant":
        return node.value;
      case "name":
        return orElse(scope.get(node.name), new Undefined(`'${node.name}' is undefined`));
      case "list":
        return this.values(node.items, scope);
      case "tuple":
        return new Tuple(this.values(node.items, scope));
      case "dict":
        return new Dict(
          node.entries.map(([key, value]) => [this.value(key, scope), this.value(value, scope)] as const),
        );
      case "concat":
        return this.meter.join(this.values(node.items, scope).map((item) => text(item, this.meter)));
      case "attribute":
        return attribute(this.value(node.of, scope), node.name, this);
      case "item":
        return subscript(this.value(node.of, scope), this.value(node.at, scope), this);
      case "slice": {
        const value = this.value(node.of, scope);
        const borders = node.borders.map((border) => border && this.value(border, scope));
        this.meter.step(Array.isArray(value) ? value.length * 0.01 : 1);
        return slice(value, borders);
      }
      case "call": {
        const callee = this.value(node.of, scope);
        return this.call(callee, this.args(node.args, scope));
      }
      case "filter":
        return this.filter(node.name, this.value(node.of, scope), this.args(node.args, scope));
      case "test":
        return this.test(node.name, this.value(node.of, scope), this.args(node.args, scope));
      case "unary":
        return this.unary(node.operator, this.value(node.of, scope));
      case "and": {
        const left = this.value(node.left, scope);
        return isTrue(left) ? this.value(node.right, scope) : left;
      }
      case "or": {
        const left = this.value(node.left, scope);
        return isTrue(left) ? left : this.value(node.right, scope);
      }
      case "binary":
        return operate(node.operator, this.value(node.left, scope), this.value(node.right, scope), this.meter);
      case "compare":
        return this.comparison(node, scope);
      case "condition":
        if (isTrue(this.value(node.test, scope))) return this.value(node.value, scope);
        if (node.otherwise !== undefined) return this.value(node.otherwise, scope);
        return new Undefined("the inline if-expression evaluated to false and no else section was defined.");
      default:
        return node satisfies never;
    }
  }

  private values(nodes: readonly Expression[], scope: Scope): Value[] {
    return nodes.map((node) => this.value(node, scope));
  }

  private comparison({ first, rest }: Extract<Expression, { kind: "compare" }>, scope: Scope): boolean {
    let left = this.value(first, scope);
    return rest.every(([operator, node]) => {
      const right = this.value(node, scope);
      const holds = compare(operator, left, right);
      left = right;
      return holds;
    });
  }

  private unary(operator: "+" | "-" | "not", value: Value): Value {
    if (operator === "not") return !isTrue(value);
    if (value instanceof Undefined) value.fail();
    const number = numeric(value);
    if (number === undefined) throw new Error(`bad operand type for unary ${operator}: '${typeName(value)}'`);
    return operator === "-" ? -number : number;
  }

  /** The value of a call. */
  call(callee: Value, args: Args): Value {
    if (callee instanceof Undefined) callee.fail();
    if (!(callee instanceof Callable)) throw new Error(`'${typeName(callee)}' object is not callable`);
    return callee.call(args);
  }

  /** The arguments of a call, `*list` and `**dict` among the others. */
  args(nodes: ArgumentNodes, scope: Scope, more: readonly (readonly [string, Value])[] = []): Args {
    const list = this.values(nodes.list, scope);
    const named = new Map(nodes.named.map(([name, node]) => [name, this.value(node, scope)]));
    if (nodes.star !== undefined) list.push(...this.meter.list(itemsOf(this.value(nodes.star, scope))));
    if (nodes.doubleStar !== undefined) {
      const dict = this.value(nodes.doubleStar, scope);
      if (!(dict instanceof Dict)) throw new Error(`argument after ** must be a mapping, not ${typeName(dict)}`);
      for (const [key, value] of dict.entries()) named.set(string(key, "a keyword"), value);
    }
    for (const [name, value] of more) named.set(name, value);
    return { list, named };
  }

  /** A text with filters applied one after the other. */
  filtered(start: Value, filters: readonly FilterNode[], scope: Scope): Value {
    return filters.reduce((value, { name, args }) => this.filter(name, value, this.args(args, scope)), start);
  }
}
