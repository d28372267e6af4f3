import { Evaluator } from "./evaluate.ts";
import { assign, GLOBALS } from "./globals.ts";
import { Loop } from "./loop.ts";
import { Scope } from "./scope.ts";
import type { Body, Signature, Statement, Target } from "./syntax/nodes.ts";
import { Meter } from "./values/meter.ts";
import { text } from "./values/text.ts";
import {
  type Args,
  Callable,
  Dict,
  isTrue,
  itemsOf,
  lengthOf,
  Namespace,
  orElse,
  Tuple,
  Undefined,
  type Value,
} from "./values/values.ts";

/**
 * The text that a template makes with values for its names.
 *
 * @param marks Written around `{% generation %}` blocks.
 * @throws {TemplateError} naming the tag that fails.
 * @throws whatever a function among the values throws, as the `cause` of that.
 */
export function render(
  template: Body,
  names: Iterable<readonly [string, Value]>,
  marks: readonly [before: string, after: string] = ["", ""],
): string {
  const renderer = new Renderer(new Meter(), marks);
  return renderer.body(template, new Scope(new Scope(undefined, GLOBALS), names));
}

/** A failure of a template, with the tag that failed. */
export class TemplateError extends Error {}

/** The early end of a loop's turn: break or continue. */
type Jump = "break" | "continue";

class Renderer {
  private readonly meter: Meter;
  private readonly marks: readonly [before: string, after: string];
  private readonly evaluator: Evaluator;
  private jump: Jump | undefined;

  constructor(meter: Meter, marks: readonly [before: string, after: string]) {
    this.meter = meter;
    this.marks = marks;
    this.evaluator = new Evaluator(meter);
  }

  body(statements: Body, scope: Scope): string {
    const parts: string[] = [];
    for (const statement of statements) {
      try {
        const part = this.statement(statement, scope);
        if (part !== "") parts.push(part);
      } catch (cause) {
        if (cause instanceof TemplateError) throw cause;
        const { source, line } = statement;
        throw new TemplateError(`${(cause as Error).message} (in "${source}", line ${line} of the template)`, {
          cause,
        });
      }
      if (this.jump !== undefined) break;
    }
    return this.meter.join(parts);
  }

  private statement(node: Statement, scope: Scope): string {
    this.meter.step();
    switch (node.kind) {
      case "text":
        return node.text;
      case "print":
        return text(this.evaluator.value(node.value, scope), this.meter);
      case "set":
        this.assign(node.target, this.evaluator.value(node.value, scope), scope);
        return "";
      case "setBlock": {
        const body = this.body(node.body, new Scope(scope));
        this.assign(node.target, this.evaluator.filtered(body, node.filters, scope), scope);
        return "";
      }
      case "if":
        return this.body(isTrue(this.evaluator.value(node.test, scope)) ? node.body : node.otherwise, scope);
      case "for":
        return this.loop(node, scope);
      case "macro":
        scope.set(node.name, this.macro(node.name, node, scope));
        return "";
      case "call": {
        const caller = this.macro("caller", node, scope);
        const { call } = node;
        if (call.kind !== "call") return "";
        const callee = this.evaluator.value(call.of, scope);
        const args = this.evaluator.args(call.args, scope, [["caller", caller]]);
        return text(this.evaluator.call(callee, args), this.meter);
      }
      case "filter": {
        const body = this.body(node.body, new Scope(scope));
        return text(this.evaluator.filtered(body, node.filters, scope), this.meter);
      }
      case "with": {
        const inner = new Scope(scope);
        for (const [target, value] of node.values) this.assign(target, this.evaluator.value(value, scope), inner);
        return this.body(node.body, inner);
      }
      case "generation":
        return this.meter.join([this.marks[0], this.body(node.body, new Scope(scope)), this.marks[1]]);
      case "break":
      case "continue":
        this.jump = node.kind;
        return "";
      default:
        return node satisfies never;
    }
  }

  private assign(target: Target, value: Value, scope: Scope): void {
    if (target.kind === "name") scope.set(target.name, value);
    else if (target.kind === "attribute") {
      const object = scope.get(target.of);
      if (!(object instanceof Namespace)) throw new Error("cannot assign attribute on non-namespace object");
      assign(object, target.name, value);
    } else {
      const values = this.meter.list(itemsOf(value));
      if (values.length !== target.items.length) {
        throw new Error(`${values.length} values cannot be unpacked into ${target.items.length} names`);
      }
      target.items.forEach((one, i) => {
        this.assign(one, values[i]!, scope);
      });
    }
  }

  private loop(node: Extract<Statement, { kind: "for" }>, scope: Scope): string {
    const value = this.evaluator.value(node.of, scope);
    const items = this.passing(node, itemsOf(value), scope);
    const loop = node.usesLoop ? new Loop(items, node.test === undefined ? lengthOf(value) : undefined) : undefined;
    const parts: string[] = [];
    let turns = 0;
    for (const item of loop ?? items) {
      this.meter.step(20);
      turns++;
      const inner = new Scope(scope, loop === undefined ? [] : [["loop", loop]]);
      this.assign(node.target, item, inner);
      const part = this.body(node.body, inner);
      if (part !== "") parts.push(part);
      const { jump } = this;
      this.jump = undefined;
      if (jump === "break") break;
    }
    return turns === 0 ? this.body(node.otherwise, new Scope(scope)) : this.meter.join(parts);
  }

  /** The items that pass the loop's condition, each looked at when its turn comes. */
  private *passing(node: Extract<Statement, { kind: "for" }>, items: Iterable<Value>, scope: Scope): Generator<Value> {
    for (const item of items) {
      this.meter.step(20);
      if (node.test !== undefined) {
        const inner = new Scope(scope);
        this.assign(node.target, item, inner);
        if (!isTrue(this.evaluator.value(node.test, inner))) continue;
      }
      yield item;
    }
  }

  private macro(name: string, { signature, body }: { signature: Signature; body: Body }, scope: Scope): Callable {
    return new Callable(name, (args) => {
      const inner = new Scope(scope);
      this.bind(name, signature, args, inner);
      return this.body(body, inner);
    });
  }

  private bind(name: string, { parameters, uses }: Signature, args: Args, scope: Scope): void {
    const named = new Map(args.named);
    const left: (() => void)[] = [];
    parameters.forEach((parameter, i) => {
      let value = args.list[i];
      if (value === undefined) {
        value = named.get(parameter.name);
        named.delete(parameter.name);
      }
      scope.set(parameter.name, orElse(value, new Undefined(`parameter '${parameter.name}' was not provided`)));
      const { standard } = parameter;
      if (value === undefined && standard !== undefined) {
        left.push(() => scope.set(parameter.name, this.evaluator.value(standard, scope)));
      }
    });
    for (const act of left) act();
    if (uses.has("caller") && !parameters.some((parameter) => parameter.name === "caller")) {
      scope.set("caller", orElse(named.get("caller"), new Undefined("No caller defined")));
      named.delete("caller");
    }
    if (uses.has("kwargs")) scope.set("kwargs", new Dict(named));
    else if (named.size > 0) {
      throw new Error(`macro '${name}' takes no keyword argument '${[...named.keys()][0]}'`);
    }
    if (uses.has("varargs")) scope.set("varargs", new Tuple(args.list.slice(parameters.length)));
    else if (args.list.length > parameters.length) {
      throw new Error(`macro '${name}' takes not more than ${parameters.length} argument(s)`);
    }
  }
}
