import "./no-telemetry.ts";

// Not a static import: a bundler would move it before the module that turns telemetry off.
const { env, InferenceSession, listSupportedBackends } = await import("onnxruntime-node");

/** An execution provider, tried. */
export interface ProviderTrial {
  /** The engine's name: `cpu`, `webgpu`, `cuda`, … */
  readonly name: string;
  /** Reason why it does not work here; absent when it does. */
  readonly problem?: string;
}

/** The engine's version. */
export const engineVersion = (): string => env.versions.node ?? "unknown";

/** Tries every execution provider that this build of the engine has, by opening `model` on it. */
export async function tryProviders(model: Uint8Array): Promise<ProviderTrial[]> {
  env.logLevel = "fatal";
  const trials: ProviderTrial[] = [];
  for (const { name } of listSupportedBackends()) {
    if (name === "webgpu") continue; // which is tried in a process of its own
    try {
      const session = await InferenceSession.create(model, { executionProviders: [name] });
      await session.release();
      trials.push({ name });
    } catch (error) {
      const [line = ""] = String((error as Error).message).split("\n");
      trials.push({ name, problem: line.replace(/^.* was false\. /, "") }); // without the engine's own source line
    }
  }
  return trials;
}
