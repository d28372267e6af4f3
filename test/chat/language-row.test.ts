import { describe, expect, test } from "vitest";
import { alpacaPrompt } from "../../src/chat/alpaca.ts";
import { languageRow } from "../../src/chat/language-row.ts";
import { DataError } from "../../src/errors.ts";

type Values = Readonly<Record<string, unknown>>;

const where = "data.jsonl:7";
const read = (values: Values, textColumn = "text") => languageRow({ values, where }, { textColumn });
const ask = { role: "user", content: "Is it due?" };
const answer = { role: "assistant", content: "Yes." };

describe("the forms of rows", () => {
  test("a text, in the column of the recipe; numbers as they are written", () => {
    expect(read({ text: "rent", id: 3 })).toEqual({ kind: "text", text: "rent", where });
    expect(read({ body: 7 }, "body")).toEqual({ kind: "text", text: "7", where });
  });

  test("prompt and completion, as texts or as messages", () => {
    const texts = { prompt: "2 + 2 =", completion: 4 };
    expect(read(texts)).toEqual({ kind: "completion", prompt: "2 + 2 =", completion: "4", where });
    expect(read({ prompt: [ask], completion: [answer] })).toEqual({
      kind: "answer",
      prompt: [ask],
      completion: [answer],
      variables: { tools: null },
      where,
    });
  });

  test("messages; what else a message has is kept, null is not", () => {
    const call = { role: "assistant", content: null, name: null, tool_calls: [{ function: { name: "find" } }] };
    expect(read({ messages: [ask, call], tools: [{ name: "find" }], chat_template_kwargs: { mood: "calm" } })).toEqual({
      kind: "messages",
      messages: [ask, { role: "assistant", tool_calls: call.tool_calls }],
      variables: { tools: [{ name: "find" }], mood: "calm" },
      where,
    });
  });

  test("content in parts: text, strings, or none beside a call of a tool", () => {
    const parts = [{ type: "text", text: "who " }, { type: "text", text: "pays", image_url: null }];
    const texts = [{ type: "text", text: "who " }, { type: "text", text: "pays" }];
    const contentOf = (message: Values) => (read({ messages: [message] }) as unknown as { messages: Values[] }).messages[0];
    expect(contentOf({ role: "user", content: parts })).toEqual({ role: "user", content: texts });
    expect(contentOf({ role: "user", content: ["who ", { text: "pays" }] })).toEqual({ role: "user", content: texts });
    expect(contentOf({ from: "human", value: ["who ", "pays"] })).toEqual({ role: "user", content: texts });
    const call = { role: "assistant", tool_calls: [{ function: { name: "find" } }] };
    for (const content of [null, undefined, []]) expect(contentOf({ ...call, content })).toEqual(call);
  }); // biome-ignore format: a table

  test("ShareGPT's conversations, with its names for who speaks", () => {
    const said = (from: string, value: string) => ({ from, value });
    const values = [said("system", "s"), said("human", "a"), said("gpt", "b"), said("user", "c"), said("tool", "d")];
    const roles = ["system", "user", "assistant", "user", "tool"];
    expect(read({ conversations: values })).toMatchObject({
      kind: "messages",
      messages: values.map(({ value }, i) => ({ role: roles[i], content: value })),
    });
    expect(read({ conversations: [ask] })).toMatchObject({ messages: [ask] });
  });

  test("Alpaca's instruction, input and output, in Stanford's words", () => {
    const row = read({ instruction: "Name the law.", input: "", output: "New York" });
    expect(row).toEqual({
      kind: "completion",
      prompt: alpacaPrompt("Name the law.", ""),
      completion: "New York",
      where,
    });
    expect(alpacaPrompt("Name the law.", "")).toBe(
      "Below is an instruction that describes a task. Write a response that appropriately completes the request." +
        "\n\n### Instruction:\nName the law.\n\n### Response:",
    );
    expect(read({ instruction: "Name the law.", input: "Clause 7", output: "x" })).toMatchObject({
      prompt: alpacaPrompt("Name the law.", "Clause 7"),
    });
    expect(alpacaPrompt("Name the law.", "Clause 7")).toBe(
      "Below is an instruction that describes a task, paired with an input that provides further context. " +
        "Write a response that appropriately completes the request." +
        "\n\n### Instruction:\nName the law.\n\n### Input:\nClause 7\n\n### Response:",
    );
    expect(read({ instruction: "Name the law.", output: "x" })).toMatchObject({
      prompt: alpacaPrompt("Name the law.", ""),
    });
  });

  test("a column that is null is not there; a text column that is named goes first", () => {
    expect(read({ text: null, messages: [ask], prompt: "seen" })).toMatchObject({ kind: "messages" });
    expect(read({ body: "b", messages: [ask] }, "body")).toMatchObject({ kind: "text", text: "b" });
    expect(read({ messages: [ask] }, "body")).toMatchObject({ kind: "messages" });
  });
});

describe("rows that are refused", () => {
  test.each<[Values, RegExp]>([
    [
      { text: "a", messages: [ask] },
      /can be read in 2 ways: \{text\}, \{messages\}\n.*:7\n[\s\S]*set text_column to it/,
    ],
    [
      { id: 3, body: "b" },
      /language model; it has id, body\n.*:7\n.*\{text\}, or \{prompt, completion\}, or .*\n.*text_column: body/,
    ],
    [{}, /it has none at all/],
    [{ text: ["a"] }, /the column "text" holds \["a"\]\n.*:7\n.*a text/],
    [{ prompt: [ask], completion: "b" }, /only the prompt of this row is a list of messages\n.*:7\n.*as two texts/],
    [{ messages: [] }, /"messages" is not a list of messages: \[\]\n.*:7\n.*"role"/],
    [{ messages: "hi" }, /not a list of messages: "hi"/],
    [{ messages: [ask, "hi"] }, /message 2 of "messages" is not an object: "hi"\n.*:7/],
    [
      { messages: [{ role: "bot", content: "x" }] },
      /message 1 .* role "bot"\n.*:7\n.*one of: system, developer, user, human/,
    ],
    [{ messages: [{ content: "x" }] }, /message 1 of "messages" has the role undefined/],
    [
      { messages: [ask, { role: "assistant", content: null }] },
      /message 2 of "messages" has no text; its content is null/,
    ],
    [
      {
        messages: [
          ask,
          {
            role: "user",
            content: [
              { type: "text", text: "see" },
              { type: "image_url", image_url: {} },
            ],
          },
        ],
      },
      /part 2 of message 2 of "messages" is of type image_url: .*\n.*:7\n.*parts of text only/,
    ],
    [{ messages: [{ role: "user", content: [{ type: "image" }] }] }, /part 1 of message 1 .* is of type image/],
    [{ messages: [{ role: "user", content: [{ type: "text", text: null }] }] }, /part 1 .* is without text/],
    [{ messages: [{ role: "user", content: [null] }] }, /part 1 .* is without text: null/],
    [{ messages: [{ role: "user", content: [7] }] }, /part 1 .* is without text: 7/],
    [{ messages: [{ role: "user", content: [] }] }, /message 1 of "messages" has no text; its content is \[\]/],
    [{ messages: [{ role: "assistant", content: 7, tool_calls: [] }] }, /has no text; its content is 7/],
    [{ messages: [ask], tools: "[{" }, /"tools" is malformed JSON[\s\S]*:7/],
  ])("%j", (values, message) => {
    expect(() => read(values)).toThrow(DataError);
    expect(() => read(values)).toThrow(message);
  });
});
