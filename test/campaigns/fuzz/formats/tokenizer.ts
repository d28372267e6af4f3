import type { Format } from "../format.ts";
import { mutateJson } from "../mutate-json.ts";
import { folderSeed } from "./fixtures.ts";
import { tokenize } from "./open-model.ts";

/** Models, normalizers, pre-tokenizers, post-processors, decoders and added tokens. */
export const tokenizer: Format = {
  name: "tokenizer.json",
  mutate: mutateJson,
  seeds: async () =>
    ["bert", "roberta", "xlm-roberta", "modernbert", "causal/llama", "causal/qwen2"].map((name) =>
      folderSeed(name, ["tokenizer.json"], /tokenizer/),
    ),
  read: (folder) => tokenize(folder),
};
