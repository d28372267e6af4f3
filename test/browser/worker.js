// The page's worker: what a test asks for, done with the package as a bundler takes it.
import {
  downloadModel,
  evaluate,
  exportModel,
  full,
  loadModel,
  lora,
  plan,
  predict,
  TextGenerator,
  train,
  useEnvironment,
  useRuntime,
} from "lowrank";
import { folderAt, readFiles, storeFile } from "../../examples/browser/files.js";

const ort = await (location.search === "?webgpu" ? import("onnxruntime-web/webgpu") : import("onnxruntime-web/wasm"));
ort.env.wasm.wasmPaths = new URL("/ort/", location.href).href;
ort.env.logLevel = "error";
useRuntime(ort);

/** WebAssembly's heaps, which only whoever makes them sees. */
const heaps = [];
WebAssembly.Memory = class extends WebAssembly.Memory {
  constructor(limits) {
    super(limits);
    heaps.push(this);
  }
};

/** Runs of `train` that can be stopped. */
const running = new AbortController();

let sawStep = () => {};
/** Resolved with its number after the next step of any run. */
const nextStep = () =>
  new Promise((resolve) => {
    sawStep = resolve;
  });

/** Losses and warnings of a run. */
async function trained(model, options, stopAfter) {
  const seen = { losses: [], warnings: [] };
  for await (const event of train(model, { ...options, signal: running.signal })) {
    if (event.kind === "step") seen.losses.push(event.loss);
    if (event.kind === "step") sawStep(event.step);
    if (event.kind === "warning") seen.warnings.push(event.message);
    if (event.kind === "step" && event.step === stopAfter) break;
  }
  return seen;
}

/** Name and message of the error that ends a promise. */
const refusal = (promise) =>
  promise.then(
    () => "none",
    (error) => `${error.constructor.name}: ${error.message}`,
  );

/** The files of a folder and of those in it, as paths from it. */
async function namesIn(path) {
  const names = [];
  for await (const [name, { kind }] of (await folderAt(path)).entries()) {
    if (kind === "file") names.push(name);
    else for (const inner of await namesIn(`${path}/${name}`)) names.push(`${name}/${inner}`);
  }
  return names;
}

let sawHang = () => {};
/** Resolved when a run has come to the write that it never ends. */
const hang = new Promise((resolve) => {
  sawHang = resolve;
});

/**
 * Lets the `nth` write of a file of that name, or its move to where it belongs, never end, as if the page were closed then. The
 * worker computes meanwhile, as in a long step: a browser does not end it at once.
 */
function neverEnding({ method, name, nth }) {
  const original = FileSystemFileHandle.prototype[method];
  let calls = 0;
  FileSystemFileHandle.prototype[method] = function (...args) {
    if (this.name !== name || ++calls < nth) return original.apply(this, args);
    sawHang();
    setTimeout(() => {
      for (const end = Date.now() + 20_000; Date.now() < end; );
    }, 100);
    return new Promise(() => {});
  };
}

async function all(items) {
  const list = [];
  for await (const item of items) list.push(item);
  return list;
}

const tasks = {
  isolated: () => self.crossOriginIsolated,
  async store({ folder, files }) {
    for (const { name, url, text } of files)
      await storeFile(`${folder}/${name}`, text === undefined ? await (await fetch(url)).blob() : new Blob([text]));
  },
  read: ({ folder }) => readFiles(folder),
  environment: ({ env }) => useEnvironment(env),
  async download({ model }) {
    const seen = { bytes: 0, waits: [] };
    const onProgress = ({ bytes, waitingFor }) => {
      seen.bytes = bytes;
      if (waitingFor) seen.waits.push(waitingFor);
    };
    try {
      const folder = await downloadModel(model, { onProgress });
      const { parameters } = (await loadModel(model, { taskType: "SEQ_CLS" })).with(lora({ r: 4 }));
      return { ...seen, folder, files: (await namesIn(folder)).sort(), parameters };
    } catch (error) {
      return { ...seen, refusal: `${error.name}: ${error.message}` };
    }
  },
  async classify({ folder, r, options, texts, output, threads }) {
    ort.env.wasm.numThreads = threads;
    const model = (await loadModel(folder)).with(lora({ r }));
    const seen = await trained(model, options);
    const scores = await evaluate(model, { data: options.data.test });
    await model.save(output);
    const predictions = await all(predict({ model, texts }));
    const again = await all(predict({ model: await loadModel(folder), adapter: output, texts }));
    const bytes = await model.toFiles();
    const fromBytes = await all(predict({ model: await loadModel(folder), adapter: bytes, texts }));
    const left = await namesIn("/.lowrank-scratch");
    return { ...seen, scores, predictions, again, fromBytes, left };
  },
  async plan({ folder, loading, rank = 4, options }) {
    ort.env.wasm.numThreads = 1;
    return plan((await loadModel(folder, loading)).with(lora({ r: rank })), options);
  },
  refused: ({ recipe }) => refusal(all(train(recipe))),
  async measure({ folder, threads, rank, options }) {
    ort.env.wasm.numThreads = threads;
    const model = (await loadModel(folder)).with(lora({ r: rank }));
    await trained(model, options);
    return Math.max(...heaps.map(({ buffer }) => buffer.byteLength));
  },
  async tune({ folder, loading, rank, options, output }) {
    ort.env.wasm.numThreads = 1;
    const model = (await loadModel(folder, loading)).with(rank ? lora({ r: rank }) : full());
    const { losses } = await trained(model, options);
    await model.save(output);
    return losses;
  },
  async onDevice({ folder, rank, options }) {
    const model = (await loadModel(folder)).with(lora({ r: rank }));
    const seen = { losses: [] };
    for await (const event of train(model, options)) {
      if (event.kind === "start") seen.header = event.header;
      if (event.kind === "step") seen.losses.push(event.loss);
    }
    return seen;
  },
  async export(options) {
    const { difference } = await exportModel(options);
    return { difference, files: await namesIn(options.out) };
  },
  async run({ recipe }) {
    let steps = 0;
    let locked;
    for await (const event of train(recipe)) {
      if (event.kind === "step") steps = event.step;
      if (event.kind === "step") locked ??= await refusal(all(train(recipe)));
    }
    return { steps, locked, files: await namesIn(recipe.output_dir) };
  },
  async resume({ recipe, hangsAt }) {
    ort.env.wasm.numThreads = 1;
    if (hangsAt) neverEnding(hangsAt);
    const seen = { steps: [], warnings: [] };
    for await (const event of train(recipe)) {
      if (event.kind === "warning") seen.warnings.push(event.message);
      if (event.kind === "step") seen.steps.push([event.step, event.loss]);
      if (event.kind === "step") sawStep();
    }
    return { ...seen, files: await namesIn(recipe.output_dir) };
  },
  async leave({ folder, options, stopAfter }) {
    const model = (await loadModel(folder)).with(lora({ r: 4 }));
    await trained(model, options, stopAfter);
    return model.finished.step;
  },
  async abort({ folder, options }) {
    const model = (await loadModel(folder)).with(lora({ r: 4 }));
    const name = await refusal(trained(model, options));
    return { name, step: model.finished?.step };
  },
  stepped: nextStep,
  hung: () => hang,
  stop: () => running.abort(),
  async write({ folder, loading, options, prompt }) {
    const model = (await loadModel(folder, loading)).with(lora({ r: 4 }));
    const { losses } = await trained(model, options);
    const generator = await TextGenerator.open({ model });
    const parts = await all(generator.generate(prompt, { maxNewTokens: 8, temperature: 0 }));
    await generator.close();
    return { losses, text: parts.join("") };
  },
};

self.onmessage = async ({ data: { id, task, given } }) => {
  try {
    self.postMessage({ id, value: await tasks[task](given ?? {}) });
  } catch (error) {
    self.postMessage({ id, error: `${error?.constructor?.name}: ${error?.stack ?? error}` });
  }
};
self.postMessage({ ready: true });
