// The worker: ONNX Runtime blocks the thread that it computes in, so the whole library stays off the page's own.
import { loadModel, lora, predict, train, useRuntime } from "lowrank";
import mjs from "onnxruntime-web/ort-wasm-simd-threaded.mjs?url";
import wasm from "onnxruntime-web/ort-wasm-simd-threaded.wasm?url";
import * as ort from "onnxruntime-web/wasm";
import { readFiles, storeFile } from "./files.js";

ort.env.wasm.wasmPaths = { mjs: new URL(mjs, location.href).href, wasm: new URL(wasm, location.href).href };
ort.env.wasm.numThreads = self.crossOriginIsolated ? navigator.hardwareConcurrency : 1;
useRuntime(ort);

const say = (line) => self.postMessage({ line });
let running;

async function run({ model: files, rows }) {
  for (const file of files) await storeFile(`/model/${file.name}`, file);
  const data = (await rows.text()).trim().split("\n").map((line) => JSON.parse(line)); // biome-ignore format: one step
  const model = (await loadModel("/model", { taskType: "SEQ_CLS" })).with(lora({ r: 8 }));
  say(model.summary());

  running = new AbortController();
  for await (const event of train(model, { data, maxSteps: 20, learningRate: 1e-3, signal: running.signal })) {
    if (event.kind === "warning") say(event.message);
    if (event.kind === "step") say(`step ${event.step} of ${event.steps}: loss ${event.loss.toFixed(4)}`);
  }
  for await (const { text, label, score } of predict({ model, texts: [data[0].text] }))
    say(`${text}: ${label} (${score.toFixed(3)})`);

  await model.save("/adapter");
  self.postMessage({ files: await readFiles("/adapter") });
}

self.onmessage = ({ data }) => {
  if (data.stop) running?.abort();
  else run(data).catch((error) => say(`${error.name}: ${error.message}`));
};
