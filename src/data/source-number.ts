/**
 * A number of a JSON file that JavaScript would write differently: `1.0`, `12345678901234567890`, `1e3`. It keeps the digits of
 * the file, which are what a text column and a chat template show. Numbers that come back as they were written stay `number`.
 */
export class SourceNumber {
  /** Text of the number in the file. */
  readonly source: string;

  constructor(source: string) {
    this.source = source;
  }

  /** The nearest float64. */
  valueOf(): number {
    return Number(this.source);
  }

  toString(): string {
    return this.source;
  }

  toJSON(): number {
    return Number(this.source);
  }
}

/** The digits of a number as its file writes them; `undefined` for anything else. */
export const numberText = (value: unknown): string | undefined =>
  typeof value === "number" || value instanceof SourceNumber ? String(value) : undefined;
