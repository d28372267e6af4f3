import { describe, expect, test } from "vitest";
import * as errors from "../src/errors.ts";

const { plainError, revivedError, LowrankError, NoTargetError, DataError, OperandError, EngineError } = errors;

/** An error as it is on the other side of a thread. */
const sent = (error: unknown): Error => revivedError(structuredClone(plainError(error)));

type Raised = new (what: string, more?: never) => Error;
const classes = Object.entries<unknown>({ ...errors }).filter(
  (entry): entry is [string, Raised] =>
    typeof entry[1] === "function" && entry[1].prototype instanceof LowrankError && entry[0] !== "LowrankError",
);

describe("an error that crosses a thread", () => {
  test("there is more than one class of them", () => expect(classes.length).toBeGreaterThan(12));

  test.each(classes)("%s is of its class again", (name, Class) => {
    const error = new Class("what");
    const revived = sent(error);
    expect(revived).toBeInstanceOf(Class);
    expect({ ...revived }).toEqual({ ...error });
    expect(revived).toMatchObject({ name, message: error.message, stack: error.stack });
    expect(revived.cause).toBeUndefined();
  });

  test("keeps the data of its class", () => {
    const selection = { patterns: ["c_attn"], available: ["layer.0.query", "layer.0.value"] };
    const revived = sent(new NoTargetError("c_attn matched nothing.", { hint: "query does." }, selection));
    expect(revived).toBeInstanceOf(NoTargetError);
    expect(revived).toMatchObject({ ...selection, code: "E_NO_TARGET", exitCode: 2 });
    expect(revived.message).toBe("c_attn matched nothing.\n  hint: query does.");
  });

  test("keeps what caused it, and what caused that", () => {
    const engine = new EngineError("refused", { cause: new TypeError("inner") });
    const revived = sent(new DataError("unreadable", { cause: engine }));
    expect(revived.cause).toBeInstanceOf(EngineError);
    expect((revived.cause as Error).cause).toMatchObject({ name: "TypeError", message: "inner" });
    expect(Object.keys(revived)).not.toContain("cause");
  });

  test("keeps name, message and stack where it is none of ours, and leaves what cannot be sent", () => {
    const foreign = Object.assign(new RangeError("too far"), { callback: () => {} });
    const revived = sent(foreign);
    expect(revived).toMatchObject({ name: "RangeError", message: "too far", stack: foreign.stack });
    expect(revived).not.toHaveProperty("callback");
    expect(sent("thrown text").message).toBe("thrown text");
  });

  test("may come as a message alone, as another process reports it", () => {
    const revived = revivedError({ name: "NoTargetError", message: "nothing", stack: "" });
    expect(revived).toBeInstanceOf(NoTargetError);
    expect(revived).toMatchObject({ message: "nothing", patterns: [], available: [], exitCode: 2 });
    expect(revivedError({ name: "OperandError", message: "no", stack: "" })).toBeInstanceOf(OperandError);
  });
});

test.each([
  ["cannot read https://me:secret@host/a?token=secret: no such file", "cannot read https://host/a: no such file"],
  ["https://a:b@one/x?k=v: and git+ssh://c:d@two/y?k=v#f!", "https://one/x: and git+ssh://two/y"],
  ["the folder https:/me:secret@host does not exist", "the folder https:/host does not exist"],
  ["'s3://key@bucket/x?X-Amz-Signature=secret'", "'s3://bucket/x'"],
  ["token hf_QwErTyUiOpAsDfGhJkLzXcVbNm", "token hf_…"],
  ["C:/me@home/x?, mail me@host, a row: is it?", "C:/me@home/x?, mail me@host, a row: is it?"],
  ["https://huggingface.co/org/name", "https://huggingface.co/org/name"],
])("%s: a message shows no secret", (given, shown) => expect(new DataError(given).message).toBe(shown));

test.each([".nan", "a:", "://", "x://y", "hf_", "https://a@"])(
  "a long message of %s is redacted in no time",
  (part) => {
    const begun = performance.now();
    new DataError(part.repeat(200_000 / part.length));
    expect(performance.now() - begun).toBeLessThan(1000);
  },
);
