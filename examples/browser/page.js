// The page: it hands files to the worker, and shows what the worker says.
const element = (id) => document.getElementById(id);
const log = (line) => element("log").append(`${line}\n`);
const worker = new Worker(new URL("./worker.js", import.meta.url), { type: "module" });

worker.onerror = ({ message }) => log(`The worker failed: ${message}`);
worker.onmessage = ({ data }) => {
  if (data.line) log(data.line);
  for (const file of data.files ?? []) {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(file);
    link.download = link.textContent = file.name;
    const item = document.createElement("li");
    item.append(link);
    element("files").append(item);
  }
};

element("train").onclick = () => {
  const [rows] = element("rows").files;
  worker.postMessage({ model: [...element("model").files], rows });
};
element("stop").onclick = () => worker.postMessage({ stop: true });
