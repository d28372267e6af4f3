/** Result of trying a device, as far as ONNX Runtime and the system tell. */
export interface DeviceTrial {
  /** Reason why no session opens on it; absent when one did. */
  readonly problem?: string;
  /** One thing to try about the problem. */
  readonly hint?: string;
  /** Name of the adapter. */
  readonly adapter?: string;
  /** True for a software adapter, false for a real GPU; absent where nobody can tell. */
  readonly isSoftware?: boolean;
  /** Bytes of the largest buffer that the adapter has; absent where it has one of the size that was asked for. */
  readonly maxBufferBytes?: number;
}

/** Options for trying a device. */
export interface TrialOptions {
  /** True to look for a graphics card first, where that can be done, and not to try without one. */
  readonly quickly?: boolean;
  /** Bytes of a buffer that the adapter is asked for. Default: none is. */
  readonly bytes?: number;
}

/** Names of software adapters: SwiftShader, Mesa's llvmpipe and lavapipe, Windows' WARP. */
const SOFTWARE = /swiftshader|llvmpipe|lavapipe|softpipe|basic render|\bwarp\b/i;

/** True when an adapter of this name computes on the CPU. */
export const isSoftwareAdapter = (name: string): boolean => SOFTWARE.test(name);
