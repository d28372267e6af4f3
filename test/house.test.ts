import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize, relative } from "node:path";
import { describe, expect, test } from "vitest";

/** Pure files that every room may import. */
const SHARED = [
  "bounded-json.ts",
  "errors.ts",
  "ignored-label.ts",
  "nearest.ts",
  "program.ts",
  "random.ts",
  "redacted.ts",
  "version.ts",
];

/** Any room that stands higher in the table. */
const ABOVE = "above";

/**
 * Every folder of src with the rooms that it may import besides itself and the shared files. A room imports only rooms that
 * stand above it, so that no two import each other.
 */
const ROOMS: Readonly<Record<string, string>> = {
  "task-types": "",
  // graphs
  ir: "",
  linalg: "",
  quant: "",
  "ops/core": "ir",
  "ops/shape": "ir ops/core",
  "ops/nn": "ir ops/core ops/shape",
  "ops/quantized": "ir ops/core ops/nn quant",
  "ops/attention": "ir ops/core",
  "ops/token-loss": "ir ops/core ops/nn ops/quantized ops/shape",
  ops: "ops/attention ops/core ops/nn ops/quantized ops/shape ops/token-loss",
  "models/parts": "ir ops/attention ops/nn ops/shape ops/token-loss task-types",
  "models/encoders": "ir models/parts ops/attention ops/nn ops/shape",
  "models/decoders": "ir models/parts ops/attention ops/nn ops/shape ops/token-loss",
  models: "models/parts models/encoders models/decoders",
  autodiff: "ir ops/core ops/nn ops/shape",
  "quant/schemes": "ir ops/quantized quant",
  passes: "ir ops/nn ops/quantized ops/shape ops/token-loss quant/schemes",
  peft: "ir ops/core ops/nn ops/shape ops/token-loss passes",
  // what runs them
  platform: "",
  "platform/node": "platform",
  "platform/web": "platform",
  onnx: "ir",
  "onnx/memory": "ir onnx",
  session: "ir onnx",
  "session/node": "ir onnx platform/node session",
  "session/web": "ir onnx platform/node session",
  optim: "",
  // texts
  data: "platform/node",
  sentencepiece: "",
  tokenizer: "platform/node sentencepiece",
  "jinja/values": "",
  "jinja/syntax": "jinja/values",
  "jinja/semantics": "jinja/syntax jinja/values",
  "jinja/filters": "jinja/semantics jinja/syntax jinja/values",
  jinja: "jinja/filters jinja/semantics jinja/syntax jinja/values",
  chat: "data jinja jinja/syntax jinja/values platform/node tokenizer",
  examples: "chat data platform/node task-types tokenizer",
  provisions: "data platform/node",
  // files
  "methods/keys": "",
  "formats/json": "platform/node",
  "formats/safetensors": "formats/json platform/node quant",
  "formats/transformers": "models formats/json formats/safetensors platform/node quant task-types",
  "formats/sentence-transformers": "models/parts formats/json platform/node",
  "formats/peft": "formats/json formats/safetensors formats/transformers peft platform/node quant task-types",
  "formats/adapter-hub": "formats/json formats/safetensors formats/transformers peft platform/node",
  "formats/gguf/blocks": "quant",
  "formats/gguf": "formats/gguf/blocks formats/json formats/safetensors platform/node quant",
  "formats/gguf/tokenizer": "formats/gguf formats/json platform/node tokenizer",
  "formats/gguf/model": "models formats/gguf formats/gguf/blocks formats/gguf/tokenizer formats/json formats/safetensors formats/transformers platform/node quant", // biome-ignore format: a row
  "formats/gguf/lora": "formats/gguf formats/gguf/model formats/json formats/peft formats/safetensors formats/transformers peft task-types", // biome-ignore format: a row
  "formats/mlx":
    "models formats/json formats/peft formats/safetensors formats/transformers peft platform/node quant task-types",
  "formats/onnx": "formats/json formats/safetensors onnx platform/node",
  "formats/hub": "data formats/json formats/safetensors methods/keys platform platform/node task-types",
  // runs
  recipe: "methods/keys quant task-types",
  metrics: "",
  generation: "",
  tensorboard: "",
  events: "",
  charts: "metrics",
  prepared: ABOVE,
  methods: ABOVE,
  merging: ABOVE,
  "tasks/reports": "examples metrics",
  tasks: "platform/node chat data events examples generation ir metrics models/parts ops/nn ops/shape ops/token-loss passes recipe session task-types tasks/reports tokenizer", // biome-ignore format: a row
  devices: "ir onnx prepared recipe session session/node",
  assemble: ABOVE,
  "training/checkpoints":
    "assemble formats/json formats/safetensors formats/sentence-transformers formats/transformers methods platform/node prepared recipe",
  "training/memory": ABOVE,
  "training/pictures": "charts platform/node tasks",
  "training/report": "platform/node tasks/reports training/pictures",
  training: ABOVE,
  "training/thread": ABOVE,
  verbs: ABOVE,
  service: ABOVE,
  "verbs/export": ABOVE,
  "verbs/init": ABOVE,
  "node/compare": "charts events formats/hub methods methods/keys platform/node recipe training verbs",
  node: ABOVE,
  // the command line
  "cli/library": "events node node/compare verbs verbs/export verbs/init index.ts",
  "cli/shared": "cli/library methods/keys recipe task-types",
  "cli/commands": "cli/library cli/shared methods/keys task-types",
  cli: "cli/commands cli/shared",
};
const ORDER = Object.keys(ROOMS);

/** Identifiers with a word of the glossary's right column that is the field's own there. */
const OWN_WORDS = [
  ...["turnEnd", "endOfTurn"], // a turn of a conversation
  ...["answer", "answers", "RecipeAnswers", "DataAnswers"], // to a question that `init` asks
  "slope", // of a line through points
  "pull", // of the Streams API
];

/** Most of the lines of src that one room may hold, and most files that may lie in one folder. */
const MAX_SHARE = 0.12;
const MAX_FILES = 25;

const filesOf = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts"))
    .map((file) => join(folder, file));

const roomOf = (file: string): string => relative("src", dirname(file));
const rooms = [...new Set(filesOf("src").map(roomOf))].filter((room) => room !== "");
const filesIn = (room: string): string[] => filesOf(join("src", room)).filter((file) => roomOf(file) === room);

const importsOf = (file: string): string[] =>
  [...readFileSync(file, "utf8").matchAll(/(?:from|import\()\s*"([^"]+)"/g)].map(([, path]) => path!);

describe("the house", () => {
  test("commands to type begin with PROGRAM", () => {
    const typed = /(?<!npx )\blowrank (train|evaluate|predict|embed|generate|plan|inspect|init|export|merge|compare|demo|env|chat|completion)\b/; // biome-ignore format: a pattern
    const isComment = (line: string): boolean => /^\s*(\/\/|\/?\*)/.test(line);
    const linesOf = (file: string): string[] => readFileSync(file, "utf8").split("\n");
    expect(
      filesOf("src")
        .flatMap(linesOf)
        .filter((line) => !isComment(line) && typed.test(line)),
    ).toEqual([]);
  });

  test("the table holds every room, in an order in which none imports a later one", () => {
    expect(rooms.filter((room) => !ORDER.includes(room))).toEqual([]);
    expect(ORDER.filter((room) => !rooms.includes(room))).toEqual([]);
    const upward = Object.entries(ROOMS).flatMap(([room, allowed]) =>
      allowed
        .split(" ")
        .filter((to) => ORDER.includes(to) && ORDER.indexOf(to) > ORDER.indexOf(room))
        .map((to) => `${room} → ${to}`),
    );
    expect(upward).toEqual([]);
  });

  test.each(rooms)("src/%s imports only what the house allows", (room) => {
    const row = ROOMS[room]!;
    const allowed = row === ABOVE ? ORDER.slice(0, ORDER.indexOf(room)) : row.split(" ");
    const strays = filesIn(room).flatMap((file) =>
      importsOf(file)
        .filter((path) => /^(\.|#platform|#session)/.test(path))
        .map((path) =>
          path.startsWith("#") ? `src/${path.slice(1)}/node/index.ts` : normalize(join(file, "..", path)),
        )
        .map((to) => roomOf(to) || relative("src", to))
        .filter((to) => to !== room && !SHARED.includes(to) && !allowed.includes(to))
        .map((to) => `${file} → ${to}`),
    );
    expect(strays).toEqual([]);
  });

  test("rooms stay small", () => {
    const linesOf = (file: string): number => readFileSync(file, "utf8").split("\n").length;
    const linesIn = (files: readonly string[]): number => files.reduce((sum, file) => sum + linesOf(file), 0);
    const most = MAX_SHARE * linesIn(filesOf("src"));
    expect(rooms.filter((room) => linesIn(filesIn(room)) > most || filesIn(room).length > MAX_FILES)).toEqual([]);
  });

  test("only their rooms touch the file system, the engine and protobuf", () => {
    const owners: readonly [RegExp, ...string[]][] = [
      [/^node:/, "src/platform/node/", "src/cli/", "src/node/"],
      [/^onnxruntime-/, "src/session/"],
      [/^onnx-buf/, "src/onnx/"],
      [/^@bufbuild\/protobuf/, "src/onnx/", "src/sentencepiece/", "src/tensorboard/"],
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

  const pure = ["ir", "ops", "models", "autodiff", "passes", "peft", "optim", "quant", "metrics", "charts"];
  test.each(pure.filter((room) => rooms.includes(room)))("src/%s never awaits or prints", (room) => {
    const strays = filesOf(join("src", room)).filter((file) =>
      /\bawait\b|\basync\b|\bconsole\.|\bprocess\./.test(code(readFileSync(file, "utf8"))),
    );
    expect(strays).toEqual([]);
  });

  test("only the rooms of Node use what is Node's", () => {
    const nodes = ["src/platform/node/", "src/session/node/", "src/node/", "src/cli/", "src/data/parquet-process.ts"];
    const strays = filesOf("src").filter(
      (file) =>
        !nodes.some((room) => file.startsWith(room)) &&
        /\bprocess\.|\bBuffer\b|\bNodeJS\.|\bsetImmediate\b/.test(code(readFileSync(file, "utf8"))),
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

  test("a task's name stands in its facts, in the index of tasks and at the heads of architectures only", () => {
    const facts = readdirSync("src/task-types").map((file) => readFileSync(join("src/task-types", file), "utf8"));
    const names = facts.flatMap((source) => /^ {2}name: "(\w+)"/m.exec(source)?.[1] ?? []);
    expect(names.length).toBeGreaterThan(3);
    const owners = ["src/task-types/", "src/tasks/index.ts", "src/models/encoders/", "src/models/decoders/"];
    const strays = filesOf("src").filter(
      (file) =>
        !owners.some((owner) => file.startsWith(owner)) &&
        names.some((name) => new RegExp(`\\b${name}\\b|"_(CLS|LM)`).test(readFileSync(file, "utf8"))),
    );
    expect(strays).toEqual([]);
  });

  test("a list of quantization schemes stands in quant, where a file format has its own, and as an operator's enumeration", () => {
    const [, table = ""] = /SCHEME_BITS = \{(.*?)\}/.exec(readFileSync("src/quant/scheme-names.ts", "utf8")) ?? [];
    const names = [...table.matchAll(/(\w+):/g)].map(([, name]) => name!);
    expect(names.length).toBeGreaterThan(3);
    const owners = ["src/quant/", "src/formats/", "src/ops/quantized/fourbit.ts"];
    const strays = filesOf("src").filter((file) => {
      const source = readFileSync(file, "utf8");
      const isOwner = owners.some((owner) => file.startsWith(owner));
      return !isOwner && names.filter((name) => source.includes(`"${name}"`)).length > 1;
    });
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

  test("identifiers keep to the glossary", () => {
    const [table = ""] = readFileSync("docs/GLOSSARY.md", "utf8").split("## Words of this library");
    const rows = table.split("\n").filter((line) => line.startsWith("| ") && !line.startsWith("| use"));
    const avoided = new Set(
      rows.flatMap((row) => [...row.split("|")[2]!.matchAll(/`(\w+)`/g)].map(([, word]) => word!)),
    );
    expect(avoided).toContain("spin");
    const strays = filesOf("src").flatMap((file) =>
      [...new Set(code(readFileSync(file, "utf8")).match(/\b[A-Za-z_]\w*\b/g))]
        .filter((name) => partsOf(name).some((part) => avoided.has(part)) && !OWN_WORDS.includes(name))
        .map((name) => `${file}: ${name}`),
    );
    expect(strays).toEqual([]);
  });

  test("every export has a docstring", () => {
    const isOverload = (line: string, name: string): boolean => line.startsWith(`export function ${name}(`);
    const strays = filesOf("src").flatMap((file) =>
      [
        ...readFileSync(file, "utf8").matchAll(
          /(^|\n)([^\n]*)\nexport (?:async )?(?:abstract )?(?:function\*?|class|interface|type|const) (\w+)/g,
        ),
      ]
        .filter(([, , before, name]) => !/\*\/\s*$|^\s*\/\/ biome-ignore/.test(before!) && !isOverload(before!, name!))
        .map(([, , , name]) => `${file}: ${name}`),
    );
    expect(strays).toEqual([]);
  });

  test("docstrings of exports begin with the noun", () => {
    const strays = filesOf("src").flatMap((file) =>
      [...readFileSync(file, "utf8").matchAll(/\/\*\*[\s*]*(\w+)(?:[^*]|\*(?!\/))*\*\/\s*export /g)]
        .filter(([, first]) => /^(What|How|Whether|Where|Of|As)$/.test(first!))
        .map(([docstring]) => `${file}: ${docstring.slice(0, 80)}`),
    );
    expect(strays).toEqual([]);
  });
});

/** The words of an identifier in camelCase or CONSTANT_CASE, in lower case. */
const partsOf = (name: string): string[] =>
  name
    .replace(/([a-z0-9])([A-Z])/g, "$1_$2")
    .toLowerCase()
    .split("_");

/** The source without comments and string literals, so that prose about `await` does not count as code. */
function code(source: string): string {
  return source
    .replace(/\/\*[\s\S]*?\*\//g, "")
    .replace(/(^|\s)\/\/[^\n]*/g, "")
    .replace(/`(?:[^`\\]|\\.)*`|"(?:[^"\\\n]|\\.)*"/g, '""');
}
