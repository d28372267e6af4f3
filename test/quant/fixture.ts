import { readFileSync } from "node:fs";

/** The cases of a file that `test/parity/make_quant_fixtures.py` wrote. */
export const casesOf = <T>(name: string): T =>
  (JSON.parse(readFileSync(`test/parity/fixtures/quant/${name}.json`, "utf8")) as { cases: T }).cases;

/** The bytes of an array of a fixture. */
export const bytesOf = (base64: string): Uint8Array => new Uint8Array(Buffer.from(base64, "base64"));

/** A float32 array of a fixture. */
export const floatsOf = (base64: string): Float32Array => new Float32Array(bytesOf(base64).buffer as ArrayBuffer);

/** The bits of an array, so that +0 and -0 differ and equal means equal. */
export const bitsOf = (x: Float32Array): Uint32Array => new Uint32Array(x.buffer, x.byteOffset, x.length);
