import { mkdir, mkdtemp, readdir, readFile, readlink, rm, symlink, writeFile } from "node:fs/promises";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { CheckpointError, InterruptedError } from "../../../src/errors.ts";
import { downloadModel, resolveModelFolder } from "../../../src/formats/hub/resolve.ts";
import type { DownloadProgress } from "../../../src/index.ts";
import { COMMIT, gitHash, type Instead, type PlayedModel, playedHub, refuse, sha256 } from "./played-hub.ts";

vi.mock("../../../src/platform/node/clock.ts", () => ({ pause: async () => {} }));

const hub = playedHub();
let home = "";
const root = (): string => `${home}/hub/models--org--tiny`;
const snapshot = (): string => `${root()}/snapshots/${COMMIT}`;

const files = {
  "README.md": "# a model",
  "config.json": '{"model_type": "bert"}',
  "model.safetensors": Buffer.alloc(300_000, 7),
  "pytorch_model.bin": "pickle",
  "tokenizer.json": "{}",
};

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "hub-"));
  for (const name of ["HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "HF_TOKEN_PATH"]) vi.stubEnv(name, ""); // biome-ignore format: a list
  vi.stubEnv("HF_HOME", home);
  vi.stubEnv("HF_ENDPOINT", `${hub.url}/`);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(home, { recursive: true });
});

const put = (model: Partial<PlayedModel> = {}, id = "org/tiny"): unknown => hub.models.set(id, { files, ...model });
const blobs = (): Promise<string[]> => readdir(`${root()}/blobs`).then((names) => names.sort());
const refused = (id = "org/tiny", revision = "main"): Promise<Error> =>
  resolveModelFolder(id, revision).then(
    () => expect.fail("was not refused"),
    (error) => error,
  );

/** An address where nobody listens. */
async function closedPort(): Promise<string> {
  const server = createServer();
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const { port } = server.address() as AddressInfo;
  await new Promise((closed) => server.close(closed));
  return `http://127.0.0.1:${port}`;
}

/** A server that lists names alone, as some mirrors do. */
const listsNames: Instead = ({ url }, response) => {
  const siblings = Object.keys(files).map((rfilename) => ({ rfilename }));
  return url!.startsWith("/api/") && !!response.end(JSON.stringify({ sha: COMMIT, siblings }));
};

describe("a download", () => {
  test("lays files out as Python's huggingface_hub does: blobs by ETag, a snapshot of relative links, a ref", async () => {
    put();
    expect(await resolveModelFolder("org/tiny")).toBe(snapshot());
    const names = ["config.json", "model.safetensors", "tokenizer.json"];
    expect((await readdir(snapshot())).sort()).toEqual(names);
    const weights = sha256(files["model.safetensors"]);
    expect(await blobs()).toEqual([gitHash(files["config.json"]), gitHash("{}"), weights].sort());
    expect(await readlink(`${snapshot()}/model.safetensors`)).toBe(`../../blobs/${weights}`);
    expect(await readFile(`${snapshot()}/model.safetensors`)).toEqual(files["model.safetensors"]);
    expect(await readFile(`${root()}/refs/main`, "utf8")).toBe(COMMIT);
  });

  test("a second time nothing is asked", async () => {
    put();
    const first = await resolveModelFolder("org/tiny");
    hub.requests.length = 0;
    expect(await resolveModelFolder("org/tiny")).toBe(first);
    expect(await resolveModelFolder("org/tiny", COMMIT)).toBe(first);
    expect(hub.requests).toEqual([]);
  });

  test("fetches each wanted file once, and tells how far it is", async () => {
    put();
    const told: DownloadProgress[] = [];
    await downloadModel("org/tiny", { onProgress: (progress) => told.push(progress) });
    expect(hub.requests.filter((path) => path.includes("/resolve/"))).toHaveLength(3);
    const totalBytes = 300_000 + files["config.json"].length + 2;
    expect(told[0]).toEqual({ model: "org/tiny", file: "model.safetensors", bytes: 0, totalBytes });
    expect(told.at(-1)).toEqual({ model: "org/tiny", file: "config.json", bytes: totalBytes, totalBytes });
    expect(told.map(({ bytes }) => bytes)).toEqual(told.map(({ bytes }) => bytes).sort((a, b) => a - b));
  });

  test.each([["v1.0"], ["refs/pr/3"], [COMMIT]])("of revision %s", async (revision) => {
    put({ revisions: ["v1.0", "refs/pr/3"] });
    expect(await downloadModel("org/tiny", { revision })).toBe(snapshot());
    const ref = await readFile(`${root()}/refs/${revision}`, "utf8").catch(() => undefined);
    expect(ref).toBe(revision === COMMIT ? undefined : COMMIT);
  });

  test("of an id without an organisation, and one that has moved", async () => {
    put({}, "org/tiny");
    hub.models.set("old", {
      files: {},
      instead: ({ url }, response) =>
        !!response.writeHead(307, { location: url!.replace("/old/", "/org/tiny/") }).end(),
    });
    expect(await resolveModelFolder("old")).toBe(`${home}/hub/models--old/snapshots/${COMMIT}`);
  });

  test("fresh weights need none", async () => {
    put();
    await resolveModelFolder("org/tiny", "main", { weights: false });
    expect((await readdir(snapshot())).sort()).toEqual(["config.json", "tokenizer.json"]);
    await resolveModelFolder("org/tiny");
    expect(await readdir(snapshot())).toContain("model.safetensors");
  });

  test("from a server that lists names alone: sizes and hashes are those of the answers", async () => {
    put({ instead: listsNames });
    const told: DownloadProgress[] = [];
    await downloadModel("org/tiny", { onProgress: (progress) => told.push(progress) });
    expect(told.at(-1)?.totalBytes).toBeUndefined();
    expect(await blobs()).toContain(sha256(files["model.safetensors"]));
    await rm(root(), { recursive: true });
    const wrong = Buffer.alloc(300_000, 9);
    const spoilt = `/${sha256(files["model.safetensors"])}`;
    put({
      instead: (request, response) =>
        listsNames(request, response) || (request.url === spoilt && !!response.end(wrong)),
    });
    expect((await refused()).message).toMatch(/differs from .* hash .* instead of/);
  });

  test("an empty file, and two of the same content", async () => {
    put({ files: { ...files, "merges.txt": "", "added_tokens.json": "{}" } });
    await resolveModelFolder("org/tiny");
    expect(await readFile(`${snapshot()}/merges.txt`, "utf8")).toBe("");
    expect(await readlink(`${snapshot()}/added_tokens.json`)).toBe(await readlink(`${snapshot()}/tokenizer.json`));
  });
});

describe("with what Python has left", () => {
  test("blobs are used, and only what is missing is fetched", async () => {
    put();
    await mkdir(`${root()}/blobs`, { recursive: true });
    await mkdir(snapshot(), { recursive: true });
    await mkdir(`${root()}/refs`);
    await writeFile(`${root()}/refs/main`, COMMIT);
    const config = gitHash(files["config.json"]);
    await writeFile(`${root()}/blobs/${config}`, files["config.json"]);
    await symlink(`../../blobs/${config}`, `${snapshot()}/config.json`);
    await writeFile(`${root()}/blobs/${sha256(files["model.safetensors"])}`, files["model.safetensors"]);
    expect(await resolveModelFolder("org/tiny")).toBe(snapshot());
    expect(hub.requests.map((path) => path.split("/").at(-1))).toEqual(["main?blobs=true", "tokenizer.json"]);
  });

  test("an index without one of its shards is not whole", async () => {
    const shards = { "model-00001-of-00002.safetensors": "one", "model-00002-of-00002.safetensors": "two" };
    const index = JSON.stringify({ weight_map: { a: Object.keys(shards)[0], b: Object.keys(shards)[1] } });
    const { "model.safetensors": _, ...rest } = files;
    put({ files: { ...rest, ...shards, "model.safetensors.index.json": index, "consolidated.safetensors": "again" } });
    await resolveModelFolder("org/tiny");
    const whole = (await readdir(snapshot())).sort();
    expect(whole).toEqual(["config.json", ...Object.keys(shards), "model.safetensors.index.json", "tokenizer.json"]);
    await rm(`${snapshot()}/${whole[1]}`);
    await resolveModelFolder("org/tiny");
    expect((await readdir(snapshot())).sort()).toEqual(whole);
  });
});

describe("what is not as it should be leaves nothing that looks complete", () => {
  const untouched = async () => {
    expect(await readdir(root())).toEqual(["blobs"]);
    expect(await blobs()).toEqual([]);
  };
  const large = `/${sha256(files["model.safetensors"])}`;
  const sending =
    (content: Buffer): Instead =>
    ({ url }, response) =>
      url === large && !!response.writeHead(200).end(content);

  test("other bytes of the same number", async () => {
    put({ instead: sending(Buffer.alloc(300_000, 8)) });
    const error = await refused();
    expect(error).toBeInstanceOf(CheckpointError);
    expect(error.message).toMatch(/model\.safetensors of model org\/tiny differs from .* hash .* instead of/);
    await untouched();
  });

  test.each([
    [299_999, /299999 bytes of 300000/],
    [300_001, /more than the expected 300000 bytes/],
  ])("%i bytes", async (size, says) => {
    put({ instead: sending(Buffer.alloc(size, 7)) });
    expect((await refused()).message).toMatch(says);
    await untouched();
  });

  test("a connection that breaks; the next try goes on with what is missing", async () => {
    const cut: Instead = ({ url }, response) => {
      if (url !== large) return false;
      response
        .writeHead(200, { "content-length": 300_000 })
        .write(files["model.safetensors"].subarray(0, 1000), () => response.destroy());
      return true;
    };
    put({ instead: cut });
    const error = await refused();
    expect(error).toBeInstanceOf(CheckpointError);
    expect(error.message).toMatch(/cannot download model org\/tiny .*\n {2}at: http:/);
    await untouched();
    put();
    expect(await resolveModelFolder("org/tiny")).toBe(snapshot());
  });

  test("a wish to stop", async () => {
    put();
    const stop = new AbortController();
    const onProgress = ({ bytes }: DownloadProgress) => bytes > 0 && stop.abort();
    const stopped = downloadModel("org/tiny", { signal: stop.signal, onProgress });
    await expect(stopped).rejects.toThrow(InterruptedError);
    await untouched();
  });

  test("a small file that is not the listed one", async () => {
    put({
      instead: ({ url }, response) =>
        url!.endsWith("/config.json") &&
        !!response.writeHead(200, { "x-repo-commit": COMMIT, etag: `"${gitHash("x")}"` }).end("x"),
    });
    expect((await refused()).message).toMatch(/lists config\.json with the hash .* but sent/);
    expect(await readdir(root())).toEqual(["blobs"]);
  });

  test.each([
    "../evil.safetensors",
    "a/../../evil.json",
    "/etc/config.json",
    "C:\\config.json",
    "a\\..\\b.json",
    "..\\vocab.json",
  ])("a list with %s", async (name) => {
    put({ files: { ...files, [name]: "x" } });
    expect((await refused()).message).toMatch(/lists a file outside its own folder/);
    expect(await readdir(home)).toEqual([]);
  });

  test("a file of another commit, and redirects without end", async () => {
    const resolves =
      (act: (response: ServerResponse, url: string) => unknown): Instead =>
      ({ url }, response) =>
        url!.includes("/resolve/") && !!act(response, url!);
    put({ instead: resolves((response) => response.writeHead(200, { "x-repo-commit": "0".repeat(40) }).end("{}")) });
    expect((await refused()).message).toMatch(/of commit 0{40}, not of/);
    put({ instead: resolves((response, url) => response.writeHead(302, { location: url }).end()) });
    expect((await refused()).message).toMatch(/redirects more than/);
    await untouched();
  });

  test("an ETag that is a path, a commit that is none", async () => {
    const siblings = [{ rfilename: "config.json" }];
    const listing =
      (sha: string): Instead =>
      ({ url }, response) => {
        if (url!.startsWith("/api/")) response.end(JSON.stringify({ sha, siblings }));
        else response.writeHead(200, { "x-repo-commit": COMMIT, etag: '"../../x"' }).end("{}");
        return true;
      };
    put({ instead: listing(COMMIT) });
    expect((await refused()).message).toMatch(/no usable ETag/);
    put({ instead: listing("../../..") });
    expect((await refused()).message).toMatch(/names no commit/);
  });
});

describe("only what is read is fetched", () => {
  const fetched = async (names: readonly string[]): Promise<string[]> => {
    put({ files: Object.fromEntries(names.map((name) => [name, `content of ${name}`])) });
    await resolveModelFolder("org/tiny");
    return (await readdir(snapshot(), { recursive: true })).filter((name) => /\.\w+$/.test(name)).sort();
  };

  test("of a model", async () => {
    const wanted = ["1_Pooling/config.json", "chat_template.jinja", "config.json", "config_sentence_transformers.json", "generation_config.json", "merges.txt", "model.safetensors", "modules.json", "sentence_bert_config.json", "special_tokens_map.json", "tokenizer.json", "tokenizer.model", "tokenizer_config.json", "vocab.json"]; // biome-ignore format: a list
    const others = [".gitattributes", "onnx/model.onnx", "onnx/config.json", "original/model.safetensors", "tf_model.h5", "flax_model.msgpack", "pytorch_model.bin", "model.fp16.safetensors", "training_args.bin", "recipe.yaml", "model.py", "2_Dense/config.json", "vocab.bin"]; // biome-ignore format: a list
    expect(await fetched([...wanted, ...others])).toEqual(wanted);
  });

  test("of an adapter", async () => {
    const wanted = ["adapter_config.json", "adapter_model.safetensors", "recipe.yaml", "tokenizer.json"];
    expect(await fetched([...wanted, "adapter_model.bin", "README.md", "optimizer.pt"])).toEqual(wanted);
  });

  test.each([
    [
      ["config.json", "pytorch_model.bin"],
      /org\/tiny stores its weights as a pickle, pytorch_model\.bin.*\n {2}expected: model\.safetensors/,
    ],
    [
      ["adapter_config.json", "adapter_model.bin"],
      /as a pickle, adapter_model\.bin.*\n {2}expected: adapter_model\.safetensors/,
    ],
    [["adapter_config.json", "adapter.safetensors", "pytorch_model_head.bin"], /as a pickle, pytorch_model_head\.bin/],
    [["README.md", "tiny-q8_0.gguf"], /contains no model[\s\S]*hint: download tiny-q8_0\.gguf/],
    [["README.md"], /contains no model that lowrank can read[\s\S]*it contains: README\.md/],
  ])("%j is refused, and nothing fetched", async (names, says) => {
    put({ files: Object.fromEntries(names.map((name) => [name, "x"])) });
    const error = await refused();
    expect(error).toBeInstanceOf(CheckpointError);
    expect(error.message).toMatch(says);
    expect(hub.requests).toHaveLength(1);
  });
});

describe("refusals of the Hub", () => {
  test("no such model", async () => {
    const error = await refused("org/tinny");
    expect(error).toBeInstanceOf(CheckpointError);
    expect(error.message).toMatch(
      /org\/tinny is neither a folder here nor a model on the Hub that is public\n {2}at: http:.*\/org\/tinny\n.*\n {2}hint: check the spelling; .* HF_TOKEN/,
    );
  });

  test("no such revision", async () => {
    put();
    expect((await refused("org/tiny", "v9")).message).toMatch(/model org\/tiny has no revision v9/);
  });

  test.each([
    [403, "GatedRepo", /model org\/tiny is gated\n[\s\S]*accept the licence on .*\/org\/tiny, then set HF_TOKEN/],
    [401, "GatedRepo", /model org\/\S+ is gated/],
    [404, "", /neither a folder here nor a model/],
  ])("%i %s", async (status, code, says) => {
    put({ instead: (_, response) => !!refuse(response, status, code) });
    const error = await refused();
    expect(error).toBeInstanceOf(CheckpointError);
    expect(error.message).toMatch(says);
    expect(hub.requests).toHaveLength(1);
  });

  test.each(["nowhere", "file:///x"])("HF_ENDPOINT=%s", async (endpoint) => {
    vi.stubEnv("HF_ENDPOINT", endpoint);
    expect((await refused()).message).toMatch(/HF_ENDPOINT is not a valid address/);
  });

  test("a web page where a list should be", async () => {
    put({ instead: (_, response) => !!response.end("<html>") });
    expect((await refused()).message).toMatch(/response for model org\/tiny is not a list of files/);
  });

  test("nobody there", async () => {
    vi.stubEnv("HF_ENDPOINT", await closedPort());
    const error = await refused();
    expect(error).toBeInstanceOf(CheckpointError);
    expect(error.message).toMatch(
      /cannot download model org\/tiny \(revision main\): .*ECONNREFUSED.*\n {2}at: http:\/\/127\.0\.0\.1:\d+\n.*HF_ENDPOINT.*\n.*hf download org\/tiny/,
    );
  });

  test.each([
    ["HF_HUB_OFFLINE", "1"],
    ["HF_HUB_OFFLINE", "ON"],
    ["TRANSFORMERS_OFFLINE", "yes"],
  ])("%s=%s: nobody is asked", async (name, value) => {
    vi.stubEnv(name, value);
    put();
    expect((await refused()).message).toMatch(
      /neither a folder nor in the local cache\n.*\/hub\n.*HF_HUB_OFFLINE.*\n.*hf download org\/tiny/,
    );
    expect(hub.requests).toEqual([]);
  });
});

describe("the token", () => {
  const tokens = () => hub.headers.map(({ authorization }) => authorization);

  test("goes to the Hub, and not to where its large files are", async () => {
    vi.stubEnv("HF_TOKEN", " hf_secret\n");
    put();
    await resolveModelFolder("org/tiny");
    const stores = hub.requests.map((path) => path.startsWith("cdn:"));
    expect(stores.filter(Boolean)).toHaveLength(1);
    expect(tokens()).toEqual(stores.map((isStore) => (isStore ? undefined : "Bearer hf_secret")));
  });

  test("may lie in a file", async () => {
    await writeFile(`${home}/token`, "hf_stored\n");
    put();
    await resolveModelFolder("org/tiny");
    expect(tokens()[0]).toBe("Bearer hf_stored");
    vi.stubEnv("HF_TOKEN", "hf_first");
    expect((await refused("org/other")).message).toMatch(/that this token can access[\s\S]*HF_TOKEN is valid/);
    expect(tokens().at(-1)).toBe("Bearer hf_first");
  });

  test("that is malformed is not shown", async () => {
    vi.stubEnv("HF_TOKEN", "hf_sec\nret");
    const { message } = await refused();
    expect(message).toMatch(/token contains invalid characters\n {2}at: HF_TOKEN/);
    expect(message).not.toContain("sec");
  });

  test("is not sent where there is none", async () => {
    put();
    await resolveModelFolder("org/tiny");
    expect(tokens().every((token) => token === undefined)).toBe(true);
  });
});
