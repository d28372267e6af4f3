import crc32c from "crc-32/crc32c.js";

/** Added to a checksum, so that a checksum of data with checksums in it is not one of them. */
const MASK_DELTA = 0xa282ead8;

/**
 * Data as a record of TensorFlow's files: its length in eight bytes, their checksum, the data, its checksum, all little-endian.
 * @see tensorflow, core/lib/io/record_writer.h
 */
export function toRecord(data: Uint8Array): Uint8Array {
  const record = new Uint8Array(data.length + 16);
  const view = new DataView(record.buffer);
  view.setBigUint64(0, BigInt(data.length), true);
  view.setUint32(8, maskedChecksum(record.subarray(0, 8)), true);
  record.set(data, 12);
  view.setUint32(12 + data.length, maskedChecksum(data), true);
  return record;
}

/** CRC-32C, rotated right by 15 bits, plus a constant. */
function maskedChecksum(data: Uint8Array): number {
  const crc = crc32c.buf(data);
  return (((crc >>> 15) | (crc << 17)) + MASK_DELTA) >>> 0;
}
