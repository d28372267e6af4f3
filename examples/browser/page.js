// The page: it hands files to the worker, and shows what the worker says.
import { writeFiles } from "./files.js";

const element = (id) => document.getElementById(id);
const log = (line) => element("log").append(`${line}\n`);
const worker = new Worker(new URL("./worker.js", import.meta.url), { type: "module" });

let trained = [];

worker.onerror = ({ message }) => log(`The worker failed: ${message}`);
worker.onmessage = ({ data }) => {
  if (data.line) log(data.line);
  if (data.files) trained = data.files;
  element("save").hidden = trained.length === 0 || !("showDirectoryPicker" in window);
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
element("save").onclick = async () => {
  const folder = await window.showDirectoryPicker({ mode: "readwrite" });
  await writeFiles(folder, trained);
  log(`saved in ${folder.name}`);
};
element("stop").onclick = () => worker.postMessage({ stop: true });
