import { createHash } from "node:crypto";
import ort, { type InferenceSession } from "onnxruntime-node";

/**
 * Opening a training graph takes ONNX Runtime a third of a second, and many tests of a file open the same one: they get
 * the same session. Weights are inputs of a run, so a session keeps nothing from one test to the next.
 */
const MAX_OPEN = 32;

type Create = typeof ort.InferenceSession.create;
type Options = InferenceSession.SessionOptions;

const marks = globalThis as { areSessionsShared?: boolean };
if (!marks.areSessionsShared) {
  marks.areSessionsShared = true;
  ort.InferenceSession.create = shared(ort.InferenceSession.create.bind(ort.InferenceSession)) as Create;
}

function shared(create: Create): (model: unknown, options: Options) => Promise<InferenceSession> {
  const open = new Map<string, Promise<InferenceSession>>(); // the least recently used first
  return async (model, options) => {
    const isShared = model instanceof Uint8Array && !options.externalData?.length && !options.enableProfiling;
    if (!isShared) return create(model as string, options);
    const key = createHash("sha256").update(model).update(JSON.stringify(options)).digest("hex");
    const session = open.get(key) ?? create(model, options);
    open.delete(key);
    open.set(key, session);
    if (open.size > MAX_OPEN) open.delete(open.keys().next().value as string); // collected once no test has it
    return borrowed(await session);
  };
}

/** A session whose borrower may not end it. */
const borrowed = (session: InferenceSession): InferenceSession =>
  new Proxy(session, {
    get(target, key) {
      if (key === "release") return async () => {};
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
