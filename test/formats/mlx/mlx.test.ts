import { readFileSync } from "node:fs";
import { cp, writeFile } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { readMlx } from "../../../src/formats/mlx/read.ts";
import { readLora } from "../../../src/formats/peft/read-lora.ts";
import { readSafetensors } from "../../../src/formats/safetensors/safetensors.ts";
import { writeTensors } from "../../../src/formats/safetensors/tensors.ts";
import { readCheckpoint } from "../../../src/formats/transformers/checkpoint.ts";
import { mergeAdapter } from "../../../src/merging/merge-adapter.ts";
import { transpose } from "../../../src/quant/transpose.ts";
import { mlxToPeft, peftToMlx } from "../../../src/verbs/export/convert-adapter.ts";
import { fixture, temporaryFolder } from "../temporary.ts";

const folder = await temporaryFolder();
const { cases } = JSON.parse(readFileSync(fixture("merge/expected-mlx.json"), "utf8")) as {
  cases: Record<string, Record<string, readonly number[]>>;
};

const baseOf = (base: string) => readCheckpoint(fixture(`merge/${base}`));
const configOf = (path: string) => JSON.parse(readFileSync(`${path}/adapter_config.json`, "utf8"));

let runs = 0;
async function toMlx(base: string, method: string): Promise<string> {
  const out = `${folder}/${runs++}`;
  const { config } = await baseOf(base);
  await peftToMlx({ adapter: fixture(`merge/${base}/adapters/${method}`), baseConfig: config, out });
  return out;
}

const sumsOf = (x: Float32Array): number[] => [
  x.reduce((sum, value) => sum + value, 0),
  x.reduce((sum, value) => sum + value * value, 0),
  x.reduce((sum, value, i) => sum + value * Math.cos(i), 0),
];

describe("mlxToPeft", () => {
  test.each(Object.keys(cases))("%s: merged, it is what mlx-lm fuses", async (name) => {
    const [base = "", method = ""] = name.split("/");
    const checkpoint = await baseOf(base);
    const [out, merged] = [`${folder}/peft-${base}-${method}`, `${folder}/merged-${base}-${method}`];
    await mlxToPeft({ adapter: fixture(`merge/${base}/mlx/${method}`), baseConfig: checkpoint.config, out });
    await mergeAdapter({ base: checkpoint, adapterFolder: out, out: merged });
    const { tensors, readFloat32 } = await readCheckpoint(merged);
    for (const [theirs, sums] of Object.entries(cases[name] ?? {})) {
      const ours = base === "gpt2" ? theirs.replace(/^model\./, "transformer.") : theirs;
      const w = await readFloat32(ours);
      const isFlipped = base === "gpt2" && /\.c_\w+\.weight$/.test(ours);
      const found = sumsOf(isFlipped ? transpose(w, tensors.get(ours)?.shape[0] ?? 1) : w);
      sums.forEach((sum, i) => {
        expect(Math.abs(found[i]! - sum) / Math.max(1, Math.abs(sum)), `${ours} ${i}`).toBeLessThan(2e-6);
      });
    }
  });

  test("says rank, alpha and modules in PEFT's words", async () => {
    const at = async (path: string, base: string) => {
      const out = `${folder}/words-${runs++}`;
      await mlxToPeft({ adapter: fixture(path), baseConfig: (await baseOf(base)).config, out });
      return configOf(out);
    };
    expect(await at("merge/llama/mlx/lora", "llama")).toMatchObject({
      ...{ r: 3, lora_alpha: 7.5, lora_dropout: 0.1, task_type: "CAUSAL_LM", base_model_name_or_path: "org/llama" },
      ...{ target_modules: ["mlp.down_proj", "self_attn.q_proj"], layers_to_transform: [1] },
    });
    expect(await at("merge/llama/mlx/dora", "llama")).toMatchObject({
      ...{ use_dora: true, lora_alpha: 40, target_modules: ["self_attn.v_proj", "lm_head"], layers_to_transform: null },
    });
    expect(await at("merge/gpt2/mlx/lora", "gpt2")).toMatchObject({
      target_modules: ["transformer.h.0.attn.c_attn", "transformer.h.1.attn.c_attn", "transformer.h.1.mlp.c_fc"],
    });
  });
});

describe("peftToMlx", () => {
  test("writes what mlx-lm reads: transposed, under its names, with a factor for a scale", async () => {
    const out = await toMlx("gpt2", "lora");
    expect(configOf(out)).toEqual({
      fine_tune_type: "lora",
      lora_parameters: {
        rank: 2,
        scale: 1.5,
        dropout: 0,
        keys: ["attn.c_attn", "attn.c_proj", "mlp.c_fc", "mlp.c_proj"],
      },
      model: "gpt2",
      num_layers: 2,
    });
    const { tensors, metadata } = await readSafetensors(`${out}/adapters.safetensors`);
    expect(metadata).toEqual({ format: "mlx" });
    expect(tensors.get("model.h.0.attn.c_attn.lora_a")?.shape).toEqual([16, 2]);
    expect(tensors.get("model.h.0.attn.c_attn.lora_b")?.shape).toEqual([2, 48]);
  });

  test.each([
    ["llama", "all"],
    ["llama", "dora"],
    ["gpt2", "lora"],
  ])("%s/%s comes back bit for bit", async (base, method) => {
    const [before, after] = [
      await readLora(fixture(`merge/${base}/adapters/${method}`)),
      await readMlx(await toMlx(base, method), (await baseOf(base)).config),
    ];
    expect([...after.tensors.keys()].sort()).toEqual([...before.tensors.keys()].sort());
    for (const [name, tensor] of before.tensors) expect(after.tensors.get(name), name).toEqual(tensor);
  });

  test("makes up for ranks and scalings of single modules", async () => {
    const out = await toMlx("llama", "patterns");
    expect(configOf(out).lora_parameters).toMatchObject({ rank: 3, scale: 5 / 3 });
    expect(configOf(out)).toMatchObject({ num_layers: 2 });
    const [before, after] = [
      await readLora(fixture("merge/llama/adapters/patterns")),
      await readMlx(out, (await baseOf("llama")).config),
    ];
    const [part, padded] = ["lora_B.weight", "model.layers.1.mlp.down_proj"];
    const [b, c] = [before.tensors.get(`${padded}.${part}`), after.tensors.get(`${padded}.${part}`)];
    expect(c?.shape).toEqual([16, 3]);
    const factor = 2 / 2 / (5 / 3);
    expect([...(c?.data ?? [])].slice(0, 3)).toEqual([
      Math.fround(b!.data[0]! * factor),
      Math.fround(b!.data[1]! * factor),
      0,
    ]);
    expect(after.tensors.get(`${padded}.lora_A.weight`)?.data.slice(-24)).toEqual(new Float32Array(24));
  });

  test("names whole paths where layers differ", async () => {
    const { config } = await baseOf("llama");
    const adapter = fixture("merge/llama/mlx/lora");
    await mlxToPeft({ adapter, baseConfig: config, out: `${folder}/last` });
    await peftToMlx({ adapter: `${folder}/last`, baseConfig: config, out: `${folder}/last-mlx` });
    expect(configOf(`${folder}/last-mlx`)).toMatchObject({ num_layers: 1 });
    const longer = { ...config, num_hidden_layers: 3 };
    await peftToMlx({ adapter: `${folder}/last`, baseConfig: longer, out: `${folder}/middle-mlx` });
    expect(configOf(`${folder}/middle-mlx`)).toMatchObject({
      num_layers: -1,
      lora_parameters: { keys: ["model.layers.1.mlp.down_proj", "model.layers.1.self_attn.q_proj"] },
    });
  });
});

describe("conversion to mlx-lm refuses", () => {
  test("what it cannot hold, by name", async () => {
    await expect(toMlx("llama", "heads")).rejects.toThrow(
      /contains 2 tensors that mlx-lm does not support: lm_head\.weight, model\.embed_tokens\.weight\n.*\n {2}expected: updates of linear layers, with no biases or whole modules\n {2}hint: merge/,
    );
    await expect(toMlx("gpt2", "dora")).rejects.toThrow(/contains 6 tensors .*c_attn\.bias/);
  });

  test("an output layer that shares the embedding's weight", async () => {
    await expect(toMlx("llama-tied", "output")).rejects.toThrow(
      /updates lm_head, which does not exist in mlx-lm's model/,
    );
  });
});

describe("readMlx refuses", () => {
  const changed = async (change: object): Promise<string> => {
    const to = `${folder}/changed-${runs++}`;
    await cp(fixture("merge/llama/mlx/lora"), to, { recursive: true });
    await writeFile(`${to}/adapter_config.json`, JSON.stringify({ ...configOf(to), ...change }));
    return to;
  };

  test("a whole model, and a malformed configuration", async () => {
    const { config } = await baseOf("llama");
    await expect(readMlx(await changed({ fine_tune_type: "full", lora_parameters: null }), config)).rejects.toThrow(
      /cannot be used: fine_tune_type: .*; lora_parameters: .*\n {2}at: .*adapter_config\.json\n {2}expected: mlx-lm's/,
    );
  });

  test.each([
    ["embeddings", "model.embed_tokens.lora_a", [40, 3]],
    ["experts", "model.layers.0.mlp.switch_mlp.up_proj.lora_a", [2, 3, 4]],
    ["weights", "model.layers.0.mlp.up_proj.weight", [2, 3]],
  ])("%s", async (_, name, shape) => {
    const to = await changed({});
    await writeTensors(`${to}/adapters.safetensors`, [
      [name, { shape, data: new Float32Array(shape.reduce((n, dim) => n * dim)) }],
    ]);
    await expect(readMlx(to, (await baseOf("llama")).config)).rejects.toThrow(
      `${name} [${shape}], which is not supported`,
    );
  });
});
