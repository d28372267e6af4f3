import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { CheckpointError } from "../../../src/errors.ts";
import { resolveModelFolder } from "../../../src/formats/hub/resolve.ts";
import { sha256 } from "./played-hub.ts";

let home = "";
let origin = "";
let server: Server;
let served: Record<string, string> = {};
const asked: { readonly url: string | undefined; readonly authorization: string | undefined }[] = [];

beforeAll(async () => {
  server = createServer(({ url, headers }, response) => {
    asked.push({ url, authorization: headers.authorization });
    const content = served[url ?? ""];
    response.writeHead(content === undefined ? 404 : 200).end(content);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => new Promise((closed) => server.close(closed)));
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "address-"));
  for (const name of ["HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"]) vi.stubEnv(name, ""); // biome-ignore format: a list
  vi.stubEnv("HF_HOME", home);
  vi.stubEnv("HF_TOKEN", "hf_secret");
  asked.length = 0;
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(home, { recursive: true });
});

const entry = (text: string): object => ({ bytes: text.length, sha256: sha256(text) });
/** Serves a model at `/m`, with a manifest of its files and of `extra`. */
function serve(files: Record<string, string>, extra: object = {}): void {
  const listed = Object.fromEntries(Object.entries(files).map(([name, text]) => [name, entry(text)]));
  served = Object.fromEntries(Object.entries(files).map(([name, text]) => [`/m/${name}`, text]));
  served["/m/manifest.json"] = JSON.stringify({ version: 1, files: { ...listed, ...extra } });
}
const refused = (address: string): Promise<Error> =>
  resolveModelFolder(address).then(
    () => expect.fail("was not refused"),
    (error) => error,
  );
const model = { "config.json": "{}", "model.safetensors": "weights" };

test("a model is downloaded from the folder of a server once, and no token goes there", async () => {
  serve(model);
  const folder = await resolveModelFolder(`${origin}/m/`);
  expect((await readdir(folder)).sort()).toEqual(["config.json", "model.safetensors"]);
  expect(await readFile(`${folder}/model.safetensors`, "utf8")).toBe("weights");
  expect(asked.map(({ url }) => url)).toEqual(["/m/manifest.json", "/m/model.safetensors", "/m/config.json"]);
  expect(asked.flatMap(({ authorization }) => authorization ?? [])).toEqual([]);
  expect(await resolveModelFolder(`${origin}/m`)).toBe(folder);
  expect(asked).toHaveLength(3);
  vi.stubEnv("HF_HUB_OFFLINE", "1");
  expect(await resolveModelFolder(`${origin}/m`)).toBe(folder);
});

test("what differs from the manifest, leads out of the folder, or has none is refused", async () => {
  serve(model, { "config.json": entry("[]") });
  expect(await refused(`${origin}/m`)).toBeInstanceOf(CheckpointError);
  expect((await refused(`${origin}/m`)).message).toMatch(/config\.json of model http.* differs .* instead of/);
  serve(model, { "../evil.json": entry("{}") });
  expect((await refused(`${origin}/m`)).message).toMatch(/lists a file outside its own folder/);
  served["/m/manifest.json"] = "<!doctype html>";
  expect((await refused(`${origin}/m`)).message).toMatch(/manifest\.json of model http.* is not a list of files/);
  served = {};
  expect((await refused(`${origin}/m`)).message).toMatch(
    /status 404 .*\n {2}at: http:.*\n {2}expected: .*manifest\.json/,
  );
});

test.each([
  ["https://huggingface.co/org/tiny", /use org\/tiny\./],
  ["https://hf.co/org/tiny/tree/main", /use org\/tiny\./],
  ["ftp://host/m", /is not the address of a model/],
  ["https://name:secret@host/m", /^https:\/\/host\/m is not/],
  ["https://host/m?token=secret", /^https:\/\/host\/m is not/],
  [`https://host/${"m".repeat(300)}`, /is not the address of a model/],
])("%s", async (address, says) => {
  const { message } = await refused(address);
  expect(message).toMatch(says);
  expect(message).not.toMatch(/secret/);
});
