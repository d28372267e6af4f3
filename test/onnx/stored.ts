import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fromBinary } from "@bufbuild/protobuf";
import { type ModelProto, ModelProtoSchema } from "onnx-buf";
import { afterAll } from "vitest";
import type { Graph } from "../../src/ir/graph.ts";
import type { Tensor } from "../../src/ir/types.ts";
import { type StoreOptions, storeOnnx } from "../../src/onnx/stored-model.ts";
import { readBytes, writeChunksAtomic } from "../../src/platform/node/index.ts";
import { openModelFile } from "../../src/session/node/index.ts";
import { toRuntime } from "../ops/check.ts";

/** A model that was written. */
export interface Written {
  readonly folder: string;
  /** Names of its files, in the order in which they were written. */
  readonly files: readonly string[];
  readonly path: string;
  /** The model file, read again. */
  readonly model: ModelProto;
  /** Weights in the order in which they were read. */
  readonly read: readonly string[];
}

/** Writes a graph with its weights to a new folder, which is removed after the calling test file. */
export async function written(
  graph: Graph,
  weights: Readonly<Record<string, Tensor>>,
  options: Partial<StoreOptions> = {},
): Promise<Written> {
  const folder = mkdtempSync(join(tmpdir(), "lowrank-onnx-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const read: string[] = [];
  const bytes = async (name: string): Promise<Uint8Array> => {
    read.push(name);
    const { data } = toRuntime(graph.named(name)!.dtype, weights[name]!);
    return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  };
  const { files } = storeOnnx(graph, bytes, { name: "model.onnx", dims: {}, ...options });
  for (const file of files) await writeChunksAtomic(`${folder}/${file.name}`, file.chunks());
  const path = `${folder}/model.onnx`;
  const model = fromBinary(ModelProtoSchema, await readBytes(path));
  return { folder, files: files.map(({ name }) => name), path, model, read };
}

/** Runs a model file in a session of its own. */
export async function runFile(path: string, feeds: Readonly<Record<string, Tensor>>): Promise<Record<string, Tensor>> {
  const session = await openModelFile(path);
  try {
    const inputs = [...session.inputs].map(([name, { dtype }]) => [name, toRuntime(dtype, feeds[name]!)] as const);
    const results = await session.run(Object.fromEntries(inputs));
    return Object.fromEntries(
      Object.entries(results).map(([name, { data, shape }]) => [
        name,
        { data: Float64Array.from(data as Float32Array), shape },
      ]),
    );
  } finally {
    await session.close();
  }
}
