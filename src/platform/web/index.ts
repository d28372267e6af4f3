/** The platform in a browser's worker: files lie in the origin's private file system. */
import type { Fulfilled } from "../contract.ts";

export type * from "../contract.ts";
export { LINE_BYTES } from "../text-lines.ts";
export * from "./environment.ts";
export * from "./files.ts";
export * from "./lines.ts";
export * from "./locks.ts";
export * from "./paths.ts";
export * from "./scratch-folder.ts";
export * from "./system.ts";
export * from "./threads.ts";
export * from "./write.ts";

/** This module, as the contract has it. */
export type WebPlatform = Fulfilled<typeof import("./index.ts")>;
