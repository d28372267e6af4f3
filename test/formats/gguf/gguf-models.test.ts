import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { gguf } from "@huggingface/gguf";
import { describe, expect, test } from "vitest";
import { GGML_TYPES } from "../../../src/formats/gguf/blocks/types.ts";
import { openGguf } from "../../../src/formats/gguf/file.ts";
import { readGguf } from "../../../src/formats/gguf/model/read-gguf.ts";

type Config = Readonly<Record<string, unknown>>;

/** As `test/parity/make_gguf_checkpoints.py` writes it. */
interface Expected {
  readonly models: Readonly<
    Record<string, { config: Config; parameters: Record<string, { shape: number[]; digest: string }> }>
  >;
}
const FOLDER = "test/parity/fixtures/gguf";
const { models } = JSON.parse(readFileSync(`${FOLDER}/expected.json`, "utf8")) as Expected;
const digestOf = (x: Float32Array) => createHash("sha256").update(new Uint8Array(x.buffer)).digest("hex").slice(0, 16);

/** Keys that say nothing of how the model computes, and those that no GGUF file keeps. */
const NOT_KEPT = [
  "add_cross_attention", "dtype", "initializer_range", "is_decoder", "max_window_layers", "no_rope_layer_interval",
  "pretraining_tp", "reorder_and_upcast_attn", "scale_attn_by_inverse_layer_idx", "scale_attn_weights",
  "_sliding_window_pattern", "summary_proj_to_labels", "summary_type", "summary_use_proj", "transformers_version",
  "use_cache",
]; // biome-ignore format: a table

/** The config of transformers 5 in the words of transformers 4, without what is off anyway. */
function older({ rope_parameters, ...config }: Config): Config {
  const { full_attention, sliding_attention, ...rope } = (rope_parameters ?? {}) as Record<string, Config>;
  const { rope_theta, partial_rotary_factor, ...scaling } = (full_attention ?? rope) as Config;
  const neox = config.model_type === "gpt_neox";
  const all = {
    ...config,
    [neox ? "rotary_emb_base" : "rope_theta"]: rope_theta,
    [neox ? "rotary_pct" : "partial_rotary_factor"]: partial_rotary_factor,
    rope_scaling: scaling.rope_type === "default" || !rope_parameters ? undefined : scaling,
    rope_local_base_freq: sliding_attention?.rope_theta,
  };
  const isOff = (value: unknown): boolean =>
    value == null || value === false || `${value}`.startsWith("full_attention");
  return Object.fromEntries(
    Object.entries(all).filter(
      ([key, value]) => !isOff(value) && !NOT_KEPT.includes(key) && !/dropout|pdrop/.test(key),
    ),
  );
}

describe.each(Object.entries(models))("%s, converted by llama.cpp", (name, { config, parameters }) => {
  const path = `${FOLDER}/${name}.gguf`;

  test("names, shapes and values are those of the model before", async () => {
    const { tensors, readFloat32 } = await readGguf(path);
    const found: typeof parameters = {};
    for (const [tensor, { shape, dtype, byteLength }] of tensors) {
      const values = await readFloat32(tensor);
      expect(values.length).toBe(shape.reduce((product, dim) => product * dim, 1));
      expect([dtype, byteLength]).toEqual(["F32", 4 * values.length]);
      found[tensor] = { shape: [...shape], digest: digestOf(values) };
    }
    expect(found).toEqual(parameters);
  });

  test("the config is that of the model before", async () => {
    const read = (await readGguf(path)).config;
    expect(read).toMatchObject(older(config));
  });

  test("the header is as @huggingface/gguf reads it", async () => {
    const { metadata, tensors } = await openGguf(path);
    const theirs = await gguf(path, { allowLocalFile: true });
    const { version, tensor_count, kv_count, ...their } = theirs.metadata as unknown as Config;
    expect([version, tensor_count, kv_count]).toEqual([3, BigInt(tensors.size), BigInt(metadata.size)]);
    const plain = Object.fromEntries(
      [...metadata].map(([key, value]) => [key, ArrayBuffer.isView(value) ? [...value] : value]),
    );
    expect(plain).toEqual(their);
    const start = Number(theirs.tensorDataOffset);
    expect(
      [...tensors].map(([tensor, { type, shape, begin }]) => [tensor, GGML_TYPES[type].id, [...shape], begin]),
    ).toEqual(
      theirs.tensorInfos.map(({ name, dtype, shape, offset }) => [
        name,
        dtype,
        shape.map(Number).reverse(),
        start + Number(offset),
      ]),
    );
  });
});
