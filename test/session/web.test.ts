import { afterEach, expect, test, vi } from "vitest";
import { EngineError } from "../../src/errors.ts";
import { engineWarnings, openSession, useRuntime } from "../../src/session/web/index.ts";

const none = { InferenceSession: {}, Tensor: {} } as unknown as Parameters<typeof useRuntime>[0];

afterEach(() => vi.unstubAllGlobals());

test("a page's thread is refused, and so are sessions without a runtime", async () => {
  vi.stubGlobal("document", {});
  expect(() => useRuntime(none)).toThrow(EngineError);
  expect(() => useRuntime(none)).toThrow("would block the page");
  const model = { bytes: new Uint8Array(), inputs: [], fixed: [], outputs: new Map() };
  await expect(openSession(model, { weights: new Map() })).rejects.toThrow("no build of ONNX Runtime is selected");
});

test("one thread is warned of unless the page is cross-origin isolated", () => {
  expect(engineWarnings()).toEqual([expect.stringContaining("Cross-Origin-Embedder-Policy: require-corp")]);
  vi.stubGlobal("crossOriginIsolated", true);
  expect(engineWarnings()).toEqual([]);
});
