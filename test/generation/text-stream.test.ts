import { expect, test } from "vitest";
import { TextStream } from "../../src/generation/text-stream.ts";

/** One byte a token. */
const bytes = (ids: readonly number[]): string => new TextDecoder().decode(Uint8Array.from(ids));
const feed = (stream: TextStream, text: string): string[] =>
  [...new TextEncoder().encode(text)].map((id) => stream.push(id));

test("gives text as it comes", () => {
  const stream = new TextStream(bytes);
  expect(feed(stream, "ab")).toEqual(["a", "b"]);
  expect(stream.end()).toBe("");
});

test("holds a character back until all its bytes are there", () => {
  const stream = new TextStream(bytes);
  expect(feed(stream, "é€")).toEqual(["", "é", "", "", "€"]);
});

test("gives at the end what never became a whole character", () => {
  const stream = new TextStream(bytes);
  expect(stream.push(0xe2)).toBe("");
  expect(stream.end()).toBe("\uFFFD");
});

test("stops before a stop string and says nothing of it, wherever it begins", () => {
  const stream = new TextStream(bytes, ["END", "\n\n"]);
  expect(feed(stream, "an EN").join("")).toBe("an ");
  expect(stream.push("E".charCodeAt(0))).toBe("EN");
  expect(feed(stream, "ND").join("")).toBe("");
  expect(stream.stopped).toBe(true);
  expect(stream.end()).toBe("");
});
