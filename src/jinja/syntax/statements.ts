import { ExpressionParser } from "./expressions.ts";
import { normalized, tokenize } from "./lexer.ts";
import type { Body, Expression, FilterNode, Signature, Statement, Target } from "./nodes.ts";

/** A template as a tree. @throws {Error} when it is malformed or uses tags that chat templates have no files for. */
export function parse(source: string): Body {
  return new Parser(normalized(source)).template();
}

type Part = Statement extends infer S ? (S extends Statement ? Omit<S, "line" | "source"> : never) : never;

class Parser extends ExpressionParser {
  private readonly source: string;

  constructor(source: string) {
    super(tokenize(source));
    this.source = source;
  }

  template(): Body {
    const body = this.body();
    if (!this.is("end")) throw this.unexpected();
    return body;
  }

  /** Statements up to a tag with one of the names, whose `{%` is behind then. */
  private body(...ends: readonly string[]): Body {
    const statements: Statement[] = [];
    while (!this.is("end")) {
      const { kind, line, start, value } = this.advance();
      if (kind === "{%" && this.isWord(...ends)) return statements;
      const tag = this.position;
      const part: Part =
        kind === "data"
          ? { kind: "text", text: value }
          : kind === "{{"
            ? { kind: "print", value: this.sequence() }
            : this.statement();
      if (kind !== "data") this.expect(kind === "{{" ? "}}" : "%}");
      statements.push({ ...part, line, source: kind === "data" ? "" : this.tagAt(start, tag) } as Statement);
    }
    if (ends.length > 0) throw this.unexpected(`, expected '${ends.join("' or '")}'`);
    return statements;
  }

  /** A tag as it is written, up to its end. */
  private tagAt(start: number, first: number): string {
    const close = this.tokens.slice(first).find(({ kind }) => kind === "}}" || kind === "%}");
    const tag = this.source.slice(start, close!.start).replace(/^\{[{%][-+]?/, "");
    return tag.replace(/\s+/g, " ").trim().slice(0, 80);
  }

  private statement(): Part {
    const { value: name, line } = this.expect("name");
    switch (name) {
      case "set":
        return this.assignment();
      case "if":
        return this.branch();
      case "for":
        return this.loop();
      case "macro": {
        const macro = this.expect("name").value;
        return { kind: "macro", name: macro, ...this.definition("endmacro") };
      }
      case "call":
        return this.callBlock();
      case "filter": {
        const filters = [this.filter(), ...this.filters()];
        return { kind: "filter", filters, body: this.block("endfilter") };
      }
      case "with":
        return this.withBlock();
      case "generation":
        return { kind: "generation", body: this.block("endgeneration") };
      case "break":
      case "continue":
        return { kind: name };
      case "print":
        return { kind: "print", value: { kind: "concat", items: this.printed() } };
      default:
        throw new Error(`the tag '${name}' in line ${line} is unknown, or not for chat templates`);
    }
  }

  private printed(): Expression[] {
    const items: Expression[] = [];
    while (!this.is("%}")) {
      if (items.length > 0) this.expect(",");
      items.push(this.expression());
    }
    return items;
  }

  /** The rest of a tag's body, from `%}` to the end tag's name. */
  private block(...ends: readonly string[]): Body {
    this.skip(":");
    this.expect("%}");
    const body = this.body(...ends);
    this.advance();
    return body;
  }

  private assignment(): Part {
    const target = this.target(true);
    if (this.skip("=")) return { kind: "set", target, value: this.sequence() };
    return { kind: "setBlock", target, filters: this.filters(), body: this.block("endset") };
  }

  private filters(): FilterNode[] {
    const filters: FilterNode[] = [];
    while (this.skip("|")) filters.push(this.filter());
    return filters;
  }

  private target(withAttributes = false): Target {
    const items: Target[] = [];
    let isTuple = false;
    do {
      if (this.isWord("in") || this.is("=") || this.is("%}") || this.is(")")) break;
      items.push(this.oneTarget(withAttributes));
      if (this.is(",")) isTuple = true;
    } while (this.skip(","));
    if (items[0] === undefined) throw this.unexpected(", expected a name");
    return isTuple ? { kind: "tuple", items } : items[0];
  }

  private oneTarget(withAttributes: boolean): Target {
    if (this.skip("(")) {
      const inner = this.target();
      this.expect(")");
      return inner;
    }
    const { value: name, line } = this.expect("name");
    if (["true", "false", "none", "True", "False", "None"].includes(name)) {
      throw new Error(`'${name}' cannot be assigned to, in line ${line}`);
    }
    if (!withAttributes || !this.skip(".")) return { kind: "name", name };
    return { kind: "attribute", of: name, name: this.expect("name").value };
  }

  private branch(): Part {
    const test = this.sequence(false);
    const body = this.block("elif", "else", "endif");
    const end = this.tokens[this.position - 1]!;
    if (end.value === "endif") return { kind: "if", test, body, otherwise: [] };
    if (end.value === "else") return { kind: "if", test, body, otherwise: this.block("endif") };
    const start = this.tokens[this.position - 2]!.start;
    const nested = this.position;
    const part = this.branch();
    const otherwise = [{ ...part, line: end.line, source: this.tagAt(start, nested) } as Statement];
    return { kind: "if", test, body, otherwise };
  }

  private loop(): Part {
    const target = this.target();
    this.expect("name", "in");
    const of = this.sequence(false, false, "recursive");
    const test = this.skip("name", "if") ? this.expression() : undefined;
    if (this.isWord("recursive")) throw this.unexpected(": recursive loops are not supported");
    const start = this.position;
    const body = this.block("endfor", "else");
    const usesLoop = this.namesSince(start).has("loop");
    const hasElse = this.tokens[this.position - 1]!.value === "else";
    return { kind: "for", target, of, test, body, otherwise: hasElse ? this.block("endfor") : [], usesLoop };
  }

  private namesSince(start: number): Set<string> {
    const tokens = this.tokens.slice(start, this.position);
    return new Set(tokens.filter(({ kind }) => kind === "name").map(({ value }) => value));
  }

  private definition(end: string, parameters = this.parameters()): { signature: Signature; body: Body } {
    const start = this.position;
    const body = this.block(end);
    return { signature: { parameters, uses: this.namesSince(start) }, body };
  }

  private parameters(): Signature["parameters"] {
    const parameters: { name: string; standard: Expression | undefined }[] = [];
    this.expect("(");
    while (!this.skip(")")) {
      if (parameters.length > 0) this.expect(",");
      const name = this.expect("name").value;
      const standard = this.skip("=") ? this.expression() : undefined;
      if (standard === undefined && parameters.at(-1)?.standard !== undefined) {
        throw new Error(`the parameter '${name}' without a default follows one with a default`);
      }
      parameters.push({ name, standard });
    }
    return parameters;
  }

  private callBlock(): Part {
    const parameters = this.is("(") ? this.parameters() : [];
    const call = this.expression();
    if (call.kind !== "call") throw this.unexpected(", expected a call");
    return { kind: "call", call, ...this.definition("endcall", parameters) };
  }

  private withBlock(): Part {
    const values: [Target, Expression][] = [];
    while (!this.is("%}")) {
      if (values.length > 0) this.expect(",");
      const target = this.oneTarget(false);
      this.expect("=");
      values.push([target, this.expression()]);
    }
    return { kind: "with", values, body: this.block("endwith") };
  }
}
