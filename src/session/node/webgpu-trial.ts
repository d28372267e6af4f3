import { exists, listFolder, machine, type ProcessEnd, spawnJsonLines } from "#platform";
import { type DeviceTrial, isSoftwareAdapter, type TrialOptions } from "../device-trial.ts";

/** Seconds after which a driver is taken to hang: opening takes a tenth of one. */
const MAX_SECONDS = 30;

/** Messages of the process that tries. */
export type TrialLine = { readonly opened: true } | { readonly problem: string } | { readonly refused: string };

/**
 * Environment of the process that tries: ONNX Runtime does not tell which adapter it took, but Vulkan's loader does. On Windows,
 * where there is no loader, ONNX Runtime lists the graphics cards that it finds.
 */
const TALKATIVE = { VK_LOADER_DEBUG: "driver" };

/**
 * Tries WebGPU in a process of its own: what drivers print stays there, and so does what they crash.
 * @param providers Execution providers that this build of ONNX Runtime has.
 */
export async function tryWebGpuApart(
  providers: readonly string[],
  { quickly = false, bytes = 0 }: TrialOptions,
): Promise<DeviceTrial> {
  const { system } = machine();
  if (!providers.includes("webgpu"))
    return {
      problem: `onnxruntime-node has no WebGPU for ${system}`,
      hint: "it has on Linux x64, Windows and macOS with Apple silicon.",
    };
  if (quickly && system.startsWith("linux") && !(await hasCard()))
    return { problem: "this machine has no graphics card that this process can see" };
  const process = new URL("./webgpu-process.js", import.meta.url);
  const timeout = AbortSignal.timeout(1000 * MAX_SECONDS);
  const lines = spawnJsonLines(process, [String(bytes)], timeout, TALKATIVE);
  const printed: TrialLine[] = [];
  for (;;) {
    const { done, value } = await lines.next();
    if (done) return trialOf(printed, value, system);
    printed.push(value as TrialLine);
  }
}

/** True when Linux has a device file of a graphics card: of Mesa's drivers, NVIDIA's, or of Windows underneath. */
async function hasCard(): Promise<boolean> {
  const nodes = (await exists("/dev/dri")) ? await listFolder("/dev/dri") : [];
  return nodes.some((name) => name.startsWith("render")) || (await exists("/dev/nvidia0")) || exists("/dev/dxg");
}

/** The trial that a process's lines and end tell of. @param system As `linux x64`. */
export function trialOf(
  printed: readonly TrialLine[],
  { stderr, exitCode, signal }: ProcessEnd,
  system: string,
): DeviceTrial {
  const line = printed.find((line) => "problem" in line);
  if (line || !printed.some((line) => "opened" in line)) {
    const problem = line?.problem ?? `opening it ended with ${signal ?? `exit code ${exitCode}`}`;
    return { problem: inWords(problem, stderr), hint: hintFor(system, stderr) };
  }
  const [, limit] = /max buffer size limit \((\d+)\)/.exec(`${stderr} ${JSON.stringify(printed)}`) ?? [];
  return { ...adapterIn(stderr, system), ...(limit !== undefined && { maxBufferBytes: Number(limit) }) };
}

const inWords = (problem: string, stderr: string): string =>
  NO_LOADER.test(stderr) ? "there is no Vulkan on this machine (libvulkan.so.1 is missing)" : problem;

const NO_LOADER = /Couldn't load Vulkan/;

function hintFor(system: string, stderr: string): string {
  if (!system.startsWith("linux")) return "install the graphics card's driver, or use device: cpu.";
  const loader = NO_LOADER.test(stderr) ? "install libvulkan1 and" : "install";
  return `${loader} the graphics card's Vulkan driver (NVIDIA's own, or mesa-vulkan-drivers), or use device: cpu.`;
}

/** The adapter, as Vulkan's loader names it, or as follows from the graphics cards that ONNX Runtime lists. */
function adapterIn(stderr: string, system: string): DeviceTrial {
  const [, name] = [...stderr.matchAll(/Using "(.+)" with driver/g)].at(-1) ?? [];
  if (name !== undefined) return { adapter: name, isSoftware: isSoftwareAdapter(name) };
  if (system.startsWith("darwin")) return { adapter: "Metal", isSoftware: false }; // it has no software adapter
  if (!system.startsWith("win32")) return {};
  const cards = [...stderr.matchAll(/OrtHardwareDevice \{(.+)\}/g)].map(([, facts]) => facts as string);
  const vendors = cards
    .filter((facts) => /type:1\b/.test(facts))
    .map((facts) => /vendor:([^,]*)/.exec(facts)?.[1] ?? "");
  const real = vendors.filter((vendor) => !/^microsoft/i.test(vendor)); // whose adapter is software
  return real.length > 0 ? { adapter: real.join(", "), isSoftware: false } : { isSoftware: true };
}
