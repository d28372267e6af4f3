import { expect, test } from "vitest";
import { changesAfter, longestText } from "../../src/models/longest-text.ts";

const LONGROPE = { max_position_embeddings: 131_072, original_max_position_embeddings: 4096 };

test.each([
  ["as many tokens as positions", { max_position_embeddings: 512 }, 512],
  ["GPT-2's own word for it", { model_type: "gpt2", n_positions: 1024 }, 1024],
  [
    "RoBERTa counts from behind its padding",
    { model_type: "roberta", max_position_embeddings: 514, pad_token_id: 1 },
    512,
  ],
  ["RoBERTa's padding where none is named", { model_type: "xlm-roberta", max_position_embeddings: 514 }, 512],
  ["stretched positions", { max_position_embeddings: 4096, rope_scaling: { type: "linear", factor: 4 } }, 4096],
  ["longrope reaches as far as its long factors", { ...LONGROPE, rope_scaling: { type: "longrope" } }, 131_072],
  ["no limit", { hidden_size: 8 }, undefined],
])("%s", (_, config, longest) => expect(longestText(config)).toBe(longest));

const SPELLED_ANEW = {
  max_position_embeddings: 131_072,
  rope_parameters: { rope_type: "longrope", original_max_position_embeddings: 8192 },
};

test.each([
  ["longrope at the first length", { ...LONGROPE, rope_scaling: { type: "longrope" } }, 4096],
  ["longrope as transformers 5 spells it", SPELLED_ANEW, 8192],
  ["no longrope, though there is a first length", LONGROPE, undefined],
  ["another stretch", { ...LONGROPE, rope_scaling: { type: "yarn", factor: 32 } }, undefined],
  ["no rotary positions", { n_positions: 1024 }, undefined],
])("positions change past a length: %s", (_, config, length) => expect(changesAfter(config)).toBe(length));
