import { type ErrorDetail, TokenizerError } from "../../../errors.ts";

/** Checked access to what a GGUF file's metadata say of its tokenizer; names lack their `tokenizer.ggml.`. */
export class GgufFacts {
  readonly #metadata: ReadonlyMap<string, unknown>;
  readonly #where: string;

  /** @param where Names the file in messages. */
  constructor(metadata: ReadonlyMap<string, unknown>, where: string) {
    this.#metadata = metadata;
    this.#where = where;
  }

  /** The refusal of this tokenizer. */
  fail(what: string, expected?: string, detail: ErrorDetail = {}): TokenizerError {
    return new TokenizerError(what, { where: this.#where, ...(expected !== undefined && { expected }), ...detail });
  }

  /** `general.architecture`. */
  get architecture(): string {
    return String(this.#metadata.get("general.architecture"));
  }

  /** `tokenizer.chat_template`, if there is one. */
  get template(): string | undefined {
    return this.#typed("tokenizer.chat_template", (value) => typeof value === "string", "a string");
  }

  /** The vocabulary, in the order of ids. @throws {TokenizerError} when there is none. */
  get tokens(): readonly string[] {
    const tokens = this.strings("tokens");
    if (tokens?.length) return tokens;
    throw this.fail("the file contains no vocabulary", "tokenizer.ggml.tokens in its metadata");
  }

  /** A text, if it is there. @throws {TokenizerError} when it is something else. */
  string(name: string): string | undefined {
    return this.#typed(`tokenizer.ggml.${name}`, (value) => typeof value === "string", "a string");
  }

  /** A boolean, if it is there. @throws as `string`. */
  bool(name: string): boolean | undefined {
    return this.#typed(`tokenizer.ggml.${name}`, (value) => typeof value === "boolean", "a boolean");
  }

  /** Texts, if they are there. @throws as `string`. */
  strings(name: string): readonly string[] | undefined {
    return this.#typed(
      `tokenizer.ggml.${name}`,
      (value): value is string[] => Array.isArray(value),
      "an array of strings",
    );
  }

  /** The score of each of `count` tokens. @throws {TokenizerError} when they are missing or of another number. */
  scores(count: number): ArrayLike<number> {
    return this.#numbers("scores", count) ?? this.#missing("scores");
  }

  /** The kind of each of `count` tokens, if the file says. @throws as `scores`. */
  kinds(count: number): ArrayLike<number> {
    return this.#numbers("token_type", count) ?? new Int32Array(count);
  }

  /** The token that an id names, if the id is there. @throws {TokenizerError} when no token has it. */
  token(name: string, tokens: readonly string[]): string | undefined {
    const id = this.#metadata.get(`tokenizer.ggml.${name}`);
    if (id === undefined) return undefined;
    const token = typeof id === "number" ? tokens[id] : undefined;
    if (token !== undefined) return token;
    throw this.fail(`tokenizer.ggml.${name} is ${id}`, `the id of one of the ${tokens.length} tokens`);
  }

  #numbers(name: string, count: number): ArrayLike<number> | undefined {
    const isNumbers = (value: unknown): value is Float32Array | Int32Array =>
      value instanceof Float32Array || value instanceof Int32Array;
    const values = this.#typed(`tokenizer.ggml.${name}`, isNumbers, "an array of FLOAT32 or INT32");
    if (values === undefined || values.length === count) return values;
    throw this.fail(`tokenizer.ggml.${name} has ${values.length} entries`, `one for each of the ${count} tokens`);
  }

  #missing(name: string): never {
    throw this.fail(`tokenizer.ggml.${name} is missing`, "one number for each token");
  }

  #typed<T>(key: string, isRight: (value: unknown) => value is T, expected: string): T | undefined {
    const value = this.#metadata.get(key);
    if (value === undefined || isRight(value)) return value;
    throw this.fail(`${key} is of another type`, expected);
  }
}
