import { describe, expect, test } from "vitest";
import { languageRow } from "../../src/chat/language-row.ts";
import { DataError, TokenizerError } from "../../src/errors.ts";
import type { CausalOptions } from "../../src/examples/causal.ts";
import { causalSplitEncoder } from "../../src/examples/causal-split.ts";
import { IGNORED } from "../../src/examples/labels.ts";
import type { TokenExample } from "../../src/examples/tokens.ts";
import { chatTokenizer, expected, type Prepared } from "../chat/chat-fixture.ts";
import { encodeAll } from "../data/collected.ts";

type Values = Readonly<Record<string, unknown>>;

const rowsOf = (rows: readonly Values[]) =>
  rows.map((values, i) => languageRow({ values, where: `data.jsonl:${i + 1}` }, { textColumn: "text" }));

const bytes = chatTokenizer("bytes");
const encode = (rows: readonly Values[], given: Partial<CausalOptions> = {}) => {
  const loss = { completionOnlyLoss: true, assistantOnlyLoss: false };
  const options = { tokenizer: bytes, maxLength: 64, packing: false, ...loss, ...given };
  const { examples, ...rest } = encodeAll(causalSplitEncoder(options), rowsOf(rows));
  return { examples: [...examples] as TokenExample[], ...rest };
};
const chats = (...names: string[]) => names.map((name) => ({ messages: expected.conversations[name] }));
const user = (content: string): Values => ({ role: "user", content });
const assistant = (content: string): Values => ({ role: "assistant", content });
/** The tokens to predict, as text. */
const targets = ({ examples }: ReturnType<typeof encode>, tokenizer = bytes) =>
  examples.map(({ labels }) => {
    const trained = [...labels].filter((label) => label !== IGNORED);
    return tokenizer.decode(trained, { specials: true });
  });

const prepared = (["bytes", "metaspace"] as const).flatMap((name) =>
  expected[name].sequences.map((given) => {
    const { template, rows, completion_only_loss, assistant_only_loss, max_length, packing } = given;
    const loss = `${completion_only_loss ? "completions" : "all"}${assistant_only_loss ? ", assistants" : ""}`;
    const size = `${max_length}${packing ? ", packed" : ""}`;
    const title = `${template ?? "no template"}: ${Object.keys(rows[0]!)} (${loss}, ${size}, ${name})`;
    return { title, name, given };
  }),
);

/** TRL's labels moved to where they are predicted; the first token of a document is not. */
function alignedLabels({ input_ids, labels, seq_lengths = [input_ids.length] }: Prepared["examples"][number]) {
  const ends = new Set<number>();
  let at = 0;
  for (const length of seq_lengths) {
    at += length;
    ends.add(at - 1);
  }
  return labels.map((_, i) => (ends.has(i) ? IGNORED : labels[i + 1]!));
}

describe("the same tokens are trained as in TRL", () => {
  test.each(prepared)("$title", ({ name, given }) => {
    const messages = (value: unknown) => expected.conversations[value as string];
    const rows = given.template
      ? given.rows.map((row) => Object.fromEntries(Object.entries(row).map(([key, value]) => [key, messages(value)])))
      : given.rows;
    const { examples } = encode(rows, {
      tokenizer: chatTokenizer(name, given.template),
      maxLength: given.max_length,
      packing: given.packing,
      completionOnlyLoss: given.completion_only_loss,
      assistantOnlyLoss: given.assistant_only_loss,
    });
    expect(examples.map(({ ids }) => [...ids])).toEqual(given.examples.map(({ input_ids }) => input_ids));
    expect(examples.map(({ labels }) => [...labels])).toEqual(given.examples.map(alignedLabels));
  });
});

describe("rows that train nothing are left out", () => {
  test("an empty text, with or without tokens that go before it; a prompt that fills max_length", () => {
    const rows = [{ text: "" }, { text: "rent" }, { text: "<|endoftext|>" }];
    expect(encode(rows).skipped).toMatchObject({ count: 2, first: "data.jsonl:1" });
    const metaspace = { tokenizer: chatTokenizer("metaspace") };
    expect(encode([{ text: "" }, { text: "rent" }], metaspace).skipped).toMatchObject({
      count: 1,
      first: "data.jsonl:1",
    });
    const long = { prompt: "The tenant pays the rent. ".repeat(20), completion: "No." };
    expect(encode([{ prompt: "Rent?", completion: " Yes." }, long]).skipped).toMatchObject({
      count: 1,
      first: "data.jsonl:2",
    });
  });

  test("nothing but such rows is refused", () => {
    expect(() => encode([{ text: "" }])).toThrow(DataError);
    expect(() => encode([{ text: "" }])).toThrow(
      /none of the 1 rows has a token to train on\n.*data.jsonl:1\n.*a completion that begins within the first 64/,
    );
    const options = { tokenizer: chatTokenizer("bytes", "chatml"), assistantOnlyLoss: true };
    expect(() => encode(chats("a question"), options)).toThrow(/an assistant message that begins within the first 64/);
  });
});

describe("ends that are not trained are told", () => {
  const long = { text: "The tenant pays the rent. ".repeat(20) };

  test("some", () => {
    expect(encode([{ text: "rent" }]).warnings).toEqual([]);
    expect(encode([{ text: "rent" }, long]).warnings).toEqual([
      "max_length 64 truncates 1 row, at data.jsonl:2; their end token is not trained",
    ]);
    const [open, closed] = [[user("Rent?")], [user("Rent?"), assistant("Yes.")]];
    const template =
      "{% for m in messages %}{{ m.content }}{% if m.role != 'user' %}<|im_end|>\n{% endif %}{% endfor %}";
    const options = { tokenizer: chatTokenizer("bytes", template) };
    expect(encode([{ messages: closed }, { messages: open }, { messages: open }], options).warnings).toEqual([
      "no end token (end of text or turn) is trained in 2 rows, the first at data.jsonl:2",
    ]);
  });

  test("all, loudly", () => {
    const loud = "NO ROW TRAINS AN END TOKEN (end of text or turn), so the model will not learn to stop: ";
    expect(encode([long]).warnings).toEqual([`${loud}max_length 64 truncates it`]);
    const nameless = { tokenizer: chatTokenizer("bytes", undefined, { eos_token: null }) };
    expect(encode([{ text: "rent" }], nameless).warnings).toEqual([`${loud}the tokenizer has no eos_token`]);
    const bare = { tokenizer: chatTokenizer("bytes", "{% for m in messages %}{{ m.content }}\n{% endfor %}") };
    expect(encode(chats("one turn"), bare).warnings).toEqual([`${loud}no row contains one`]);
  });

  test("a split text keeps its end, unless that would stand alone", () => {
    const ids = bytes.encodePlain("The tenant pays the rent.");
    const text = { text: "The tenant pays the rent." };
    expect(encode([text], { packing: true, maxLength: ids.length - 1 }).warnings).toEqual([]);
    expect(encode([text], { packing: true, maxLength: ids.length }).warnings).toHaveLength(1);
  });
});

describe("borders", () => {
  test("a prompt that ends within a token is told", () => {
    const across = { prompt: "The tenant pays the ", completion: "rent" };
    const { warnings } = encode([{ prompt: "Rent:", completion: " yes" }, across]);
    expect(warnings).toHaveLength(1);
    expect(warnings?.[0]).toMatch(/prompt's tokens in 1 row, at data.jsonl:2, because a token spans the boundary/);
    expect(encode([across], { completionOnlyLoss: false }).warnings).toEqual([]);
  });

  const thinking = { messages: expected.conversations.thoughts };
  const answer = { messages: expected.conversations.thoughts!.slice(0, 2) };
  const assistantOnly = (template: string) => ({
    ...{ tokenizer: chatTokenizer("bytes", template), assistantOnlyLoss: true, maxLength: 999 },
  });

  test("a template that drops what earlier answers said is refused, as no border can be told", () => {
    const options = assistantOnly(
      expected.templates.tools!.replace(/\{%-? (end)?generation %\}/g, "{%- if true %}{%- endif %}"),
    );
    expect(() => encode([thinking], options)).toThrow(DataError);
    expect(() => encode([thinking], options)).toThrow(
      /renders the first 2 messages differently when they stand alone\n.*data.jsonl:1\n.*"<think>\s[\s\S]*one turn a row/,
    );
    expect(targets(encode([answer], options))).toEqual(["<think>\nhm\n</think>\n\nYes.<|im_end|>\n"]);
  });

  test("one that marks what assistants generate is trained there", () => {
    const options = assistantOnly("tools");
    const [both] = targets(encode([thinking], options));
    expect(both).toBe("Yes.<|im_end|>\nOn the first day,\nto the landlord.<|im_end|>\n");
    expect(targets(encode([answer], options))).toEqual(["<think>\nhm\n</think>\n\nYes.<|im_end|>\n"]);
  });

  test("an answer that begins with a line break takes the token that it shares with the head", () => {
    const options = { tokenizer: chatTokenizer("bytes", "chatml"), assistantOnlyLoss: true };
    const row = { messages: [user("Rent?"), assistant("\n\nYes.")] };
    expect(targets(encode([row], options))[0]).toMatch(/^\s+Yes.<\|im_end\|>\n$/);
  });

  test("tools and a row's own template variables reach the template", () => {
    const template = "{{ tools[0].name }} {{ mood }} {{ messages[0].content }}<|endoftext|>";
    const variables = { tools: '[{"name": "find"}]', chat_template_kwargs: { mood: "calm" } };
    const { examples } = encode([{ messages: [user("hi")], ...variables }], {
      tokenizer: chatTokenizer("bytes", template),
    });
    expect(bytes.decode([...examples[0]!.ids])).toBe("find calm hi");
  });
});

test("assistant_only_loss without a conversation is refused", () => {
  const options = { assistantOnlyLoss: true };
  expect(() => encode([{ text: "rent" }], options)).toThrow(
    /needs conversations[\s\S]*data.jsonl:1[\s\S]*\{messages\}/,
  );
  expect(() => encode([{ prompt: "a", completion: "b" }], options)).toThrow(DataError);
});

test("messages for a model without a chat template are refused", () => {
  expect(() => encode(chats("one turn"))).toThrow(TokenizerError);
  expect(() => encode(chats("one turn"))).toThrow(/no chat template[\s\S]*at: data.jsonl:1/);
});

describe("content in parts", () => {
  const parts = [
    { type: "text", text: "who " },
    { type: "text", text: "pays" },
  ];
  const turns = (content: unknown) => [{ messages: [{ role: "user", content }, assistant("Ann.")] }];
  const EOS = "<|endoftext|>";
  const LOOP = `{% for m in messages %}{% if m.content is string %}{{ m.content }}{% else %}{% for p in m.content %}[{{ p.text | trim }}]{% endfor %}{% endif %}{% endfor %}${EOS}`;

  test.each([
    ["prints content", `{% for m in messages %}{{ m.content }};{% endfor %}${EOS}`],
    ["joins content", `{% for m in messages %}{{ "" + m.content + ";" }}{% endfor %}${EOS}`],
    ["trims content", `{% for m in messages %}{{ m.content | trim }};{% endfor %}${EOS}`],
  ])("a template that %s has the text of the parts", (_, template) => {
    const tokenizer = chatTokenizer("bytes", template);
    const inParts = encode(turns(parts), { tokenizer });
    expect(inParts).toEqual(encode(turns("who pays"), { tokenizer }));
    expect(tokenizer.decode([...inParts.examples[0]!.ids], { specials: true })).toContain("who pays;Ann.;");
  });

  test("a template that reads parts has them", () => {
    const tokenizer = chatTokenizer("bytes", LOOP);
    const { examples } = encode(turns(parts), { tokenizer });
    expect(tokenizer.decode([...examples[0]!.ids], { specials: true })).toBe(`[who][pays]Ann.${EOS}`);
  });
});

describe("a text that begins with the beginning-of-text token", () => {
  const tokenizer = chatTokenizer("metaspace");
  const warned = [
    'the tokenizer adds "<s>" to every text, and the data contains it too; the duplicate is removed in 1 row, at data.jsonl:2',
  ];
  const bos = tokenizer.idOf("<s>");

  test("has it once, with a warning", () => {
    const { examples, warnings } = encode([{ text: "rent" }, { text: "<s>rent" }], { tokenizer });
    expect(warnings).toEqual(warned);
    for (const { ids } of examples) expect([...ids].filter((id) => id === bos)).toHaveLength(1);
    expect(examples[1]!.ids[0]).toBe(bos);
  });

  test("of prompt and completion too: the prompt stays untrained", () => {
    const rows = [{ prompt: "rent ", completion: "due" }, { prompt: "<s>rent ", completion: "due" }]; // biome-ignore format: rows
    const { examples, warnings } = encode(rows, { tokenizer });
    expect(warnings).toContain(warned[0]);
    for (const { ids } of examples) expect([...ids].filter((id) => id === bos)).toHaveLength(1);
    const [plain, begun] = targets(
      { examples, warnings: [], skipped: { count: 0, first: undefined } } as never,
      tokenizer,
    );
    expect(begun).toBe(plain);
  });

  test("a chat template that writes it: the tokenizer adds none", () => {
    const chat = chatTokenizer("metaspace", "<s>{{ messages[0].content }}</s>");
    const { examples, warnings } = encode([{ messages: [user("rent"), assistant("due")] }], { tokenizer: chat });
    expect([...examples[0]!.ids].filter((id) => id === bos)).toHaveLength(1);
    expect(warnings).toEqual([]);
  });

  test("a tokenizer that adds none leaves the text as it is", () => {
    const { examples, warnings } = encode([{ text: "<|im_start|>rent" }]);
    expect(examples[0]!.ids[0]).toBe(bytes.idOf("<|im_start|>"));
    expect(warnings).toEqual([]);
  });
});
