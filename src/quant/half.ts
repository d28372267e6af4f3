/**
 * Widens IEEE 754 half floats `[n]`, given as their bits, to float32 `[n]`. Exact; NaN keeps sign and payload.
 */
export function float16ToFloat32(src: Uint16Array): Float32Array {
  const out = new Float32Array(src.length);
  const bits = new Uint32Array(out.buffer);
  for (let i = 0; i < src.length; i++) {
    const half = src[i]!;
    const sign = (half & 0x8000) << 16;
    const magnitude = (half & 0x7fff) << 13;
    if (magnitude >= 0x7c00 << 13) {
      bits[i] = sign | 0x7f800000 | magnitude; // infinity, NaN
    } else {
      bits[i] = sign | magnitude; // 2^112 too small, subnormals included: the exponent's bias is 15, not 127
      out[i]! *= 2 ** 112;
    }
  }
  return out;
}

/** Widens bfloat16 values `[n]`, given as their bits, to float32 `[n]`. Exact. */
export function bfloat16ToFloat32(src: Uint16Array): Float32Array {
  const bits = new Uint32Array(src.length);
  for (let i = 0; i < src.length; i++) bits[i] = src[i]! << 16;
  return new Float32Array(bits.buffer);
}

/**
 * Rounds float32 values `[n]` to the bits of IEEE 754 half floats `[n]`, to nearest, ties to even.
 * From 65,520 up they become infinity, below 2^-14 subnormal; NaN stays (quiet) NaN.
 */
export function float32ToFloat16(src: Float32Array): Uint16Array {
  const bits = bitsOf(src);
  const shifted = new Float32Array(1);
  const shiftedBits = new Uint32Array(shifted.buffer);
  const out = new Uint16Array(src.length);
  for (let i = 0; i < src.length; i++) {
    const sign = (bits[i]! >>> 16) & 0x8000;
    const magnitude = bits[i]! & 0x7fffffff;
    if (magnitude > 0x7f800000) {
      out[i] = sign | 0x7e00 | ((magnitude >>> 13) & 0x3ff); // NaN
    } else if (magnitude >= 0x47800000) {
      out[i] = sign | 0x7c00; // 65,536 and up
    } else if (magnitude < 0x38800000) {
      shifted[0] = Math.abs(src[i]!) + 0.5; // the last place of 0.5 is 2^-24, a half's smallest step: float32 rounds for us
      out[i] = sign | (shiftedBits[0]! - 0x3f000000);
    } else {
      const rounded = magnitude + 0xfff + ((magnitude >>> 13) & 1);
      out[i] = sign | ((rounded >>> 13) - (112 << 10));
    }
  }
  return out;
}

/**
 * Rounds float32 values `[n]` to the bits of bfloat16 `[n]`, to nearest, ties to even; NaN stays (quiet) NaN.
 */
export function float32ToBfloat16(src: Float32Array): Uint16Array {
  const bits = bitsOf(src);
  const out = new Uint16Array(src.length);
  for (let i = 0; i < src.length; i++) {
    const x = bits[i]!;
    const nan = (x & 0x7fffffff) > 0x7f800000;
    out[i] = nan ? (x >>> 16) | 0x40 : (x + 0x7fff + ((x >>> 16) & 1)) >>> 16;
  }
  return out;
}

const bitsOf = (x: Float32Array): Uint32Array => new Uint32Array(x.buffer, x.byteOffset, x.length);
