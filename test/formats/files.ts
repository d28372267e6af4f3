import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll } from "vitest";

/** A folder of the calling test file's own, removed after it. */
export function temporaryFolder(): {
  readonly path: string;
  put(name: string, content: string | Uint8Array): Promise<string>;
} {
  const folder = {
    path: "",
    async put(name: string, content: string | Uint8Array) {
      await writeFile(join(folder.path, name), content);
      return join(folder.path, name);
    },
  };
  beforeAll(async () => {
    folder.path = await mkdtemp(join(tmpdir(), "checkpoint-"));
  });
  afterAll(() => rm(folder.path, { recursive: true }));
  return folder;
}

/** The bytes of a safetensors file with that header, as written, and `dataBytes` bytes 1, 2, 3, … behind it. */
export function fileOf(header: string | Uint8Array, dataBytes = 0, claimed?: bigint): Uint8Array {
  const text = Buffer.from(header);
  const prefix = Buffer.alloc(8);
  prefix.writeBigUInt64LE(claimed ?? BigInt(text.length));
  return Buffer.concat([prefix, text, Uint8Array.from({ length: dataBytes }, (_, i) => i + 1)]);
}
