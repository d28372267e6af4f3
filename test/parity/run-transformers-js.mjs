// Runs cases in transformers.js and prints what it says, as JSON. stdin: `{library, models, cases}`: the folder that has
// the library in its node_modules, the folder that has the models, and what to ask each.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const { library, models, cases } = JSON.parse(readFileSync(0, "utf8"));
const require = createRequire(`${library}/`);
const { AutoModelForCausalLM, AutoTokenizer, env, pipeline, Tensor } = require("@huggingface/transformers");
env.allowRemoteModels = false;
env.localModelPath = `${models}/`;

const greedy = (newTokens) => ({ do_sample: false, max_new_tokens: newTokens });

const ASK = {
  /** Probabilities of every class. */
  async classify({ model, texts }) {
    const classifier = await pipeline("text-classification", model);
    return classifier(texts, { top_k: null });
  },
  /** Embeddings, as model cards of embedding models ask for them. */
  async embed({ model, texts }) {
    const extractor = await pipeline("feature-extraction", model);
    return (await extractor(texts, { pooling: "mean", normalize: true })).tolist();
  },
  /** Each token's class. */
  async tag({ model, texts }) {
    const tagger = await pipeline("token-classification", model);
    return tagger(texts, { ignore_labels: [] });
  },
  /** The five tokens that fit best. */
  async fill({ model, texts }) {
    const filler = await pipeline("fill-mask", model);
    return filler(texts);
  },
  /** What follows each text, all in one batch, padded on the left. */
  async generate({ model, texts, newTokens }) {
    const tokenizer = await AutoTokenizer.from_pretrained(model);
    tokenizer.padding_side = "left";
    const inputs = tokenizer(texts, { padding: true });
    const generator = await AutoModelForCausalLM.from_pretrained(model);
    const ids = (await generator.generate({ ...inputs, ...greedy(newTokens) })).tolist();
    const start = inputs.input_ids.dims[1];
    return {
      prompts: inputs.input_ids.tolist().map((row) => row.map(Number)),
      ids: ids.map((row) => row.slice(start).map(Number)),
    };
  },
  /** The same through the pipeline, as most call it. */
  async write({ model, texts, newTokens }) {
    const writer = await pipeline("text-generation", model);
    const said = await writer(texts, { ...greedy(newTokens), return_full_text: false, add_special_tokens: true });
    return said.map(([{ generated_text }]) => generated_text);
  },
  /** Probabilities under several adapters, one after the other, in one session. */
  async swap({ model, texts, adapters }) {
    const classifier = await pipeline("text-classification", model);
    const use = adapterInputs(classifier.model);
    const said = [];
    for (const path of adapters) {
      use(readAdapter(new Uint8Array(readFileSync(path)).buffer));
      said.push(await classifier(texts, { top_k: null }));
    }
    return said;
  },
  /** Logits of onnxruntime-web, on WebAssembly. */
  async wasm({ model, file, feeds }) {
    const ort = createRequire(require.resolve("@huggingface/transformers"))("onnxruntime-web");
    ort.env.wasm.numThreads = 1;
    const bytes = readFileSync(`${models}/${model}/onnx/${file}`);
    const session = await ort.InferenceSession.create(bytes, { executionProviders: ["wasm"], logSeverityLevel: 3 });
    const tensors = Object.entries(feeds).map(([name, { type, data, dims }]) => {
      const values = type === "int64" ? BigInt64Array.from(data, BigInt) : Float32Array.from(data);
      return [name, new ort.Tensor(type, values, dims)];
    });
    const { logits } = await session.run(Object.fromEntries(tensors));
    return [...logits.data];
  },
};

// As docs/guides/onnx.md has them.

/** The tensors of a safetensors file. */
function readAdapter(buffer) {
  const start = 8 + Number(new DataView(buffer).getBigUint64(0, true));
  const { __metadata__, ...header } = JSON.parse(new TextDecoder().decode(buffer.slice(8, start)));
  const tensors = Object.entries(header).map(
    ([
      name,
      {
        shape,
        data_offsets: [from, to],
      },
    ]) => {
      const data = new Float32Array(buffer.slice(start + from, start + to));
      return [name, new Tensor("float32", data, shape).ort_tensor];
    },
  );
  return Object.fromEntries(tensors);
}

/** Gives each run of a model the weights that are its inputs; returns how to change them. */
function adapterInputs(model) {
  const session = model.sessions.model;
  const run = session.run.bind(session);
  const names = session.inputNames;
  let adapter = {};
  session.run = (feeds) => run({ ...feeds, ...adapter });
  return (next) => {
    adapter = next;
    Object.defineProperty(session, "inputNames", {
      value: names.filter((name) => !(name in next)),
      configurable: true,
    });
  };
}

const answers = [];
for (const { ask, ...given } of cases) answers.push(await ASK[ask](given));
console.log(`\n${JSON.stringify(answers)}`);
