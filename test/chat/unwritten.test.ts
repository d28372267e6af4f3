import { describe, expect, test } from "vitest";
import { languageRow } from "../../src/chat/language-row.ts";
import { causalSplitEncoder } from "../../src/examples/causal-split.ts";
import { encodeAll } from "../data/collected.ts";
import { chatTokenizer } from "./chat-fixture.ts";

/** Writes contents alone, as the templates of many small models do. */
const PLAIN =
  "{% for m in messages %}{{ '<|im_start|>' + m['role'] + '\n' + m['content'] + '<|im_end|>' + '\n' }}{% endfor %}";
/** Writes calls and tools too. */
const WHOLE = `{{ tools }}${PLAIN.replace("m['content']", "(m['content'] or '') + (m['tool_calls'] or '') | string")}`;

const encode = (template: string, rows: readonly Readonly<Record<string, unknown>>[]) => {
  const options = { maxLength: 512, packing: false, completionOnlyLoss: true, assistantOnlyLoss: false };
  const read = rows.map((values, i) => languageRow({ values, where: `d.jsonl:${i + 1}` }, { textColumn: "text" }));
  return encodeAll(causalSplitEncoder({ tokenizer: chatTokenizer("bytes", template), ...options }), read);
};

const user = { role: "user", content: "What is the weather?" };
const call = {
  role: "assistant",
  content: "",
  tool_calls: [{ function: { name: "weather", arguments: { place: "Ulm" } } }],
};
const result = { role: "tool", content: "rain" };
const reply = { role: "assistant", content: "It rains." };

describe("what a chat template leaves out of a conversation", () => {
  test("a turn of tool calls alone is refused, with its row and message", () => {
    expect(() => encode(PLAIN, [{ messages: [user, reply] }, { messages: [user, call] }])).toThrow(
      /does not write the tool calls of message 2\n {2}at: d\.jsonl:2\n {2}expected: .*writes tool calls/,
    );
  });

  test("also beside a text, and in the completion of a prompt", () => {
    expect(() => encode(PLAIN, [{ messages: [user, { ...call, content: "Let me look." }] }])).toThrow("of message 2");
    expect(() => encode(PLAIN, [{ prompt: [user], completion: [call] }])).toThrow("the tool calls of message 2");
  });

  test("a tool's result that is not written is refused", () => {
    const skips = PLAIN.replace("{{ '<|im", "{% if m['role'] != 'tool' %}{{ '<|im").replace(
      "{% endfor %}",
      "{% endif %}{% endfor %}",
    );
    expect(() => encode(skips, [{ messages: [user, result, reply] }])).toThrow("does not write the text of message 2");
  });

  test("tools that are not written are counted in a warning", () => {
    const tools = [{ type: "function", function: { name: "weather" } }];
    const { warnings } = encode(PLAIN, [{ messages: [user, reply] }, { messages: [user, reply], tools }]);
    expect(warnings).toContain(
      "the chat template does not write the tools of 1 row, at d.jsonl:2: the model does not see them",
    );
  });

  test("nothing is said where all is written, or where the template needs what it writes", () => {
    const tools = [{ type: "function", function: { name: "weather" } }];
    const rows = [{ messages: [user, call, result, reply], tools }];
    expect(encode(WHOLE, rows).warnings?.join()).not.toContain("tools");
    const strict = `{% if messages[1]['tool_calls'] is undefined %}{{ raise_exception('calls first') }}{% endif %}${WHOLE}`;
    expect(encode(strict, rows).warnings?.join()).not.toContain("tools");
  });
});
