import { readdirSync, readFileSync } from "node:fs";
import { join, normalize } from "node:path";
import { describe, expect, test } from "vitest";

const every = [
  "platform", "ir", "ops", "quant", "checkpoint", "models", "autodiff", "passes", "peft", "onnx",
  "session", "optim", "data", "recipe", "metrics", "generation", "tensorboard", "export",
]; // biome-ignore format: a table

/** Pure files that every room may import. */
const SHARED = [
  "bounded-json.ts",
  "errors.ts",
  "ignored-label.ts",
  "nearest.ts",
  "random.ts",
  "redacted.ts",
  "version.ts",
];

/** What each room may import besides itself and the shared files. */
const MAY_IMPORT: Record<string, readonly string[]> = {
  platform: [],
  ir: [],
  ops: ["ir"],
  quant: [],
  checkpoint: ["platform", "quant"],
  models: ["ir", "ops"],
  autodiff: ["ir", "ops"],
  passes: ["ir", "ops", "quant"],
  peft: ["ir", "ops", "passes"],
  onnx: ["ir"],
  session: ["ir", "platform"],
  optim: [],
  data: ["platform"],
  recipe: [],
  metrics: [],
  generation: [],
  tensorboard: [],
  export: ["checkpoint", "onnx", "quant", "peft", "platform"],
  trainer: every,
  cli: ["recipe", "index.ts"],
};

const filesOf = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts"))
    .map((file) => join(folder, file));

const rooms = readdirSync("src", { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map((entry) => entry.name);

const importsOf = (file: string): string[] =>
  [...readFileSync(file, "utf8").matchAll(/(?:from|import\()\s*"([^"]+)"/g)].map(([, path]) => path!);

describe("the house", () => {
  test.each(rooms)("src/%s imports only what the house allows", (room) => {
    const allowed = MAY_IMPORT[room];
    expect(allowed, `src/${room} has no row in the table`).toBeDefined();
    const strays = filesOf(join("src", room)).flatMap((file) =>
      importsOf(file)
        .filter((path) => path.startsWith("."))
        .map((path) => normalize(join(file, "..", path)).split("/")[1]!)
        .filter((to) => to !== room && !SHARED.includes(to) && !allowed!.includes(to))
        .map((to) => `${file} → ${to}`),
    );
    expect(strays).toEqual([]);
  });

  test("only their rooms touch the file system, the engine and protobuf", () => {
    const owners: readonly [RegExp, ...string[]][] = [
      [/^(node:)?(fs|fs\/promises|worker_threads|child_process)$/, "src/platform/"],
      [/^onnxruntime-/, "src/session/"],
      [/^onnx-buf/, "src/onnx/"],
      [/^@bufbuild\/protobuf/, "src/onnx/", "src/tensorboard/"],
    ];
    const strays = filesOf("src").flatMap((file) =>
      importsOf(file)
        .filter((path) =>
          owners.some(([library, ...rooms]) => library.test(path) && !rooms.some((room) => file.startsWith(room))),
        )
        .map((path) => `${file} → ${path}`),
    );
    expect(strays).toEqual([]);
  });

  const pure = ["ir", "ops", "models", "autodiff", "passes", "peft", "optim", "quant", "metrics"];
  test.each(pure.filter((room) => rooms.includes(room)))("src/%s never awaits or prints", (room) => {
    const strays = filesOf(join("src", room)).filter((file) =>
      /\bawait\b|\basync\b|\bconsole\.|\bprocess\./.test(code(readFileSync(file, "utf8"))),
    );
    expect(strays).toEqual([]);
  });

  test("only the command line prints or exits", () => {
    const strays = filesOf("src").filter(
      (file) =>
        !file.startsWith("src/cli/") &&
        /\bconsole\.|process\.(stdout|stderr|exit)\b/.test(code(readFileSync(file, "utf8"))),
    );
    expect(strays).toEqual([]);
  });

  test("autodiff and rewrite name no op", () => {
    const strays = [...filesOf("src/autodiff"), "src/passes/rewrite.ts"].filter((file) =>
      /op\.name\s*===|name:\s*"[A-Z]/.test(readFileSync(file, "utf8")),
    );
    expect(strays).toEqual([]);
  });

  test("files stay readable: none over 400 lines, the median at most 100, no `any`", () => {
    const sizes = filesOf("src").map((file) => ({ file, lines: readFileSync(file, "utf8").split("\n").length }));
    expect(sizes.filter(({ lines }) => lines > 400)).toEqual([]);
    const sorted = sizes.map(({ lines }) => lines).sort((a, b) => a - b);
    expect(sorted[Math.floor(sorted.length / 2)]).toBeLessThanOrEqual(100);
    const anys = filesOf("src").filter((file) => /(: |<|as )any\b/.test(code(readFileSync(file, "utf8"))));
    expect(anys).toEqual([]);
  });

  test("every export has a docstring", () => {
    const strays = filesOf("src").flatMap((file) =>
      [
        ...readFileSync(file, "utf8").matchAll(
          /(^|\n)([^\n]*)\nexport (?:async )?(?:abstract )?(?:function\*?|class|interface|type|const) (\w+)/g,
        ),
      ]
        .filter(([, , before]) => !/\*\/\s*$|^\s*\/\/ biome-ignore/.test(before!))
        .map(([, , , name]) => `${file}: ${name}`),
    );
    expect(strays).toEqual([]);
  });
});

/** The source without comments and string literals, so that prose about `await` does not count as code. */
function code(source: string): string {
  return source
    .replace(/\/\*[\s\S]*?\*\//g, "")
    .replace(/(^|\s)\/\/[^\n]*/g, "")
    .replace(/`(?:[^`\\]|\\.)*`|"(?:[^"\\\n]|\\.)*"/g, '""');
}
