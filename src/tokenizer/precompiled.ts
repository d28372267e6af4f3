import { TokenizerError } from "../errors.ts";

/** Bytes of a charsmap; XLM-R's and T5's have 237,000. */
const MAX_CHARSMAP = 2 ** 24;
/** A grapheme of more bytes is looked up character by character, as `spm_precompiled` does. */
const MAX_GRAPHEME_BYTES = 5;

/**
 * sentencepiece's normalization rules, as XLM-R and T5 have them: a double-array trie of UTF-8 bytes, whose values are
 * places in a blob of texts that end in NUL.
 *
 * @param charsmap Base64 of: the trie's length in bytes (uint32, little endian), the trie, the texts.
 * @throws {TokenizerError} when it is malformed.
 * @see huggingface/spm_precompiled, src/lib.rs; s-yata/darts-clone for the trie's units.
 */
export function precompiled(charsmap: unknown, where: string): (text: string) => string {
  if (charsmap === null || charsmap === undefined || charsmap === "") return (text) => text;
  const { units, texts } = parse(charsmap, where);
  const encoder = new TextEncoder();
  const decoder = new TextDecoder();
  const known = new Map<string, string | undefined>();

  /** The text for the shortest beginning of `chunk` that the trie has. */
  const search = (chunk: string): string | undefined => {
    let node = offset(units[0] as number);
    for (const byte of encoder.encode(chunk)) {
      if (byte === 0) break;
      node ^= byte;
      const unit = units[node];
      if (unit === undefined || (unit & 0x800000ff) >>> 0 !== byte) return undefined;
      node ^= offset(unit);
      if (((unit >>> 8) & 1) === 1) {
        const start = (units[node] ?? 0) & 0x7fffffff;
        const end = texts.indexOf(0, start);
        return decoder.decode(texts.subarray(start, end === -1 ? texts.length : end));
      }
    }
    return undefined;
  };
  const transform = (chunk: string): string | undefined => {
    if (known.has(chunk)) return known.get(chunk);
    const found = search(chunk);
    if (known.size < MAX_KNOWN) known.set(chunk, found);
    return found;
  };
  const grapheme = (chunk: string): string => {
    const whole = encoder.encode(chunk).length <= MAX_GRAPHEME_BYTES ? transform(chunk) : undefined;
    return whole ?? Array.from(chunk, (char) => transform(char) ?? char).join("");
  };
  return (text) => graphemes(text).map(grapheme).join("");
}

/** Graphemes whose texts are remembered. */
const MAX_KNOWN = 65_536;

const segmenter = new Intl.Segmenter("en", { granularity: "grapheme" });

/** The text's graphemes. A printable ASCII character between two others is one; the slow segmenter sees the rest. */
function graphemes(text: string): string[] {
  return text
    .split(/((?<![^\x20-\x7E])[\x20-\x7E]+(?![^\x20-\x7E]))/)
    .flatMap((run) =>
      /^[\x20-\x7E]*$/.test(run) ? run.split("") : Array.from(segmenter.segment(run), ({ segment }) => segment),
    );
}

function offset(unit: number): number {
  return (unit >>> 10) << ((unit & 0x200) >>> 6);
}

function parse(charsmap: unknown, where: string): { readonly units: Uint32Array; readonly texts: Uint8Array } {
  const fail = (what: string): TokenizerError =>
    new TokenizerError(`the precompiled_charsmap of the tokenizer ${what}`, { where });
  if (typeof charsmap !== "string" || !/^[A-Za-z0-9+/]*={0,2}$/.test(charsmap)) throw fail("is not Base64");
  if (charsmap.length > (MAX_CHARSMAP * 4) / 3) throw fail(`is longer than ${MAX_CHARSMAP} bytes`);
  const bytes = Uint8Array.from(atob(charsmap), (char) => char.charCodeAt(0));
  const view = new DataView(bytes.buffer);
  const size = bytes.length >= 4 ? view.getUint32(0, true) : 0;
  if (size === 0 || size % 4 !== 0 || 4 + size > bytes.length) throw fail("is malformed");
  const units = Uint32Array.from({ length: size / 4 }, (_, i) => view.getUint32(4 + i * 4, true));
  return { units, texts: bytes.subarray(4 + size) };
}
