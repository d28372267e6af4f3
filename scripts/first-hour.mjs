// Runs the commands of README's first hour, as they are written there, in an empty folder with a CSV file of each split:
// `node scripts/first-hour.mjs TARBALL`. `lowrank` in the install line is the tarball; the server is asked, then ended.
import { execFileSync, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { embeddedRows } from "../dist/index.js";

const [tarball] = process.argv.slice(2);
if (!tarball) throw new Error("usage: first-hour.mjs TARBALL");
const [, block] = /<!-- first hour -->\n+```sh\n([^`]+)```/.exec(readFileSync("README.md", "utf8")) ?? [];
if (!block) throw new Error("README.md has no block of commands after <!-- first hour -->");
const commands = block
  .trim()
  .split("\n")
  .map((line) => line.replace(/\s+#.*/, ""));
const question = commands.pop();
const server = commands.pop();

const folder = mkdtempSync(join(tmpdir(), "lowrank-first-hour-"));
const field = (value) => `"${String(value).replaceAll('"', '""')}"`;
mkdirSync(join(folder, "data"));
for (const split of ["train", "test"]) {
  const rows = await embeddedRows(split);
  const lines = rows
    .filter((_, i) => i % 3 === 0)
    .map(({ values: { text, label } }) => `${field(text)},${field(label)}`);
  writeFileSync(join(folder, "data", `${split}.csv`), `text,label\n${lines.join("\n")}\n`);
}

/** A port that nothing listens on. */
const freePort = () =>
  new Promise((found) => {
    const probe = createServer().listen(0, "127.0.0.1", () => {
      const { port } = probe.address();
      probe.close(() => found(port));
    });
  });
const port = await freePort();
const options = { cwd: folder, env: { ...process.env, PORT: String(port) } };
const shell = (command, stdio = "inherit") => {
  console.log(`$ ${command}`);
  return execFileSync("sh", ["-c", command.replace("install lowrank", `install ${resolve(tarball)}`)], {
    ...options,
    stdio: ["ignore", stdio, "inherit"],
  });
};

let serving;
try {
  for (const command of commands) shell(command);
  console.log(`$ ${server}`);
  serving = spawn("sh", ["-c", server], { ...options, stdio: ["ignore", "pipe", "inherit"], detached: true });
  await new Promise((listening, ended) => {
    serving.stdout.on("data", (text) => String(text).includes("listening") && listening());
    serving.on("exit", (code) => ended(new Error(`the server ended with exit code ${code} before it listened`)));
  });
  const answer = JSON.parse(shell(question.replace("8080", String(port)), "pipe").toString());
  console.log(answer);
  if (typeof answer.label !== "string" || !(answer.score > 0))
    throw new Error("the server did not answer with a label");
} finally {
  if (serving?.exitCode === null) process.kill(-serving.pid, "SIGTERM");
  rmSync(folder, { recursive: true, force: true });
}
