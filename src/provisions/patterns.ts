/** A pattern that matches where any of these does, with the flags of the first: long alternatives in readable lines. */
export const anyOf = (...patterns: readonly [RegExp, ...RegExp[]]): RegExp =>
  new RegExp(patterns.map(({ source }) => source).join("|"), patterns[0].flags);
