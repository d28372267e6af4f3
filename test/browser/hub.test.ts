import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { COMMIT, type Instead, playedHub, sha256 } from "../formats/hub/played-hub.ts";
import { fixture } from "../formats/temporary.ts";
import { bundled, MODEL_FILES } from "./folders.ts";
import { CHROMIUM, type OpenPage, openPage } from "./site.ts";

/** What came of a download: the folder in the page's file system, or a refusal. */
interface Download {
  readonly folder: string;
  readonly files: readonly string[];
  readonly parameters: { readonly total: number };
  readonly bytes: number;
  readonly waits: readonly string[];
  readonly refusal?: string;
}

const files = Object.fromEntries(MODEL_FILES.map((name) => [name, readFileSync(fixture(`bert/${name}`))]));
const weights = files["model.safetensors"]!;
const SIZE = Object.values(files).reduce((sum, { length }) => sum + length, 0);
const isWeights = ({ url }: { url?: string | undefined }): boolean => url === `/${sha256(weights)}`;

/** Breaks the first connection in the middle of the weights; a later one sends the rest that it is asked for. */
function breaking(): Instead {
  let isFirst = true;
  return (request, response) => {
    if (!isWeights(request)) return false;
    const middle = Math.floor(weights.length / 2);
    if (isFirst) {
      isFirst = false;
      response.writeHead(200, { "content-length": weights.length }).write(weights.subarray(0, middle));
      setTimeout(() => response.destroy(), 500);
      return true;
    }
    const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? "")?.[1]);
    const range = `bytes ${from}-${weights.length - 1}/${weights.length}`;
    return !!response.writeHead(206, { "content-range": range }).end(weights.subarray(from));
  };
}

describe.skipIf(CHROMIUM === undefined)("in a browser, a model", () => {
  const hub = playedHub();
  let open: OpenPage;
  beforeAll(async () => {
    open = await openPage(await bundled(), true);
  }, 60_000);
  afterAll(async () => {
    await open?.close();
  });
  const downloaded = (model: string): Promise<Download> => open.ask("download", { model });
  const setHub = (HF_ENDPOINT: string): Promise<void> =>
    open.ask("environment", { env: { HF_ENDPOINT, HF_TOKEN: "hf_secret" } });

  test("of the Hub is downloaded once, goes on where a connection broke, and its token goes to the Hub alone", async () => {
    await setHub(hub.url);
    hub.models.set("org/tiny", { files, instead: breaking() });
    const first = await downloaded("org/tiny");
    expect(first.refusal).toBeUndefined();
    expect(first.folder).toBe(`/huggingface/hub/models--org--tiny/snapshots/${COMMIT}`);
    expect(first.files).toEqual([...MODEL_FILES].sort());
    expect(first.bytes).toBe(SIZE);
    expect(first.waits.join()).toMatch(/cannot download model org\/tiny .*retrying in 1 seconds/);
    const ranges = hub.headers.flatMap(({ range }) => range ?? []);
    expect(ranges.at(-1)).toMatch(/^bytes=[1-9]\d*-$/);
    for (const [i, request] of hub.requests.entries())
      expect(hub.headers[i]?.authorization, request).toBe(request.startsWith("cdn:") ? undefined : "Bearer hf_secret");

    hub.requests.length = 0;
    expect(await downloaded("org/tiny")).toEqual({ ...first, bytes: 0, waits: [] });
    expect(hub.requests).toEqual([]);
  }, 60_000);

  test("is refused with other bytes than the Hub lists, and where there is none, no Hub, or one that pages may not read", async () => {
    await setHub(hub.url);
    const other: Instead = (request, response) => isWeights(request) && !!response.end(Buffer.alloc(weights.length, 7));
    hub.models.set("org/other", { files, instead: other });
    expect((await downloaded("org/other")).refusal).toMatch(
      /^CheckpointError: the download of model\.safetensors of model org\/other differs .* the hash .* instead of/,
    );
    expect((await downloaded("org/absent")).refusal).toMatch(/^CheckpointError: model org\/absent is neither a folder/);

    const silent = createServer((_, response) => response.end("{}")); // no header that lets pages read
    await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
    const address = `http://127.0.0.1:${(silent.address() as AddressInfo).port}`;
    const unreachable = /^CheckpointError: cannot download model org\/tiny2 .*: there is no connection, or .* \(CORS\)/;
    await setHub(address);
    expect((await downloaded("org/tiny2")).refusal).toMatch(unreachable);
    silent.closeAllConnections();
    await new Promise((closed) => silent.close(closed));
    expect((await downloaded("org/tiny2")).refusal).toMatch(unreachable);
  }, 60_000);

  test("that the page's own host serves is downloaded by its address, checked against its manifest", async () => {
    const embedded = await downloaded(`${open.origin}/embedded/`);
    expect(embedded.refusal).toBeUndefined();
    expect(embedded.folder).toMatch(
      /^\/huggingface\/addresses\/http%3A%2F%2F127\.0\.0\.1%3A\d+%2Fembedded\/snapshots\/[0-9a-f]{40}$/,
    );
    expect(embedded.parameters.total).toBeGreaterThan(5e6);
    expect((await downloaded(`${open.origin}/fixtures/bert`)).refusal).toMatch(
      /^CheckpointError: the server responded with status 404 for a file of model http:.*manifest\.json/s,
    );
  }, 60_000);
});
