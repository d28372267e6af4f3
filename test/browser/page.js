// The page: it starts the worker and passes on what a test asks for.
const worker = new Worker(`/worker.js${location.search}`, { type: "module" });
const waiting = new Map();
let calls = 0;
const ready = new Promise((resolve, reject) => {
  worker.onerror = (event) =>
    reject(new Error(`the worker failed: ${event.message} at ${event.filename}:${event.lineno}`));
  worker.onmessage = ({ data }) => {
    if (data.ready) return resolve();
    const { settle, fail } = waiting.get(data.id);
    waiting.delete(data.id);
    if ("error" in data) fail(new Error(data.error));
    else settle(data.value);
  };
});

/** Text of a file's bytes that survives JSON. */
const base64 = async (file) =>
  new Promise((resolve) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result.slice(reader.result.indexOf(",") + 1));
    reader.readAsDataURL(file);
  });

window.ask = async (task, given) => {
  await ready;
  const value = await new Promise((settle, fail) => {
    waiting.set(++calls, { settle, fail });
    worker.postMessage({ id: calls, task, given });
  });
  if (task !== "read") return value;
  const files = value.map(async (file) => [file.name, await base64(file)]);
  return Object.fromEntries(await Promise.all(files));
};
