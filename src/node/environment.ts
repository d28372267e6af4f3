import { hubCacheFolder, machine } from "#platform";
import { VERSION } from "../version.ts";

/** Environment of a run; names are those of `env --json`. */
export interface Environment {
  readonly lowrank: string;
  readonly node: string;
  readonly onnxruntime: string;
  readonly system: string;
  readonly cpu: string;
  readonly cores: number;
  readonly instruction_sets: readonly string[];
  readonly memory_bytes: number;
  /** Those that opened a model just now. */
  readonly execution_providers: readonly string[];
  /** Those the engine has that did not, each with the reason. */
  readonly unavailable_providers: readonly string[];
  /** Adapter of WebGPU, as far as the system names it; ONNX Runtime tells neither its limits nor its features. */
  readonly webgpu_adapter?: string;
  /** Largest buffer of the adapter, which bounds a weight; absent where it has one of 2 GiB. */
  readonly webgpu_max_buffer_bytes?: number;
  /** Cache folder of Hub models. */
  readonly hub_cache: string;
}

/** Bytes of a buffer that WebGPU is asked for: few weights are larger. */
const LARGE_BUFFER = 2 ** 31;

/** Looks at the machine and tries each execution provider with a graph of one node. */
export async function environment(): Promise<Environment> {
  const [{ identityModel }, { tryWebGpu }, { engineVersion, tryProviders }] = await Promise.all([
    import("../onnx/one-node.ts"),
    import("#session"),
    import("../session/node/providers.ts"),
  ]);
  const { system, cpu, cores, instructionSets, memoryBytes } = machine();
  const webgpu = await tryWebGpu({ bytes: LARGE_BUFFER });
  const trials = [...(await tryProviders(identityModel("float32"))), { name: "webgpu", ...webgpu }];
  return {
    lowrank: VERSION,
    node: process.versions.node,
    onnxruntime: engineVersion(),
    system,
    cpu,
    cores,
    instruction_sets: instructionSets,
    memory_bytes: memoryBytes,
    execution_providers: trials.filter(({ problem }) => problem === undefined).map(({ name }) => name),
    unavailable_providers: trials.flatMap(({ name, problem }) => (problem === undefined ? [] : `${name}: ${problem}`)),
    ...(webgpu.adapter !== undefined && {
      webgpu_adapter: `${webgpu.adapter}${webgpu.isSoftware ? ", a software adapter" : ""}`,
    }),
    ...(webgpu.maxBufferBytes !== undefined && { webgpu_max_buffer_bytes: webgpu.maxBufferBytes }),
    hub_cache: hubCacheFolder(),
  };
}
