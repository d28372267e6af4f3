import { weightsOf } from "../../assemble/prepare.ts";
import { CheckpointError } from "../../errors.ts";
import type { Graph, ParamValue } from "../../ir/graph.ts";
import type { Prepared } from "../../prepared/prepared.ts";
import { Random } from "../../random.ts";
import type { RuntimeTensor } from "../../session/session.ts";
import { classifies } from "../../task-types/index.ts";

/** Reads the parameters of a graph one by one; none is kept. */
export interface WeightReader {
  tensor(name: string): Promise<RuntimeTensor>;
  /** Little-endian, as the engine's arrays are on every machine it runs on. */
  bytes(name: string): Promise<Uint8Array>;
}

/**
 * Makes a reader of a model's parameters.
 * @param graph A graph of the model, other than its own.
 * @param given Arrays that win over the checkpoint.
 * @throws {CheckpointError} when the model is to classify and its head is in no file.
 */
export async function weightReader(
  model: Prepared,
  graph: Graph,
  given: ReadonlyMap<string, Float32Array> | undefined,
): Promise<WeightReader> {
  const random = Random.seed(model.source.recipe.seed).stream("init");
  const read = (params: readonly ParamValue[]) => weightsOf(model, random, given, undefined, params);
  const { fresh } = await read(graph.params.filter(({ origin }) => origin.init));
  if (fresh.length > 0 && classifies(model.source.recipe.task_type)) {
    throw new CheckpointError(`the model has no trained classification head: ${fresh.join(", ")} are missing`, {
      where: model.checkpoint.folder,
      hint: "train one, and set --adapter_name_or_path to its output_dir.",
    });
  }
  const params = new Map(graph.params.map((param) => [param.origin.name, param]));
  const tensor = async (name: string): Promise<RuntimeTensor> => {
    const { weights } = await read([params.get(name) as ParamValue]);
    return weights.get(name) as RuntimeTensor;
  };
  return {
    tensor,
    async bytes(name) {
      const { buffer, byteOffset, byteLength } = (await tensor(name)).data;
      return new Uint8Array(buffer, byteOffset, byteLength);
    },
  };
}
