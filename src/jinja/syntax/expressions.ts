import type { Value } from "../values/values.ts";
import type { Token } from "./lexer.ts";
import type { ArgumentNodes, Comparison, Expression, FilterNode, Operator } from "./nodes.ts";

const CONSTANTS: Readonly<Record<string, Value>> = {
  true: true,
  True: true,
  false: false,
  False: false,
  none: null,
  None: null,
};

/** The tokens of a template, read as jinja2's grammar of expressions. Its precedences differ from Python's. */
export class ExpressionParser {
  private at = 0;
  protected readonly tokens: readonly Token[];

  constructor(tokens: readonly Token[]) {
    this.tokens = tokens;
  }

  protected get current(): Token {
    return this.tokens[this.at]!;
  }

  protected get position(): number {
    return this.at;
  }

  protected advance(): Token {
    const token = this.current;
    if (token.kind !== "end") this.at++;
    return token;
  }

  protected is(kind: string, value?: string): boolean {
    return this.current.kind === kind && (value === undefined || this.current.value === value);
  }

  protected isWord(...words: readonly string[]): boolean {
    return this.is("name") && words.includes(this.current.value);
  }

  protected skip(kind: string, value?: string): boolean {
    const found = this.is(kind, value);
    if (found) this.at++;
    return found;
  }

  protected expect(kind: string, value?: string): Token {
    if (!this.is(kind, value)) throw this.unexpected(`, expected '${value ?? kind}'`);
    return this.advance();
  }

  protected unexpected(more = ""): Error {
    const { kind, value, line } = this.current;
    const found = kind === "end" ? "the end of the template" : `'${value || kind}'`;
    return new Error(`unexpected ${found}${more}, in line ${line}`);
  }

  private next(): Token | undefined {
    return this.tokens[this.at + 1];
  }

  /** One expression, or several with commas between them, which are a tuple. */
  protected sequence(withConditions = true, inParentheses = false, stop?: string): Expression {
    const items: Expression[] = [];
    let isTuple = false;
    while (!this.is(")") && !this.is("}}") && !this.is("%}") && !(stop !== undefined && this.isWord(stop))) {
      items.push(withConditions ? this.expression() : this.or());
      if (!this.skip(",")) break;
      isTuple = true;
    }
    if (!isTuple && items[0] !== undefined) return items[0];
    if (!isTuple && !inParentheses) throw this.unexpected(", expected an expression");
    return { kind: "tuple", items };
  }

  protected expression(): Expression {
    let value = this.or();
    while (this.skip("name", "if")) {
      const test = this.or();
      const otherwise = this.skip("name", "else") ? this.expression() : undefined;
      value = { kind: "condition", test, value, otherwise };
    }
    return value;
  }

  private or(): Expression {
    let left = this.and();
    while (this.skip("name", "or")) left = { kind: "or", left, right: this.and() };
    return left;
  }

  private and(): Expression {
    let left = this.not();
    while (this.skip("name", "and")) left = { kind: "and", left, right: this.not() };
    return left;
  }

  private not(): Expression {
    return this.skip("name", "not") ? { kind: "unary", operator: "not", of: this.not() } : this.comparison();
  }

  private comparison(): Expression {
    const first = this.sum();
    const rest: [Comparison, Expression][] = [];
    for (let operator = this.comparator(); operator; operator = this.comparator()) rest.push([operator, this.sum()]);
    return rest.length === 0 ? first : { kind: "compare", first, rest };
  }

  private comparator(): Comparison | undefined {
    if (this.isWord("not") && this.next()?.kind === "name" && this.next()?.value === "in") {
      this.at += 2;
      return "not in";
    }
    if (this.skip("name", "in")) return "in";
    if (!["==", "!=", "<", "<=", ">", ">="].includes(this.current.kind)) return undefined;
    return this.advance().kind as Comparison;
  }

  private sum(): Expression {
    return this.binary(["+", "-"], () => this.concatenation());
  }

  private concatenation(): Expression {
    const items = [this.product()];
    while (this.skip("~")) items.push(this.product());
    return items.length === 1 ? items[0]! : { kind: "concat", items };
  }

  private product(): Expression {
    return this.binary(["*", "/", "//", "%"], () => this.binary(["**"], () => this.unary()));
  }

  private binary(operators: readonly string[], operand: () => Expression): Expression {
    let left = operand();
    while (operators.includes(this.current.kind)) {
      const operator = this.advance().kind as Operator;
      left = { kind: "binary", operator, left, right: operand() };
    }
    return left;
  }

  private unary(withFilters = true): Expression {
    const signed = this.is("-") || this.is("+");
    let value: Expression;
    if (signed) value = { kind: "unary", operator: this.advance().kind as "-" | "+", of: this.unary(false) };
    else value = this.primary();
    value = this.postfix(value);
    return withFilters ? this.filtersAndTests(value) : value;
  }

  protected primary(): Expression {
    const { kind, value } = this.current;
    if (kind === "name") {
      this.at++;
      return Object.hasOwn(CONSTANTS, value)
        ? { kind: "constant", value: CONSTANTS[value]! }
        : { kind: "name", name: value };
    }
    if (kind === "string") {
      let text = "";
      while (this.is("string")) text += this.advance().value;
      return { kind: "constant", value: text };
    }
    if (kind === "integer" || kind === "float") {
      const digits = this.advance().value.replaceAll("_", "");
      return { kind: "constant", value: kind === "float" ? Number(digits) : BigInt(digits) };
    }
    if (this.skip("(")) {
      const inner = this.sequence(true, true);
      this.expect(")");
      return inner;
    }
    if (this.skip("[")) return { kind: "list", items: this.until("]", () => this.expression()) };
    if (!this.skip("{")) throw this.unexpected();
    const entries = this.until("}", () => {
      const key = this.expression();
      this.expect(":");
      return [key, this.expression()] as const;
    });
    return { kind: "dict", entries };
  }

  /** Items with commas between them, and one after the last if need be. */
  private until<T>(end: string, item: () => T): T[] {
    const items: T[] = [];
    while (!this.skip(end)) {
      if (items.length > 0) this.expect(",");
      if (this.skip(end)) break;
      items.push(item());
    }
    return items;
  }

  protected postfix(start: Expression): Expression {
    let value = start;
    for (;;) {
      if (this.skip(".")) value = this.member(value);
      else if (this.skip("[")) value = this.subscript(value);
      else if (this.is("(")) value = { kind: "call", of: value, args: this.args() };
      else return value;
    }
  }

  private member(of: Expression): Expression {
    if (this.is("integer")) return { kind: "item", of, at: this.primary() };
    return { kind: "attribute", of, name: this.expect("name").value };
  }

  private subscript(of: Expression): Expression {
    const borders: (Expression | undefined)[] = [];
    const border = () => (this.is(":") || this.is("]") ? undefined : this.expression());
    borders.push(border());
    while (borders.length < 3 && this.skip(":")) borders.push(border());
    this.expect("]");
    if (borders.length > 1) return { kind: "slice", of, borders };
    if (borders[0] === undefined) throw new Error(`an empty subscript, in line ${this.current.line}`);
    return { kind: "item", of, at: borders[0] };
  }

  private filtersAndTests(start: Expression): Expression {
    let value = start;
    for (;;) {
      if (this.skip("|")) value = { kind: "filter", of: value, ...this.filter() };
      else if (this.skip("name", "is")) value = this.test(value);
      else if (this.is("(")) value = { kind: "call", of: value, args: this.args() };
      else return value;
    }
  }

  protected filter(): FilterNode {
    const name = this.expect("name").value;
    return { name, args: this.is("(") ? this.args() : { list: [], named: [] } };
  }

  private test(of: Expression): Expression {
    const isNegative = this.skip("name", "not");
    const name = this.expect("name").value;
    let args: ArgumentNodes = { list: [], named: [] };
    if (this.is("(")) args = this.args();
    else if (["name", "string", "integer", "float", "[", "{"].includes(this.current.kind)) {
      if (this.isWord("is")) throw this.unexpected(": tests cannot be chained");
      if (!this.isWord("else", "or", "and")) args = { list: [this.postfix(this.primary())], named: [] };
    }
    const test: Expression = { kind: "test", of, name, args };
    return isNegative ? { kind: "unary", operator: "not", of: test } : test;
  }

  private args(): ArgumentNodes {
    const list: Expression[] = [];
    const named: [string, Expression][] = [];
    let star: Expression | undefined;
    let doubleStar: Expression | undefined;
    this.expect("(");
    this.until(")", () => {
      if (doubleStar !== undefined) throw this.unexpected(" after **");
      if (this.skip("**")) doubleStar = this.expression();
      else if (this.is("name") && this.next()?.kind === "=") {
        const name = this.advance().value;
        this.at++;
        named.push([name, this.expression()]);
      } else if (star !== undefined || (named.length > 0 && !this.is("*"))) throw this.unexpected(" in a call");
      else if (this.skip("*")) star = this.expression();
      else list.push(this.expression());
    });
    return { list, named, star, doubleStar };
  }
}
