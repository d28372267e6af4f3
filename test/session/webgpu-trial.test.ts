import { describe, expect, test } from "vitest";
import { isSoftwareAdapter } from "../../src/session/device-trial.ts";
import { type TrialLine, trialOf, tryWebGpuApart } from "../../src/session/node/webgpu-trial.ts";

const ended = (stderr: string, signal: string | null = null) => ({ exitCode: signal ? null : 0, signal, stderr });
const opened: TrialLine = { opened: true };

describe("the adapter", () => {
  test.each([
    ["SwiftShader Device (Subzero)", true],
    ["llvmpipe (LLVM 19.1.0, 256 bits)", true],
    ["NVIDIA H200", false],
    ["Intel(R) Iris(R) Xe Graphics (TGL GT2)", false],
  ])("is the one that Vulkan's loader names: %s", (name, isSoftware) => {
    const stderr = `DRIVER:   <Device>\n[Vulkan Loader] DRIVER:    Using "${name}" with driver: "/usr/lib/libvk.so"\n`;
    expect(trialOf([opened], ended(stderr), "linux x64")).toEqual({ adapter: name, isSoftware });
    expect(isSoftwareAdapter(name)).toBe(isSoftware);
  });

  test("is not known where nobody names it", () => {
    expect(trialOf([opened], ended(""), "linux x64")).toEqual({});
  });

  test("of Windows is a real one where ONNX Runtime finds a graphics card that is not Microsoft's own", () => {
    const card = (vendor: string, type: number): string =>
      `[I:onnxruntime] Discovered OrtHardwareDevice {vendor_id:0x10de, device_id:0x1, vendor:${vendor}, type:${type}, metadata: []}\n`;
    const trial = (...cards: readonly string[]) => trialOf([opened], ended(cards.join("")), "win32 x64");
    expect(trial(card("Intel", 0), card("NVIDIA", 1))).toEqual({ adapter: "NVIDIA", isSoftware: false });
    expect(trial(card("Intel", 0), card("Microsoft", 1))).toEqual({ isSoftware: true });
  });

  test("of Apple's systems is Metal's", () => {
    expect(trialOf([opened], ended(""), "darwin arm64")).toEqual({ adapter: "Metal", isSoftware: false });
  });

  test("has the limit that a buffer exceeded", () => {
    const stderr = "WebGPU device error(2): Buffer size (2147483648) exceeds the max buffer size limit (1073741824).";
    expect(trialOf([opened], ended(stderr), "linux x64").maxBufferBytes).toBe(2 ** 30);
  });
});

describe("a device that does not open", () => {
  test("is told of with what to install", () => {
    const stderr = "Warning: Couldn't load Vulkan: libvulkan.so.1: cannot open shared object file\n";
    expect(trialOf([{ problem: "No supported adapters" }], ended(stderr), "linux x64")).toEqual({
      problem: "there is no Vulkan on this machine (libvulkan.so.1 is missing)",
      hint: expect.stringMatching(/^install libvulkan1 and .*driver.*device: cpu\.$/),
    });
    expect(trialOf([{ problem: "No adapter" }], ended(""), "win32 x64")).toEqual({
      problem: "No adapter",
      hint: expect.stringContaining("driver"),
    });
  });

  test("may crash its process", () => {
    expect(trialOf([], ended("", "SIGSEGV"), "linux x64").problem).toBe("opening it ended with SIGSEGV");
  });

  test("is not tried where ONNX Runtime lacks it", async () => {
    expect(await tryWebGpuApart(["cpu"], {})).toMatchObject({
      problem: expect.stringMatching(/^onnxruntime-node has no WebGPU for \w+ \w+$/),
      hint: expect.stringContaining("Linux x64"),
    });
  });
});
