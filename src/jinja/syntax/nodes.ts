import type { Value } from "../values/values.ts";

/** Arguments as a template writes them: by position, by name, `*list`, `**dict`. */
export interface ArgumentNodes {
  readonly list: readonly Expression[];
  readonly named: readonly (readonly [string, Expression])[];
  readonly star?: Expression | undefined;
  readonly doubleStar?: Expression | undefined;
}

/** An operator with two operands that are both evaluated. */
export type Operator = "+" | "-" | "*" | "/" | "//" | "%" | "**";

/** An operator that compares, of which several can follow each other. */
export type Comparison = "==" | "!=" | "<" | "<=" | ">" | ">=" | "in" | "not in";

/** An expression, which has a value. */
export type Expression =
  | { readonly kind: "constant"; readonly value: Value }
  | { readonly kind: "name"; readonly name: string }
  | { readonly kind: "list" | "tuple" | "concat"; readonly items: readonly Expression[] }
  | { readonly kind: "dict"; readonly entries: readonly (readonly [Expression, Expression])[] }
  | { readonly kind: "attribute"; readonly of: Expression; readonly name: string }
  | { readonly kind: "item"; readonly of: Expression; readonly at: Expression }
  | {
      readonly kind: "slice";
      readonly of: Expression;
      readonly borders: readonly (Expression | undefined)[];
    }
  | { readonly kind: "call"; readonly of: Expression; readonly args: ArgumentNodes }
  | { readonly kind: "filter" | "test"; readonly of: Expression; readonly name: string; readonly args: ArgumentNodes }
  | { readonly kind: "unary"; readonly operator: "+" | "-" | "not"; readonly of: Expression }
  | { readonly kind: "and" | "or"; readonly left: Expression; readonly right: Expression }
  | { readonly kind: "binary"; readonly operator: Operator; readonly left: Expression; readonly right: Expression }
  | {
      readonly kind: "compare";
      readonly first: Expression;
      readonly rest: readonly (readonly [Comparison, Expression])[];
    }
  | {
      readonly kind: "condition";
      readonly test: Expression;
      readonly value: Expression;
      readonly otherwise: Expression | undefined;
    };

/** A target of an assignment: a name, several of them, an attribute of a namespace. */
export type Target =
  | { readonly kind: "name"; readonly name: string }
  | { readonly kind: "tuple"; readonly items: readonly Target[] }
  | { readonly kind: "attribute"; readonly of: string; readonly name: string };

/** Parameters of a macro or a call block, and what its body uses of the arguments that have none. */
export interface Signature {
  readonly parameters: readonly { readonly name: string; readonly standard: Expression | undefined }[];
  readonly uses: ReadonlySet<string>;
}

/** A filter that is applied to a block. */
export interface FilterNode {
  readonly name: string;
  readonly args: ArgumentNodes;
}

/** A statement. `source` is the tag as it is written, `line` its line in the template: both for error messages. */
export type Statement = { readonly line: number; readonly source: string } & (
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "print"; readonly value: Expression }
  | { readonly kind: "set"; readonly target: Target; readonly value: Expression }
  | {
      readonly kind: "setBlock";
      readonly target: Target;
      readonly filters: readonly FilterNode[];
      readonly body: Body;
    }
  | { readonly kind: "if"; readonly test: Expression; readonly body: Body; readonly otherwise: Body }
  | {
      readonly kind: "for";
      readonly target: Target;
      readonly of: Expression;
      readonly test: Expression | undefined;
      readonly body: Body;
      readonly otherwise: Body;
      readonly usesLoop: boolean;
    }
  | { readonly kind: "macro"; readonly name: string; readonly signature: Signature; readonly body: Body }
  | { readonly kind: "call"; readonly call: Expression; readonly signature: Signature; readonly body: Body }
  | { readonly kind: "filter"; readonly filters: readonly FilterNode[]; readonly body: Body }
  | { readonly kind: "with"; readonly values: readonly (readonly [Target, Expression])[]; readonly body: Body }
  | { readonly kind: "generation"; readonly body: Body }
  | { readonly kind: "break" | "continue" }
);

/** Statements in their order. */
export type Body = readonly Statement[];
