import { type Hasher, openHash } from "#platform";
import { CheckpointError } from "../../errors.ts";
import { lookalike } from "../safetensors/lookalike.ts";

/** The expected size and hash of a file; an unknown hash is not checked. */
export interface Expected {
  readonly name: string;
  readonly size: number;
  /** SHA-256 of the bytes (64 digits), or git's hash of them (40 digits), which counts their number too. */
  readonly digest?: string | undefined;
}

/**
 * Passes bytes on, and compares them with what was promised.
 * @param repository Whose file it is, for the message: `model org/name`.
 * @throws {CheckpointError} at the end, when size or hash differ; as soon as there are too many.
 */
export async function* checked(
  chunks: AsyncIterable<Uint8Array>,
  { name, size, digest }: Expected,
  repository: string,
): AsyncGenerator<Uint8Array> {
  const what = `${name} of ${repository}`;
  const hash = hashLike(digest, size);
  let bytes = 0;
  for await (const chunk of chunks) {
    bytes += chunk.length;
    if (bytes > size) throw broken(what, `more than the expected ${size} bytes`);
    if (bytes === chunk.length && /\.(safetensors|json)$/.test(name)) refuseOthers(chunk, what);
    hash?.update(chunk);
    yield chunk;
  }
  if (bytes !== size) throw broken(what, `${bytes} bytes of ${size}`);
  const found = await hash?.digest();
  if (found !== undefined && found !== digest) throw broken(what, `bytes with the hash ${found} instead of ${digest}`);
}

function hashLike(digest: string | undefined, size: number): Hasher | undefined {
  if (digest?.length === 64) return openHash("sha256");
  if (digest?.length !== 40) return undefined;
  const hash = openHash("sha1");
  hash.update(new TextEncoder().encode(`blob ${size}\0`));
  return hash;
}

/** Content that a server without the file, or a network with a log-in page, sends in its place. */
function refuseOthers(start: Uint8Array, what: string): void {
  const other = lookalike(start)?.what;
  if (other === "a web page" || other === "a Git LFS pointer") throw broken(what, other);
}

const broken = (what: string, got: string): CheckpointError =>
  new CheckpointError(`the download of ${what} differs from the file on the Hub: got ${got}`, {
    expected: "the size and the hash that the Hub lists",
    hint: "try again. This file was discarded; complete files are not downloaded again.",
  });
