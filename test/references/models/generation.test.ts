import { existsSync, readFileSync } from "node:fs";
import { afterAll, describe, expect, test } from "vitest";
import { readGguf } from "../../../src/formats/gguf/model/read-gguf.ts";
import { ggufTokenizer } from "../../../src/formats/gguf/tokenizer/read-tokenizer.ts";
import { tokenizerOf } from "../../../src/tokenizer/tokenizer.ts";
import { TextGenerator } from "../../../src/verbs/generate.ts";

/** What transformers generates greedily: `test/parity/make_generation_fixture.py`. */
interface Expected {
  readonly model: string;
  readonly new_tokens: number;
  readonly cases: readonly { readonly prompt: string; readonly ids: number[]; readonly generated: number[] }[];
}

const expected = JSON.parse(readFileSync("test/parity/fixtures/generation/smollm2.json", "utf8")) as Expected;
const { LOWRANK_MODELS: models } = process.env;
const file = `${models}/smollm2/${expected.model}`;
const missing = models && existsSync(file) ? "" : ": set LOWRANK_MODELS to a folder with smollm2";

describe.skipIf(missing !== "")(
  `SmolLM2 writes what it writes with transformers, token for token${missing}`,
  async () => {
    if (missing) return;
    const generator = await TextGenerator.open({ model: file });
    const { definition, config } = ggufTokenizer((await readGguf(file)).metadata, file);
    const tokenizer = tokenizerOf(definition, config, [], file);
    afterAll(() => generator.close());

    test.each(expected.cases)(
      "$prompt",
      async ({ prompt, ids, generated }) => {
        expect(tokenizer.encodePlain(prompt)).toEqual(ids);
        const said = generator.generate(prompt, { maxNewTokens: expected.new_tokens });
        for (;;) {
          const { done, value } = await said.next();
          if (!done) continue;
          expect(tokenizer.encodePlain(value.text).length).toBeGreaterThan(0);
          expect(value.text).toBe(tokenizer.decode(generated));
          break;
        }
      },
      120_000,
    );
  },
);
