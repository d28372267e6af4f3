import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, expect, test, vi } from "vitest";
import { EngineError } from "../../src/errors.ts";
import { engineWarnings, openModelFile, openSession, useRuntime } from "../../src/session/web/index.ts";
import { tryWebGpuIn } from "../../src/session/web/webgpu-trial.ts";

const folders: string[] = [];
const temporary = (): string => {
  folders.push(mkdtempSync(join(tmpdir(), "lowrank-web-")));
  return folders.at(-1) as string;
};
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true });
});

const none = { InferenceSession: {}, Tensor: {} } as unknown as Parameters<typeof useRuntime>[0];

afterEach(() => vi.unstubAllGlobals());

test("a page's thread is refused, and so are sessions without a runtime", async () => {
  vi.stubGlobal("document", {});
  expect(() => useRuntime(none)).toThrow(EngineError);
  expect(() => useRuntime(none)).toThrow("would block the page");
  const model = { bytes: new Uint8Array(), inputs: [], fixed: [], outputs: new Map() };
  await expect(openSession(model, { weights: new Map() })).rejects.toThrow("no build of ONNX Runtime is selected");
});

test("a model file is read with the files that hold its weights", async () => {
  const folder = temporary();
  for (const name of ["model.onnx", "model.onnx_data", "model.onnx_data_1", "other.onnx_data"])
    writeFileSync(`${folder}/${name}`, name);
  const create = vi.fn(async (..._given: unknown[]) => ({ inputMetadata: [], outputNames: [] }));
  useRuntime({ InferenceSession: { create }, Tensor: {} } as unknown as Parameters<typeof useRuntime>[0]);
  await openModelFile(`${folder}/model.onnx`);
  const [[bytes, { externalData }]] = create.mock.calls as unknown as [
    [Uint8Array, { externalData: { path: string; data: Uint8Array }[] }],
  ];
  const textOf = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
  expect(textOf(bytes)).toBe("model.onnx");
  expect(externalData.map(({ path, data }) => [path, textOf(data)])).toEqual([
    ["model.onnx_data", "model.onnx_data"],
    ["model.onnx_data_1", "model.onnx_data_1"],
  ]);
});

test("one thread is warned of unless the page is cross-origin isolated", () => {
  expect(engineWarnings()).toEqual([expect.stringContaining("Cross-Origin-Embedder-Policy: require-corp")]);
  vi.stubGlobal("crossOriginIsolated", true);
  expect(engineWarnings()).toEqual([]);
});

test("WebGPU of a page is tried with the adapter that the browser gives and the chosen build", async () => {
  const limits = { maxBufferSize: 2 ** 31, maxStorageBufferBindingSize: 2 ** 30 };
  const info = { vendor: "acme", architecture: "turbo", description: "" };
  const gpuOf = (adapter: object | null): object => ({ gpu: { requestAdapter: async () => adapter } });
  const tried = (create: () => Promise<object>) =>
    tryWebGpuIn({ ...none, InferenceSession: { create } } as unknown as typeof none);
  const opens = async (): Promise<object> => ({ release: async () => {} });
  const refuses = (): Promise<object> => Promise.reject(new Error("no available backend found. ERR: [webgpu]\nmore"));

  vi.stubGlobal("navigator", {});
  expect((await tried(opens)).problem).toMatch(/has no WebGPU/);
  vi.stubGlobal("navigator", gpuOf(null));
  expect((await tried(opens)).problem).toBe("the browser has no WebGPU adapter");
  vi.stubGlobal("navigator", gpuOf({ info, limits }));
  expect(await tried(opens)).toEqual({ adapter: "acme turbo", isSoftware: false, maxBufferBytes: 2 ** 30 });
  const build = await tried(refuses);
  expect(build.problem).toMatch(/opens no session on WebGPU: no available backend found\. ERR: \[webgpu\]$/);
  expect(build.hint).toContain("onnxruntime-web/webgpu");
  vi.stubGlobal("navigator", gpuOf({ info: { ...info, description: "SwiftShader Device" }, limits }));
  expect((await tried(opens)).isSoftware).toBe(true);
  vi.stubGlobal("navigator", gpuOf({ info: { ...info, isFallbackAdapter: true }, limits }));
  expect((await tried(opens)).isSoftware).toBe(true);
});
