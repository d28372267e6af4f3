import type { InferenceSession, Tensor } from "onnxruntime-common";
import { EngineError } from "../errors.ts";
import type { DType } from "../ir/types.ts";
import { type Bindings, bindOnHost } from "./bindings.ts";
import { DeviceWeights } from "./device-weights.ts";
import { ofEngine } from "./engine-errors.ts";
import { fromTensor, type Runtime, toDeviceType, toTensor } from "./runtime.ts";
import type { FileSession, RuntimeTensor, Session, SessionOptions } from "./session.ts";

/** An emitted model; this room knows it by its shape only. */
export interface Model {
  readonly bytes: Uint8Array;
  readonly inputs: readonly { readonly name: string }[];
  /** Weights that are not inputs: their arrays are handed over when the model is opened. */
  readonly fixed: readonly string[];
  readonly outputs: ReadonlyMap<string, string>;
}

/**
 * Opens a model on a runtime, on the device that the options name.
 * @throws {EngineError} when the engine refuses the model. @throws {DeviceError} when a weight is too large for the device.
 */
export async function openSessionOn(runtime: Runtime, model: Model, options: SessionOptions): Promise<Session> {
  const { weights, device = "cpu", threads, profile } = options;
  const session = await ofEngine("open the graph", () =>
    runtime.InferenceSession.create(model.bytes, {
      ...SETTINGS,
      executionProviders: [device],
      externalData: model.fixed.map((name) => ({ path: name, data: bytesOf(weights, name) })),
      ...(threads === undefined ? {} : { intraOpNumThreads: threads }),
      ...(profile === undefined ? {} : { enableProfiling: true, profileFilePrefix: profile }),
    }),
  );
  const named = model.inputs.flatMap(({ name }) => {
    const weight = weights.get(name);
    return weight ? [[name, weight] as const] : [];
  });
  let bindings: Bindings;
  try {
    bindings = device === "cpu" ? bindOnHost(runtime, named) : await DeviceWeights.of(runtime).bind(named);
  } catch (error) {
    await session.release();
    throw error;
  }
  return {
    run: async (feeds, outputs = [...model.outputs.keys()]) =>
      run(
        runtime,
        session,
        await bindings.tensors(),
        model.outputs,
        device === "cpu" ? feeds : deviceFeeds(feeds),
        outputs,
      ),
    weightsChanged: (names) => bindings.changed(names),
    async close() {
      if (profile !== undefined) session.endProfiling();
      bindings.release();
      await session.release();
    },
  };
}

/** A model file that was read, with the files beside it that hold its weights. */
export interface ModelBytes {
  readonly bytes: Uint8Array;
  readonly weights: readonly { readonly path: string; readonly data: Uint8Array }[];
}

/**
 * Opens a model file that holds its weights, or has them in files beside it, for a few runs.
 * @param read Its bytes, where the engine cannot read files.
 * @throws {EngineError} when the engine refuses the model.
 */
export async function openModelFileOn(runtime: Runtime, path: string, read?: ModelBytes): Promise<FileSession> {
  const settings = {
    ...SETTINGS,
    extra: { session: { disable_prepacking: "1" } }, // a second copy of each weight
    ...(read && { externalData: [...read.weights] }),
  } as const;
  const open = () =>
    read ? runtime.InferenceSession.create(read.bytes, settings) : runtime.InferenceSession.create(path, settings);
  const session = await ofEngine(`open ${path}`, open);
  const inputs = session.inputMetadata.flatMap((input) => (input.isTensor ? [input] : []));
  const outputs = new Map(session.outputNames.map((name) => [name, name]));
  return {
    inputs: new Map(inputs.map(({ name, type, shape }) => [name, { dtype: type as DType, shape }])),
    run: (feeds, wanted = session.outputNames) => run(runtime, session, {}, outputs, feeds, wanted),
    close: () => session.release(),
  };
}

const SETTINGS = {
  executionProviders: ["cpu"],
  graphOptimizationLevel: "all",
  executionMode: "sequential",
  enableMemPattern: false, // one plan for each batch shape: it doubled the peak
  logSeverityLevel: 3, // errors: that a weight may be replaced, or a constant is not used, is no warning
} as const;

/** Feeds in the form that a device takes. */
const deviceFeeds = (feeds: Readonly<Record<string, RuntimeTensor>>): Record<string, RuntimeTensor> =>
  Object.fromEntries(Object.entries(feeds).map(([name, tensor]) => [name, toDeviceType(tensor)]));

/** @param tensors The tensor that holds each output. */
async function run(
  runtime: Runtime,
  session: InferenceSession,
  bound: Readonly<Record<string, Tensor>>,
  tensors: ReadonlyMap<string, string>,
  feeds: Readonly<Record<string, RuntimeTensor>>,
  outputs: readonly string[],
): Promise<Record<string, RuntimeTensor>> {
  const all: Record<string, Tensor> = { ...bound };
  for (const [name, tensor] of Object.entries(feeds)) all[name] = toTensor(runtime, tensor);
  const fetches = outputs.map((name) => tensors.get(name) as string);
  const results = await ofEngine("run the graph", () => session.run(all, [...new Set(fetches)]));
  return Object.fromEntries(outputs.map((name, i) => [name, fromTensor(results[fetches[i] as string] as Tensor)]));
}

/** @throws {EngineError} when the weight is missing. */
function bytesOf(weights: SessionOptions["weights"], name: string): Uint8Array {
  const data = weights.get(name)?.data;
  if (!data) throw new EngineError(`the model needs the weight ${name}`);
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}
