import { FileError } from "../../errors.ts";
import type { Environment, Hasher, Machine } from "../contract.ts";
import { readChunks } from "./files.ts";

/** A WebAssembly heap holds no more than this, whatever the machine has. */
const HEAP_BYTES = 4 * 2 ** 30;

/** The folder of downloaded models, in the origin's private file system. */
export const hubCacheFolder = (_env?: Environment): string => "/huggingface/hub";

/** The file of the Hub's token. */
export const hubTokenFile = (_env?: Environment): string => "/huggingface/token";

/** Facts of the machine that the browser reports. */
export const machine = (): Machine => ({
  system: navigator.userAgent,
  cpu: "unknown",
  cores: navigator.hardwareConcurrency,
  instructionSets: [],
  memoryBytes: HEAP_BYTES,
});

/** Bytes of a WebAssembly heap. */
export const heapLimit = (): number | undefined => HEAP_BYTES;

/** Names by which files of several runs can be told apart. */
export const whoRuns = (): { readonly host: string; readonly processId: number } => ({
  host: globalThis.location.host,
  processId: Math.floor(performance.timeOrigin),
});

/** 0: a browser does not tell how much memory a page has. */
export const rssBytes = (): number => 0;

/** 0: as `rssBytes`. */
export const peakRssBytes = (): number => 0;

/** Seconds since this thread began. */
export const uptimeSeconds = (): number => performance.now() / 1000;

/** Waits. Rejects as soon as `signal` is aborted. */
export const pause = (ms: number, signal?: AbortSignal): Promise<void> =>
  new Promise((resolve, reject) => {
    const stop = (): void => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", stop);
      resolve();
    }, ms);
    if (signal?.aborted) stop();
    else signal?.addEventListener("abort", stop, { once: true });
  });

/** Gives the thread up until everything that waits for it was served. A message comes sooner than a timer, which browsers hold back. */
export const yieldThread = (): Promise<void> =>
  new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(undefined);
  });

/** A name that nothing else has. */
export const newId = (): string => crypto.randomUUID();

/** A hash of bytes that come piece by piece. The browser hashes what is in memory only, so that they are kept until the end. */
export function openHash(algorithm: "sha256" | "sha1"): Hasher {
  const parts: Uint8Array<ArrayBuffer>[] = [];
  return {
    update: (bytes) => void parts.push(bytes.slice()),
    async digest() {
      const name = { sha256: "SHA-256", sha1: "SHA-1" }[algorithm];
      const hash = await crypto.subtle.digest(name, await new Blob(parts).arrayBuffer());
      return [...new Uint8Array(hash)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
    },
  };
}

/** SHA-256 of a file's bytes, 64 lower-case hex digits. @throws {FileError} when it cannot be read. */
export async function sha256File(path: string): Promise<string> {
  const hash = openHash("sha256");
  for await (const chunk of readChunks(path)) hash.update(chunk);
  return hash.digest();
}

/** SHA-256 of a text's UTF-8 bytes, 64 lower-case hex digits. */
export async function sha256Text(text: string): Promise<string> {
  const hash = openHash("sha256");
  hash.update(new TextEncoder().encode(text));
  return hash.digest();
}

/** Runs a function, and throws when it took too long: nothing here can end it sooner. */
export function withinTime<T>(milliseconds: number, act: () => T, late: () => Error): T {
  const began = performance.now();
  const value = act();
  if (performance.now() - began > milliseconds) throw late();
  return value;
}

/** The folder of an installed package. @throws {FileError} always: a page has none. */
export function packageFolder(name: string): string {
  throw new FileError(`the files of the package ${name} cannot be read in a browser`);
}

/** A file that this package carries. @throws {FileError} always: a page has none. */
export function ownPath(path: string): string {
  throw new FileError(`${path}, a file of the package lowrank, cannot be read in a browser`);
}
