// Loaded before a command (`--import`), also in its threads: counts what it does to files below LOWRANK_KILL_FOLDER. At the
// operation LOWRANK_KILL_AT the process dies before it, after it or in the middle of its bytes, or the operation fails as on
// a bad disk (`ENOSPC`; `ENOSPC+`: all after it fail as well).
import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { resolve } from "node:path";

const {
  LOWRANK_KILL_FOLDER: folder,
  LOWRANK_KILL_AT,
  LOWRANK_KILL_HOW: how = "before",
  LOWRANK_KILL_LIST,
} = process.env;
const at = Number(LOWRANK_KILL_AT ?? 0);
const list = LOWRANK_KILL_LIST && fs.openSync(LOWRANK_KILL_LIST, "a");
const root = folder && resolve(folder);
let count = 0;

const die = () => {
  process.kill(process.pid, "SIGKILL");
  for (;;); // the signal is on its way
};

function isBelow(path) {
  const whole = typeof path === "string" ? resolve(path) : "";
  return whole === root || whole.startsWith(`${root}/`);
}

/** Does an operation, unless it is the one to die at; `half` does a part of it. */
function around(name, path, act, half = act) {
  if (!isBelow(path)) return act();
  count++;
  if (list) fs.writeSync(list, `${name} ${resolve(path).slice(root.length + 1)}\n`);
  if (at === 0 || (how.endsWith("+") ? count < at : count !== at)) return act();
  if (how === "before") return die();
  if (how === "after" || how === "torn") return Promise.resolve((how === "torn" ? half : act)()).then(die, die);
  const code = how.replace("+", "");
  throw Object.assign(new Error(`${code}: injected, ${name}`), { code, errno: -1, syscall: name });
}

/** The functions of `fs/promises`, and the methods of the handles that they open. */
function wrapPromises() {
  const { open, writeFile, ...rest } = fs.promises;
  fs.promises.open = async (path, flags = "r", mode) => {
    const opened = () => open(path, flags, mode);
    const handle = await (/[wa+]/.test(flags) ? around("open", path, opened) : opened());
    const { sync, appendFile, writeFile: whole } = handle;
    const half = (data) => appendFile.call(handle, data.slice(0, data.length >> 1));
    handle.sync = async () => around("fsync", path, () => sync.call(handle));
    handle.appendFile = async (data) =>
      around(
        "write",
        path,
        () => appendFile.call(handle, data),
        () => half(data),
      );
    handle.writeFile = async (...all) => around("write", path, () => whole.apply(handle, all));
    handle.pathToKill = path;
    return handle;
  };
  fs.promises.writeFile = async (target, data, ...more) => {
    const half = async () => {
      const parts = [];
      for await (const part of typeof data === "string" ? [data] : data) parts.push(Buffer.from(part));
      const bytes = Buffer.concat(parts);
      if (typeof target === "object") fs.writeSync(target.fd, bytes, 0, bytes.length >> 1);
      else await writeFile(target, bytes.subarray(0, bytes.length >> 1), ...more);
    };
    return around("write", target.pathToKill ?? target, () => writeFile(target, data, ...more), half);
  };
  for (const name of ["rm", "mkdir"])
    fs.promises[name] = async (path, ...all) => around(name, path, () => rest[name](path, ...all));
  for (const name of ["rename", "link", "copyFile"]) {
    fs.promises[name] = async (from, to, ...all) => around(name, to, () => rest[name](from, to, ...all));
  }
}

if (root) {
  wrapPromises();
  syncBuiltinESMExports();
}
