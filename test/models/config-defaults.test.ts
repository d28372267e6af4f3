import { describe, expect, test } from "vitest";
import { CheckpointError } from "../../src/errors.ts";
import { tiesEmbeddings } from "../../src/formats/transformers/tied.ts";
import { print } from "../../src/ir/print.ts";
import { ARCHITECTURES } from "../../src/models/index.ts";
import { longestText } from "../../src/models/longest-text.ts";
import defaults from "../parity/fixtures/config-defaults.json" with { type: "json" };

type Config = Readonly<Record<string, unknown>>;
const LAYERS = 8;

/** Transformers' own configuration of a family, as `test/parity/make_config_defaults.py` writes it, of fewer layers. */
const shallow = (config: Config): Config =>
  Object.fromEntries(
    Object.entries(config).map(([key, value]) => {
      if (Array.isArray(value) && /layer/.test(key)) return [key, value.slice(0, LAYERS)];
      return [key, /^(num_hidden_layers|n_layers?)$/.test(key) ? LAYERS : value];
    }),
  );

/** Everything that a config decides: the graph of each task, how its parameters start, the longest text. */
function decided(modelType: string, config: Config): string {
  const architecture = ARCHITECTURES.find((one) => one.modelType === modelType)!;
  const graphs = architecture.tasks.map((task) => {
    const graph = architecture.build(config, task, 3, { modelDropout: true });
    return [print(graph), ...graph.params.map(({ origin }) => JSON.stringify([origin.name, origin.init]))].join("\n");
  });
  return [...graphs, `longest text: ${longestText(config)}`].join("\n");
}

const without = (config: Config, dropped: readonly string[]): Config =>
  Object.fromEntries(Object.entries(config).filter(([key]) => !dropped.includes(key)));

/** The first line in which two texts differ, for messages. */
function difference(wanted: string, found: string): string {
  const [a, b] = [wanted.split("\n"), found.split("\n")];
  const at = a.findIndex((line, i) => line !== b[i]);
  return at === -1 ? "" : `${a[at]}\n${b[at]}`.slice(0, 400);
}

/** Rotary positions that are stretched from the length that the config names show it. */
const STRETCHED = { rope_scaling: { rope_type: "yarn", factor: 4 } };
const families = (Object.entries(defaults.defaults) as [string, Config][]).flatMap(([modelType, config]) => {
  const rotary = "rope_theta" in ((config.rope_parameters as object | undefined) ?? {});
  const plain = shallow(config);
  return [[modelType, plain], ...(rotary ? [[`${modelType}, stretched`, { ...plain, ...STRETCHED }]] : [])] as const;
}) as [string, Config][];

describe("a key that config.json leaves out has the value that transformers gives it, or is asked for", () => {
  test.each(families)("%s", (name, config) => {
    const modelType = name.split(",")[0] as string;
    const wanted = decided(modelType, config);
    const asked: string[] = [];
    for (const key of Object.keys(config).filter((key) => !/^(model_type|rope_scaling)$/.test(key))) {
      try {
        expect(difference(wanted, decided(modelType, without(config, [key]))), `${key} left out`).toBe("");
      } catch (error) {
        if (!(error instanceof CheckpointError)) throw error;
        asked.push(key);
      }
    }
    const bare = Object.keys(config).filter((key) => !["model_type", "rope_scaling", ...asked].includes(key));
    expect(difference(wanted, decided(modelType, without(config, bare))), "all of them left out").toBe("");
    const sizes =
      /^(vocab_size|(hidden|embedding|intermediate)_size|num_\w+|max_position_embeddings|(hidden_)?dim|n_\w+)$/;
    expect(asked.filter((key) => !sizes.test(key))).toEqual([]);
  });
});

test("so is whether a decoder ties its output layer, where only that is asked", () => {
  for (const { modelType, tasks } of ARCHITECTURES) {
    if (!tasks.includes("CAUSAL_LM")) continue;
    const { tie_word_embeddings } = defaults.defaults[modelType as "llama"];
    expect(tiesEmbeddings({ model_type: modelType }), modelType).toBe(tie_word_embeddings);
  }
});
