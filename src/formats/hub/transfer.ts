import { CheckpointError } from "../../errors.ts";
import { PassingFailure } from "./patience.ts";
import { strange } from "./refusals.ts";
import type { HubClient, Reply } from "./request.ts";

/** Bytes after which a connection that breaks again counts as the first that did. */
const PROGRESS_BYTES = 2 ** 20;

/**
 * The bytes of a file, as they come. Where a connection breaks, the next one goes on behind the last byte.
 *
 * @param path Below the endpoint, where `first` is the answer to a request for the whole file.
 * @param size Bytes of the file.
 * @throws {CheckpointError} when it breaks too often, or the rest that is sent is of another file.
 * @throws {InterruptedError} when aborted.
 */
export async function* fileBytes(
  client: HubClient,
  path: string,
  first: Reply,
  size: number,
): AsyncGenerator<Uint8Array> {
  const where = `${client.settings.endpoint}/${path}`;
  let [reply, received, skip] = [first, 0, 0];
  for (let [failed, since] = [0, 0]; ; ) {
    try {
      for await (const chunk of client.bytes(reply)) {
        const rest = chunk.subarray(Math.min(skip, chunk.length));
        skip -= chunk.length - rest.length;
        received += rest.length;
        since += rest.length;
        if (rest.length > 0) yield rest;
      }
      return;
    } catch (error) {
      if (!(error instanceof PassingFailure)) throw error;
      if (received >= size) return;
      if (since >= PROGRESS_BYTES) [failed, since] = [0, 0];
      await client.waitAfter(error, ++failed);
    }
    reply = await client.get(path, received);
    if (etagOf(reply) !== etagOf(first)) {
      reply.end();
      throw strange("the file changed during the download", where);
    }
    skip = startOf(reply, received, where);
  }
}

/**
 * The whole of a small answer.
 * @param maxBytes More are refused as soon as they come: a packed answer says nothing of its length.
 */
export async function smallBody(client: HubClient, reply: Reply, maxBytes: number, where: string): Promise<string> {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  try {
    for await (const part of client.bytes(reply)) {
      bytes += part.length;
      if (bytes > maxBytes) throw strange(`the Hub's response has more than ${maxBytes} bytes`, where);
      parts.push(part);
    }
  } catch (error) {
    throw error instanceof PassingFailure ? error.refusal : error;
  }
  return new Blob(parts as Uint8Array<ArrayBuffer>[]).text();
}

/** The ETag of a file: of a large one, which is elsewhere, the one that the Hub gives. */
export const etagOf = ({ header }: Reply): string | undefined =>
  (header("x-linked-etag") ?? header("etag"))?.replace(/^W\/|"/g, "") || undefined;

/**
 * The number of bytes of an answer that were received before. A server that knows no ranges sends the file from its start.
 * @param from The first byte that was requested.
 * @throws {CheckpointError} when it begins elsewhere.
 */
export function startOf({ response, end }: Reply, from: number, where: string): number {
  if (response.status === 200) return from;
  const range = response.headers.get("content-range");
  if (response.status === 206 && range?.startsWith(`bytes ${from}-`)) return 0;
  end();
  const got = range === null ? `status ${response.status}` : `the range ${range}`;
  throw new CheckpointError(`the Hub sent ${got} when the bytes from ${from} on were requested`, {
    where,
    hint: "try again; complete files are not downloaded again.",
  });
}
