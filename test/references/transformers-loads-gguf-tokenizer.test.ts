import { mkdir } from "node:fs/promises";
import { expect, test } from "vitest";
import { openGguf } from "../../src/formats/gguf/file.ts";
import { ggufTokenizer, writeTokenizerFiles } from "../../src/formats/gguf/tokenizer/read-tokenizer.ts";
import { tokenizerOf } from "../../src/tokenizer/tokenizer.ts";
import { temporaryFolder } from "../formats/temporary.ts";
import { pythonOf } from "../parity/python.ts";

const python = pythonOf("LOWRANK_PEERS", "lowrank-peers");
const root = await temporaryFolder();
const NAMES = ["llama", "llama-pieces", "qwen2", "gemma2", "gpt2"];
const TEXTS = [
  "the Tenant's fee of 1,234 is\n\n due  ",
  "  two spaces <|im_end|> <tool> ½ é 한국어",
  "<bos>x</s> [INST]",
];

const reason = python.missing ? ` (skipped: ${python.missing})` : "";

test.skipIf(python.missing)(
  `transformers loads the tokenizers that were written of GGUF files${reason}`,
  async () => {
    const cases = await Promise.all(
      NAMES.map(async (name) => {
        const { metadata } = await openGguf(`test/parity/fixtures/gguf/${name}.gguf`);
        const files = ggufTokenizer(metadata, name);
        const folder = `${root}/${name}`;
        await mkdir(folder);
        await writeTokenizerFiles(folder, files);
        const tokenizer = tokenizerOf(files.definition, files.config, [], name);
        return { folder, texts: TEXTS, ids: TEXTS.map((text) => tokenizer.encode(text, { maxLength: 1000 }).ids) };
      }),
    );
    const loaded = python.run("tokenize_with_transformers.py", cases) as { ids: number[][]; chat: string }[];
    expect(loaded.map(({ ids }) => ids)).toEqual(cases.map(({ ids }) => ids));
    expect(loaded.map(({ chat }) => chat)).toEqual(NAMES.map(() => "<|im_start|>user\nhi<|im_end|>\n"));
  },
  120_000,
);
