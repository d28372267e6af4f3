/** The contract of a platform: all that this library asks of the system it runs on. Imported as `#platform`. */

/** A file that is open for reading. */
export interface OpenFile {
  readonly path: string;
  /** Bytes, at the time of opening. */
  readonly size: number;
  /**
   * `length` bytes from `offset`, in a buffer of their own, which may be viewed as any element type.
   * @throws {FileError} when the file does not hold them; nothing is allocated then.
   */
  read(offset: number, length: number): Promise<Uint8Array<ArrayBuffer>>;
  close(): Promise<void>;
}

/** One line of a text file. */
export interface Line {
  /** Counted from 1. */
  readonly line: number;
  /** Without its line ending. */
  readonly text: string;
}

/** Adds lines to the end of a file, in the order of the calls. */
export interface LineWriter {
  /** Writes `text` and a newline; resolves when the system has them. */
  append(text: string): Promise<void>;
  close(): Promise<void>;
}

/** A parser that takes text and yields what it makes of it, such as a stream of csv-parse. */
export interface TextParser extends AsyncIterable<unknown> {
  /** False when it wants no more until it emits `drain`. */
  write(text: string): boolean;
  end(): unknown;
  once(event: "drain", listener: () => void): unknown;
  destroy(error?: Error): unknown;
}

/** A file for what need not stay in memory. It has no name where the system allows that, and ends with its process. */
export interface ScratchFile {
  /**
   * Writes bytes at the end, a copy of them; returns where they begin.
   * @throws {FileError} when the disk is full.
   */
  append(bytes: Uint8Array): number;
  /** `length` bytes from `offset`, in a buffer of their own. */
  read(offset: number, length: number): Uint8Array<ArrayBuffer>;
  close(): void;
}

/** A new folder for files of this process alone. What is in it when the process ends is removed, unless a signal kills it. */
export interface ScratchFolder {
  readonly path: string;
  /** Removes it and all it holds; content when it is gone. */
  remove(): Promise<void>;
}

/** A folder that nobody else writes into. */
export interface FolderLock {
  /** Content when it was released already. */
  release(): Promise<void>;
}

/** Options for linking a file to a second place. */
export interface LinkOptions {
  /** True when, without permission for links, the file may move to `to`, instead of being copied. */
  readonly mayMove: boolean;
}

/** A hash of bytes that come piece by piece. */
export interface Hasher {
  update(bytes: Uint8Array): void;
  /** Lower-case hex digits of all bytes; the last call. */
  digest(): Promise<string>;
}

/** The machine this process runs on. */
export interface Machine {
  /** `linux x64`. */
  readonly system: string;
  readonly cpu: string;
  /** Cores that this process may use. */
  readonly cores: number;
  /** Vector and matrix instructions that decide how fast an engine computes; empty where they are not known. */
  readonly instructionSets: readonly string[];
  /** Memory that this process may use, in bytes: the machine's, or its container's share. */
  readonly memoryBytes: number;
}

/** A module of this library that does a job and yields messages. */
export interface ThreadModule<Job, Message> {
  /** The compiled module, where a thread is started with it. */
  readonly url: URL;
  /** The function that it calls, where the caller's thread is one that may be blocked. */
  load(): Promise<(job: Job, stopRequested: () => boolean) => AsyncGenerator<Message, void, void>>;
}

/** A thread that yields messages until it ends. */
export interface Thread<Message> extends AsyncIterable<Message> {
  /** Asks it to stop, which it sees in `stopRequested()`. */
  stop(): void;
}

/** End of a process. */
export interface ProcessEnd {
  /** `null` when a signal ended it. */
  readonly exitCode: number | null;
  readonly signal: string | null;
  /** The end of what it wrote to stderr. */
  readonly stderr: string;
}

/** Chunks of bytes, in order. */
export type Chunks = Iterable<Uint8Array> | AsyncIterable<Uint8Array>;

/** Environment variables by name. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Paths, and what lies at them. Every path has slashes; what fails throws a `FileError` that names the path. */
export interface Files {
  exists(path: string): Promise<boolean>;
  isFolder(path: string): Promise<boolean>;
  /** Bytes of a file; `undefined` when there is none. */
  fileSize(path: string): Promise<number | undefined>;
  fileName(path: string): string;
  parentFolder(path: string): string;
  relativePath(folder: string, path: string): string;
  /** The one spelling of a path, whatever links lead to it. */
  canonicalPath(path: string): Promise<string>;
  /** True when a path lies in one of the folders. */
  liesIn(path: string, folders: readonly string[]): Promise<boolean>;
  /** Names in a folder, sorted. */
  listFolder(path: string): Promise<string[]>;
  /** Files of a folder and of the folders in it, as paths from it. */
  listFiles(path: string): Promise<string[]>;
  makeFolder(path: string): Promise<void>;
  removeFolder(path: string): Promise<void>;
  openFile(path: string): Promise<OpenFile>;
  readBytes(path: string): Promise<Uint8Array<ArrayBuffer>>;
  readChunks(path: string): AsyncGenerator<Uint8Array, void, undefined>;
  readText(path: string): Promise<string>;
  copyFile(from: string, to: string): Promise<void>;
  linkFile(from: string, to: string, options: LinkOptions): Promise<void>;
}

/** Text files, line by line; `.gz` files are unpacked. */
export interface Lines {
  /** Longest line, in bytes. */
  readonly LINE_BYTES: number;
  readLines(path: string): AsyncGenerator<Line, void, undefined>;
  /** Lines of a piece of the file together; each block is walked before the next is asked for. */
  readLineBlocks(path: string): AsyncGenerator<Iterable<Line>, void, undefined>;
  readTextChunks(path: string): AsyncGenerator<string, void, undefined>;
  /** Items that a parser makes of a file's text. */
  readThrough(path: string, parser: TextParser): AsyncIterable<unknown>;
}

/** Writing so that a reader, or a crash, sees the old content or the new. */
export interface Writing {
  writeTextAtomic(path: string, text: string): Promise<void>;
  writeBytesAtomic(path: string, bytes: Uint8Array): Promise<void>;
  writeChunksAtomic(path: string, chunks: Chunks, ending?: string): Promise<void>;
  /** A folder that is there whole or not at all. */
  writeFolderAtomic(path: string, write: (staging: string) => Promise<void>): Promise<void>;
  /** Files that complete a folder together, `last` at the end. */
  writeFilesTogether(folder: string, last: string, write: (staging: string) => Promise<void>): Promise<void>;
  /** Removes a folder that readers must never see in part. */
  removeFolderAtomic(path: string): Promise<void>;
  openAppend(path: string): Promise<LineWriter>;
  appendBytes(path: string, bytes: Uint8Array): Promise<void>;
  openScratch(): ScratchFile;
  /** Makes a folder that only this user can read, where the system has users. */
  openScratchFolder(): Promise<ScratchFolder>;
  /** Tidies up what a process left that died while it wrote. */
  sweepStaging(folder: string): Promise<void>;
  removeStale(folder: string, ending: string, ageMs: number): Promise<void>;
  /** Takes a folder's lock, or throws. */
  lockFolder(folder: string, token?: string): Promise<FolderLock>;
  checkUnlocked(folder: string): Promise<void>;
  releaseFolder(folder: string, token: string): Promise<void>;
}

/** The system around this process. */
export interface System {
  environment(): Environment;
  hubCacheFolder(env?: Environment): string;
  hubTokenFile(env?: Environment): string;
  machine(): Machine;
  /** Bytes that the engine's own heap may hold; undefined where it has the process's memory. */
  heapLimit(): number | undefined;
  whoRuns(): { readonly host: string; readonly processId: number };
  /** Memory of this process, in bytes: now, and at most so far. 0 where the system does not tell. */
  rssBytes(): number;
  peakRssBytes(): number;
  /** Seconds since this process began. */
  uptimeSeconds(): number;
  pause(ms: number, signal?: AbortSignal): Promise<void>;
  /** Gives the thread up until signals, sockets and timers that wait for it were served. */
  yieldThread(): Promise<void>;
  /** A name that nothing else has. */
  newId(): string;
  openHash(algorithm: "sha256" | "sha1"): Hasher;
  sha256File(path: string): Promise<string>;
  sha256Text(text: string): Promise<string>;
  /** Runs what never awaits, and throws `late()` when it takes longer; a platform without a watchdog lets it run. */
  withinTime<T>(milliseconds: number, act: () => T, late: () => Error): T;
  packageFolder(name: string): string;
  /** A file that this package carries. */
  ownPath(path: string): string;
}

/** Threads and processes. */
export interface Threads {
  /** Does a job with a copy of what it is told: in a thread of its own on Node, in the calling worker of a page. */
  startThread<Job, Message>(module: ThreadModule<Job, Message>, job: Job): Thread<Message>;
  /**
   * Runs a module of this library apart, and yields the JSON object of each line that it prints.
   * @param env Environment variables besides those of this process.
   */
  spawnJsonLines(
    module: URL,
    args: readonly string[],
    signal?: AbortSignal,
    env?: Environment,
  ): AsyncGenerator<Record<string, unknown>, ProcessEnd, void>;
}

/** All of it. `node/index.ts` and `web/index.ts` each fulfil it, which the compiler checks. */
export interface Platform extends Files, Lines, Writing, System, Threads {}

/** Compiles only when a module has everything of the contract. */
export type Fulfilled<Module extends Platform> = Module;
