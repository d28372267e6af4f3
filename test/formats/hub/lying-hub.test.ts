import { mkdir, mkdtemp, readdir, rename, rm, symlink, truncate, utimes, writeFile } from "node:fs/promises";
import type { IncomingMessage, ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { CheckpointError, FileError, LowrankError } from "../../../src/errors.ts";
import { downloadModel, resolveModelFolder } from "../../../src/formats/hub/resolve.ts";
import type { DownloadProgress } from "../../../src/index.ts";
import { COMMIT, gitHash, type Instead, type PlayedModel, playedHub, refuse, sha256 } from "./played-hub.ts";

const pauses = vi.hoisted(() => [] as number[]);
vi.mock("../../../src/platform/node/clock.ts", () => ({ pause: async (ms: number) => void pauses.push(ms) }));

const hub = playedHub();
let home = "";
const root = (): string => `${home}/hub/models--org--tiny`;
const snapshot = (): string => `${root()}/snapshots/${COMMIT}`;
const weights = Buffer.from(Array.from({ length: 300_000 }, (_, i) => i % 251));
const files = { "config.json": '{"model_type": "bert"}', "model.safetensors": weights, "tokenizer.json": "{}" };
const large = `/${sha256(weights)}`;

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "lying-hub-"));
  for (const name of ["HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "HF_TOKEN_PATH", "HF_HUB_DOWNLOAD_TIMEOUT"]) vi.stubEnv(name, ""); // biome-ignore format: a list
  vi.stubEnv("HF_HOME", home);
  vi.stubEnv("HF_ENDPOINT", hub.url);
  pauses.length = 0;
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(home, { recursive: true });
});

const put = (model: Partial<PlayedModel> = {}): unknown => hub.models.set("org/tiny", { files, ...model });
const listing = (body: unknown): Instead => asking("/api/", (_, response) => response.end(JSON.stringify(body)));
/** Answers requests whose path begins with `path`, or holds it. */
const asking =
  (path: string, act: (request: IncomingMessage, response: ServerResponse) => unknown): Instead =>
  (request, response) => {
    if (!request.url!.includes(path)) return false;
    act(request, response);
    return true;
  };
const ofStore = (headers: Record<string, string | number>, body: Buffer | string): Instead =>
  asking(large, (_, response) => response.writeHead(200, headers).end(body));
const config = (headers: Record<string, string>, body: Buffer | string, status = 200): Instead =>
  asking("/config.json", (_, response) => {
    const all = { "x-repo-commit": COMMIT, etag: `"${gitHash(body)}"`, ...headers };
    response.writeHead(status, all).write(body, () => response.destroy());
  });
/** A list as a mirror has it that says nothing but names. */
const namesOnly = (names: readonly string[] = Object.keys(files)) =>
  listing({ sha: COMMIT, siblings: names.map((rfilename) => ({ rfilename })) });
const first =
  (...each: readonly Instead[]): Instead =>
  (request, response) =>
    each.some((instead) => instead(request, response));

/** The refusal of a model that leaves nothing behind that looks complete. */
async function refusal(options: Parameters<typeof downloadModel>[1] = {}): Promise<LowrankError> {
  const error = await downloadModel("org/tiny", options).then(
    () => expect.fail("was not refused"),
    (reason) => reason,
  );
  expect(error).toBeInstanceOf(LowrankError);
  const left = await readdir(root(), { recursive: true }).catch(() => []);
  expect(left.filter((name) => name.startsWith("snapshots") || name.startsWith("refs"))).toEqual([]);
  expect(left.filter((name) => name.endsWith(".incomplete"))).toEqual([]);
  return error;
}

describe("a server that lies about a file", () => {
  const pointer = `version https://git-lfs.github.com/spec/v1\noid sha256:${sha256(weights)}\nsize 300000\n`;
  test.each<[string, Instead, RegExp]>([
    ["other bytes", ofStore({}, Buffer.alloc(300_000)), /hash \w{64} instead of/],
    ["too few", ofStore({}, weights.subarray(1)), /299999 bytes of 300000/],
    ["too many", ofStore({}, Buffer.alloc(300_001)), /more than the expected 300000 bytes/],
    [
      "a length that is larger than what comes",
      first(namesOnly(), config({ "content-length": "40" }, "{}")),
      /cannot download model/,
    ],
    [
      "a body without end",
      asking(large, (_, response) => {
        const more = (): void => {
          while (!response.destroyed && response.write(weights));
        };
        response.on("drain", more);
        more();
      }),
      /more than the expected 300000 bytes/,
    ],
    [
      "a Git LFS pointer of no listed hash",
      first(
        namesOnly(),
        asking("/resolve/", (_, response) =>
          response
            .writeHead(200, {
              "x-repo-commit": COMMIT,
              etag: `"${gitHash(pointer)}"`,
              "content-length": pointer.length,
            })
            .end(pointer),
        ),
      ),
      /differs from the file on the Hub: got a Git LFS pointer/,
    ],
    [
      "a web page in the place of JSON",
      first(namesOnly(), config({ "content-length": "20" }, "<!doctype html><html")),
      /a web page/,
    ],
    [
      "an answer of no Hub",
      asking("/resolve/", (_, response) => response.writeHead(200).end("<html>")),
      /does not come from the Hub: it names no commit/,
    ],
    [
      "another commit",
      asking("/resolve/", (_, response) => response.writeHead(200, { "x-repo-commit": "../../x" }).end("{}")),
      /of commit \.\.\/\.\.\/x, not of/,
    ],
    [
      "an ETag that is a path",
      first(
        namesOnly(),
        asking("/resolve/", (_, response) =>
          response.writeHead(200, { "x-repo-commit": COMMIT, etag: '"../x"' }).end("{}"),
        ),
      ),
      /no usable ETag/,
    ],
    [
      "an ETag of 300 characters",
      first(
        namesOnly(),
        asking("/resolve/", (_, response) =>
          response.writeHead(200, { "x-repo-commit": COMMIT, etag: `"${"a".repeat(300)}"` }).end("{}"),
        ),
      ),
      /no usable ETag/,
    ],
    [
      "no size",
      first(
        namesOnly(),
        asking("/resolve/", (_, response) => {
          response.writeHead(200, { "x-repo-commit": COMMIT, etag: '"abc"' }).write("{");
          response.end("}");
        }),
      ),
      /sent no size for model\.safetensors/,
    ],
    [
      "a configuration of 5 GB",
      first(namesOnly(), config({ "content-length": "5000000000" }, "{}")),
      /5000000000 bytes; the limit for such a file is 268435456/,
    ],
    [
      "a part of it that nobody asked for",
      config({ "content-range": "bytes 0-0/22" }, "{", 206),
      /status 206 for config\.json, although the whole file was requested/,
    ],
    [
      "no content, successfully",
      asking("/config.json", (_, response) => response.writeHead(204, { "x-repo-commit": COMMIT }).end()),
      /status 204/,
    ],
  ])("%s", async (_, instead, says) => {
    // biome-ignore format: a table
    put({ instead });
    expect((await refusal()).message).toMatch(says);
  });
});

describe("a connection that breaks", () => {
  /** Sends `bytes` of what is asked for and breaks the connection, `times` times. */
  const breaking = (times: number, bytes: number, ranges = true, then = weights): Instead => {
    let left = times;
    return asking(large, ({ headers }, response) => {
      const from = ranges ? Number(headers.range?.match(/\d+/)?.[0] ?? 0) : 0;
      const rest = (left > 0 ? weights : then).subarray(from);
      const range = from > 0 && { "content-range": `bytes ${from}-299999/300000` };
      response.writeHead(from > 0 ? 206 : 200, { "content-length": rest.length, ...range });
      if (left-- > 0) response.write(rest.subarray(0, bytes), () => response.destroy());
      else response.end(rest);
    });
  };

  test.each([true, false])("is gone on with behind the last byte; the server knows ranges: %s", async (ranges) => {
    put({ instead: breaking(3, 70_000, ranges) });
    const told: DownloadProgress[] = [];
    expect(await downloadModel("org/tiny", { onProgress: (progress) => told.push(progress) })).toBe(snapshot());
    expect(pauses).toEqual([1000, 2000, 4000]);
    expect(told.find(({ waitingFor }) => waitingFor)?.waitingFor).toMatch(
      /cannot download model org\/tiny .*; retrying in 1 seconds \(attempt 2 of 5\)/,
    );
    expect(told.at(-1)?.bytes).toBe(told.at(-1)?.totalBytes);
  });

  test("again and again is refused in the end", async () => {
    put({ instead: breaking(99, 10) });
    expect((await refusal()).message).toMatch(/cannot download model org\/tiny \(revision main\)/);
    expect(pauses).toEqual([1000, 2000, 4000, 8000]);
  });

  test("the rest of another file is not taken for it", async () => {
    put({ instead: breaking(1, 1000, true, Buffer.alloc(300_000)) });
    expect((await refusal()).message).toMatch(/with the hash/);
    let asked = 0;
    const changed = asking("model.safetensors", (_, response) => {
      const etag = asked++ === 0 ? sha256(weights) : sha256("another");
      response.writeHead(302, { "x-repo-commit": COMMIT, "x-linked-etag": etag, location: `${storeUrl()}${large}` });
      response.end();
    });
    put({ instead: first(changed, breaking(1, 1000)) });
    expect((await refusal()).message).toMatch(/changed during the download/);
  });

  test.each([
    [
      "another range",
      206,
      { "content-range": "bytes 5-299999/300000" },
      /sent the range bytes 5-299999\/300000 when the bytes from 1000 on/,
    ],
    ["no range", 206, {}, /sent status 206 when the bytes from 1000 on/],
    ["416", 416, { "content-range": "bytes */300000" }, /responded with status 416 for model org\/tiny/],
  ])("the answer to the request for the rest is %s", async (_, status, headers, says) => {
    // biome-ignore format: a table
    const rest = asking(large, (request, response) => {
      if (request.headers.range) return response.writeHead(status, headers as Record<string, string>).end("x");
      return response.writeHead(200).write(weights.subarray(0, 1000), () => response.destroy());
    });
    put({ instead: rest });
    expect((await refusal()).message).toMatch(says);
  });

  /** Where the played Hub keeps large files. */
  const storeUrl = (): string => hub.storeUrl;
});

describe("a list that cannot be right", () => {
  const sibling = (rfilename: unknown) => ({ rfilename, size: 1 });
  const lists = (...names: unknown[]): Instead => listing({ sha: COMMIT, siblings: names.map(sibling) });
  test.each<[string, Instead, RegExp]>([
    ["a name that leads out", lists("config.json", "../x.safetensors"), /outside its own folder: "\.\.\/x/],
    ["an absolute name", lists("config.json", "/etc/x.safetensors"), /outside its own folder/],
    ["a name with NUL", lists("config.json", "a\0.safetensors"), /outside its own folder: "a\\u0000/],
    ["a name with a line feed", lists("config.json", "a\n.safetensors"), /"a\\n\.safetensors" contains characters/],
    ["a device of Windows", lists("config.json", "aux.safetensors"), /"aux\.safetensors" is a device name/],
    ["a stream of Windows", lists("config.json", "ab:c.safetensors"), /"ab:c\.safetensors" contains characters/],
    ["a long name", lists("config.json", `${"a".repeat(300)}.safetensors`), /longer than 255 bytes/],
    ["a name twice", lists("config.json", "config.json"), /lists config\.json twice/],
    [
      "names that differ in case",
      lists("config.json", "A.safetensors", "a.safetensors"),
      /"a\.safetensors" and "A\.safetensors" differ in case only/,
    ],
    [
      "names that differ in Unicode's form",
      lists("config.json", "\u00e9.safetensors", "e\u0301.safetensors"),
      /differ in case only/,
    ],
    ["a name that is none", lists(7), /lists a file without a name/],
    [
      "a million files",
      listing({ sha: COMMIT, siblings: Array.from({ length: 1e6 }, sibling) }),
      /lists 1000000 files, more than 100000/,
    ],
    ["no files", lists(), /contains no model that lowrank can read/],
    ["pickles alone", lists("config.json", "pytorch_model.bin"), /stores its weights as a pickle/],
    ["a commit that is a path", listing({ sha: "../../x", siblings: [] }), /names no commit/],
    ["a web page", asking("/api/", (_, response) => response.end("<html>")), /is not a list of files/],
    ["nesting", asking("/api/", (_, response) => response.end("[".repeat(1e6))), /is not a list of files/],
    [
      "a body without end",
      asking("/api/", (_, response) => {
        const more = (): void => {
          while (!response.destroyed && response.write(weights));
        };
        response.on("drain", more);
        more();
      }),
      /more than 33554432 bytes/,
    ],
    [
      "a gzip bomb",
      asking("/api/", (_, response) => response.writeHead(200, { "content-encoding": "gzip" }).end(bomb)),
      /more than 33554432 bytes/,
    ],
    [
      "damaged gzip",
      asking("/api/", (_, response) => response.writeHead(200, { "content-encoding": "gzip" }).end("x")),
      /is not a list of files/,
    ],
    [
      "headers without end",
      asking("/api/", (_, response) => response.writeHead(200, { x: "y".repeat(100_000) }).end("{}")),
      /cannot download model/,
    ],
  ])("%s", async (_, instead, says) => {
    // biome-ignore format: a table
    put({ instead });
    const error = await refusal();
    expect(error).toBeInstanceOf(CheckpointError);
    expect(error.message).toMatch(says);
    expect(hub.requests.filter((path) => !path.startsWith("/api/"))).toEqual([]);
  });
});
const bomb = gzipSync(Buffer.alloc(200_000_000, 32));

describe("redirects", () => {
  const leading = (to: (url: string) => string): Instead =>
    asking("/api/", ({ url }, response) => response.writeHead(302, { location: to(url!) }).end());
  test.each([
    ["without end", (url: string) => `${url}x`, /redirects more than 8 times/],
    ["to a file", () => "file:///etc/passwd", /redirects to file:\/etc\/passwd, which is not allowed/],
    ["to data", () => "data:application/json,{}", /which is not allowed/],
    [
      "to an address with credentials",
      () => "http://me:secret@127.0.0.1/",
      /redirects to http:\/\/127\.0\.0\.1, which/,
    ],
    ["to nothing", () => "http://", /which is not allowed/],
  ])("%s", async (_, to, says) => {
    // biome-ignore format: a table
    vi.stubEnv("HF_TOKEN", "hf_secret");
    put({ instead: leading(to) });
    const { message } = await refusal();
    expect(message).toMatch(says);
    expect(message).not.toContain("secret");
  });

  test("the token goes to no other host, whatever is answered there", async () => {
    vi.stubEnv("HF_TOKEN", "hf_secret");
    put({ instead: leading((url) => `${hub.storeUrl}${url}`) });
    await refusal();
    expect(hub.requests.at(-1)).toMatch(/^cdn:\/api/);
    expect(hub.headers.map(({ authorization }) => authorization)).toEqual(["Bearer hf_secret", undefined]);
  });
});

describe("a server that does not answer", () => {
  beforeEach(() => vi.stubEnv("HF_HUB_DOWNLOAD_TIMEOUT", "0.2"));

  test("is given up, and said before", async () => {
    put({ instead: () => true });
    expect((await refusal()).message).toMatch(/org\/tiny \(revision main\): no response within 0\.2 seconds/);
    vi.stubEnv("HF_HUB_DOWNLOAD_TIMEOUT", "3.3");
    const told: DownloadProgress[] = [];
    await refusal({ onProgress: (progress) => told.push(progress) });
    const waitingFor = `${hub.url.slice("http://".length)} has not responded for 3 seconds`;
    expect(told).toEqual([{ model: "org/tiny", file: "", bytes: 0, totalBytes: undefined, waitingFor }]);
  });

  test("within a file, or with a byte now and then", async () => {
    let timer: NodeJS.Timeout | undefined;
    const dribbling = asking(large, ({ headers }, response) => {
      const from = Number(headers.range?.match(/\d+/)?.[0] ?? 0);
      response.writeHead(from ? 206 : 200, from ? { "content-range": `bytes ${from}-299999/300000` } : {});
      timer = setInterval(() => response.write("x"), 50);
      response.on("close", () => clearInterval(timer));
    });
    put({ instead: dribbling });
    expect((await refusal()).message).toMatch(/fewer than 4096 bytes within 0\.2 seconds/);
    expect(pauses).toHaveLength(4);
    put({ instead: asking("/api/", (_, response) => response.write("{")) });
    expect((await refusal()).message).toMatch(/fewer than 4096 bytes within 0\.2 seconds/);
    clearInterval(timer);
  });

  test("a slow reader is no slow server", async () => {
    put({ instead: asking(large, (_, response) => response.writeHead(200).end(weights)) });
    const wait = (): void => {
      const end = performance.now() + 300;
      while (performance.now() < end);
    };
    expect(await downloadModel("org/tiny", { onProgress: ({ bytes }) => bytes === 0 || wait() })).toBe(snapshot());
  });
});

describe("a busy server", () => {
  const busy = (status: number, times: number, headers: Record<string, string> = {}): Instead => {
    let left = times;
    return (_, response) => left-- > 0 && !!response.writeHead(status, headers).end("busy");
  };

  test.each([429, 500, 502, 503, 504])("%i is tried again", async (status) => {
    put({ instead: busy(status, 2) });
    const told: string[] = [];
    await downloadModel("org/tiny", { onProgress: ({ waitingFor }) => waitingFor && told.push(waitingFor) });
    expect(pauses).toEqual([1000, 2000]);
    expect(told).toEqual([
      `the Hub responded with status ${status} for model org/tiny; retrying in 1 seconds (attempt 2 of 5)`,
      `the Hub responded with status ${status} for model org/tiny; retrying in 2 seconds (attempt 3 of 5)`,
    ]);
  });

  test.each([
    [429, /status 429[\s\S]*wait a little; with HF_TOKEN/],
    [503, /status 503[\s\S]*try again later/],
  ])("%i without end is refused", async (status, says) => {
    put({ instead: busy(status, 99) });
    expect((await refusal()).message).toMatch(says);
    expect(hub.requests).toHaveLength(5);
  });

  test("Retry-After is kept to, up to a minute", async () => {
    put({ instead: busy(429, 1, { "retry-after": "7" }) });
    await downloadModel("org/tiny");
    expect(pauses).toEqual([7000]);
    const date = new Date(Date.now() + 3_600_000).toUTCString();
    for (const header of ["3600", date]) {
      await rm(root(), { recursive: true, force: true });
      put({ instead: busy(429, 1, { "retry-after": header }) });
      expect((await refusal()).message).toMatch(/wait 3\d\d\d seconds, as it requests/);
    }
    expect(pauses).toEqual([7000]);
  });

  test.each([400, 401, 403, 404, 410, 451, 501])("%i is not", async (status) => {
    put({ instead: (_, response) => !!refuse(response, status) });
    await refusal();
    expect(hub.requests).toHaveLength(1);
  });
});

describe("an address where there is no Hub", () => {
  test.each([
    ["of an unknown host", () => "http://no-such-host.invalid", /ENOTFOUND|EAI_AGAIN/],
    ["that does not speak TLS", () => hub.url.replace("http:", "https:"), /SSL|TLS|wrong version|packet length/i],
  ])("%s", async (_, endpoint, says) => {
    // biome-ignore format: a table
    vi.stubEnv("HF_ENDPOINT", endpoint());
    expect((await refusal()).message).toMatch(says);
  });

  test.each(["0", "-1", "soon", "1e9"])("HF_HUB_DOWNLOAD_TIMEOUT=%s", async (text) => {
    vi.stubEnv("HF_HUB_DOWNLOAD_TIMEOUT", text);
    expect((await refusal()).message).toMatch(/HF_HUB_DOWNLOAD_TIMEOUT is not a valid timeout/);
  });
});

describe("names and passwords in HF_ENDPOINT", () => {
  const withPassword = (): string => hub.url.replace("//", "//me:s%25cret+@");

  test("are sent to it, and a token in their place", async () => {
    vi.stubEnv("HF_ENDPOINT", withPassword());
    put();
    await resolveModelFolder("org/tiny");
    expect(hub.headers[0]!.authorization).toBe(`Basic ${Buffer.from("me:s%cret+").toString("base64")}`);
    await rm(root(), { recursive: true });
    vi.stubEnv("HF_TOKEN", "hf_mine");
    await resolveModelFolder("org/tiny");
    expect(hub.headers.at(-1)!.authorization ?? hub.headers.at(-2)!.authorization).toBe("Bearer hf_mine");
  });

  test.each<[string, () => string]>([
    ["refused", withPassword],
    ["unreachable", () => "http://me:s%25cret+@no-such-host.invalid"],
    ["malformed", () => "http://me:s%25cret+@:x/?token=s%25cret"],
    ["with a query", () => `${withPassword()}/?token=s%25cret`],
  ])("are not shown: %s", async (_, endpoint) => {
    vi.stubEnv("HF_ENDPOINT", endpoint());
    for (const instead of [undefined, busy, lists] as (Instead | undefined)[]) {
      hub.models.clear();
      if (instead) put({ instead });
      for (let error: unknown = await refusal(); error instanceof Error; error = error.cause) {
        expect(`${error.message} ${error.stack} ${JSON.stringify(error)}`).not.toMatch(/s%25cret|s%cret|me:/);
      }
    }
  });
  const busy: Instead = (_, response) => !!response.writeHead(501).end();
  const lists: Instead = (_, response) => !!response.end("[]");
});

describe("the cache", () => {
  test("two at once get the same, and leave nothing else", async () => {
    put();
    const both = await Promise.all([resolveModelFolder("org/tiny"), resolveModelFolder("org/tiny")]);
    expect(both).toEqual([snapshot(), snapshot()]);
    expect(await readdir(`${root()}/blobs`)).toHaveLength(3);
  });

  test("what a killed download left is removed after an hour; what may still be written, or is Python's, stays", async () => {
    const blobs = `${root()}/blobs`;
    await mkdir(blobs, { recursive: true });
    const names = ["a.5e3b0c44-98fc-4c14-9afb-f4c8996fb924.incomplete", "b.5e3b0c44-98fc-4c14-9afb-f4c8996fb925.incomplete", "c.incomplete"]; // biome-ignore format: a list
    for (const name of names) await writeFile(`${blobs}/${name}`, "x");
    const long = new Date(Date.now() - 7_200_000);
    for (const name of [names[0], names[2]]) await utimes(`${blobs}/${name}`, long, long);
    put();
    await resolveModelFolder("org/tiny");
    expect((await readdir(blobs)).filter((name) => name.endsWith(".incomplete"))).toEqual([names[1], names[2]]);
  });

  test("may be moved", async () => {
    put();
    await resolveModelFolder("org/tiny");
    await rename(`${home}/hub`, `${home}/elsewhere`);
    vi.stubEnv("HF_HUB_CACHE", `${home}/elsewhere`);
    vi.stubEnv("HF_HUB_OFFLINE", "1");
    expect(await resolveModelFolder("org/tiny")).toBe(`${home}/elsewhere/models--org--tiny/snapshots/${COMMIT}`);
  });

  test("blobs may lie on another disk, behind a link", async () => {
    await mkdir(`${home}/disk`);
    await mkdir(root(), { recursive: true });
    await symlink(`${home}/disk`, `${root()}/blobs`);
    put();
    await resolveModelFolder("org/tiny");
    expect(await resolveModelFolder("org/tiny")).toBe(snapshot());
  });

  test("a link that leads out of it is refused", async () => {
    put();
    await resolveModelFolder("org/tiny");
    await writeFile(`${home}/private`, "a key");
    await rm(`${snapshot()}/tokenizer.json`);
    await symlink(`${home}/private`, `${snapshot()}/tokenizer.json`);
    await expect(resolveModelFolder("org/tiny")).rejects.toThrow(
      /tokenizer\.json of model org\/tiny is a link in the cache to a file outside its folder/,
    );
  });

  test("a blob that was damaged is fetched again where it is looked at", async () => {
    put();
    await resolveModelFolder("org/tiny");
    for (const damage of [
      () => truncate(`${root()}/blobs/${sha256(weights)}`, 0),
      async () => {
        await writeFile(`${root()}/blobs/${sha256(weights)}`, Buffer.alloc(300_000));
        await rm(`${snapshot()}/model.safetensors`);
      },
      () => rm(`${root()}/blobs/${sha256(weights)}`),
    ]) {
      await damage();
      await rm(`${snapshot()}/tokenizer.json`);
      await rm(`${snapshot()}/config.json`); // the snapshot is not whole: what it holds is compared with the list
      hub.requests.length = 0;
      await resolveModelFolder("org/tiny");
      await expect(sha256Of(`${snapshot()}/model.safetensors`)).resolves.toBe(sha256(weights));
    }
  });

  test.each([
    ["a file in its place", async () => writeFile(`${home}/hub`, "x"), /cannot write .*hub/],
    [
      "a file in the place of blobs",
      async () => {
        await mkdir(root(), { recursive: true });
        await writeFile(`${root()}/blobs`, "x");
      },
      /cannot write/,
    ],
  ])("%s", async (_, before, says) => {
    // biome-ignore format: a table
    await before();
    put();
    const error = await resolveModelFolder("org/tiny").catch((reason) => reason);
    expect(error).toBeInstanceOf(FileError);
    expect(error.message).toMatch(says);
  });
});

test.each(["a\0b", "org/a\0b", "../up", "org/..", "a//b", "/no/such", "a b", "org/a--b", "x".repeat(5000)])(
  "%j is no model",
  async (id) => {
    const error = await resolveModelFolder(id).catch((reason) => reason);
    expect(error).toBeInstanceOf(LowrankError);
    expect(hub.requests).toEqual([]);
  },
);

test.each(["../x", "a\0b", "/etc", "..", ""])("%j is not a revision", async (revision) => {
  put();
  await expect(resolveModelFolder("org/tiny", revision)).rejects.toThrow(LowrankError);
  expect(hub.requests).toEqual([]);
});

const sha256Of = async (path: string): Promise<string> =>
  (await import("../../../src/platform/node/index.ts")).sha256File(path);
