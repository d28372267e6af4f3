import type { InferenceSession, InferenceSessionFactory, Tensor, TensorConstructor } from "onnxruntime-common";
import { EngineError, OutOfMemoryError } from "../errors.ts";
import type { DType } from "../ir/types.ts";
import type { Elements, FileSession, RuntimeTensor, Session, SessionOptions } from "./session.ts";

/** A build of ONNX Runtime: onnxruntime-node's module, or onnxruntime-web's. */
export interface Runtime {
  readonly InferenceSession: InferenceSessionFactory;
  readonly Tensor: TensorConstructor;
}

/** An emitted model; this room knows it by its shape only. */
export interface Model {
  readonly bytes: Uint8Array;
  readonly inputs: readonly { readonly name: string }[];
  /** Weights that are not inputs: their arrays are handed over when the model is opened. */
  readonly fixed: readonly string[];
  readonly outputs: ReadonlyMap<string, string>;
}

/**
 * Opens a model on the CPU provider of a runtime.
 * @throws {EngineError} when the engine refuses the model.
 */
export async function openSessionOn(runtime: Runtime, model: Model, options: SessionOptions): Promise<Session> {
  const { weights, threads, profile } = options;
  const session = await engine("open the graph", () =>
    runtime.InferenceSession.create(model.bytes, {
      ...SETTINGS,
      externalData: model.fixed.map((name) => ({ path: name, data: bytesOf(weights, name) })),
      ...(threads === undefined ? {} : { intraOpNumThreads: threads }),
      ...(profile === undefined ? {} : { enableProfiling: true, profileFilePrefix: profile }),
    }),
  );
  const bound: Record<string, Tensor> = {};
  for (const { name } of model.inputs) {
    const weight = weights.get(name);
    if (weight) bound[name] = toTensor(runtime, weight);
  }

  return {
    run: (feeds, outputs = [...model.outputs.keys()]) => run(runtime, session, bound, model.outputs, feeds, outputs),
    async close() {
      if (profile !== undefined) session.endProfiling();
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
  const session = await engine(`open ${path}`, open);
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
  const results = await engine("run the graph", () => session.run(all, [...new Set(fetches)]));
  return Object.fromEntries(outputs.map((name, i) => [name, fromTensor(results[fetches[i] as string] as Tensor)]));
}

/** @throws {EngineError} when the weight is missing. */
function bytesOf(weights: SessionOptions["weights"], name: string): Uint8Array {
  const data = weights.get(name)?.data;
  if (!data) throw new EngineError(`the model needs the weight ${name}`);
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

const toTensor = ({ Tensor }: Runtime, { dtype, data, shape }: RuntimeTensor): Tensor =>
  new Tensor((data instanceof Uint16Array ? "uint16" : dtype) as Tensor.Type, data as Tensor.DataType, [...shape]);

const fromTensor = (tensor: Tensor): RuntimeTensor => ({
  dtype: tensor.type as RuntimeTensor["dtype"],
  shape: tensor.dims,
  data: tensor.data as Elements,
});

async function engine<T>(what: string, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    if (/alloc|out of memory|bad_alloc/i.test(message)) {
      throw new OutOfMemoryError(`ONNX Runtime ran out of memory when trying to ${what}`, {
        hint: "use a smaller per_device_train_batch_size or max_length; gradient_accumulation_steps keeps the batch size.",
        cause,
      });
    }
    throw new EngineError(`ONNX Runtime could not ${what}: ${message}`, { cause });
  }
}
