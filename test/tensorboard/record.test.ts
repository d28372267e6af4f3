import { describe, expect, test } from "vitest";
import { encodeScalars, encodeVersion } from "../../src/tensorboard/event.ts";
import { toRecord } from "../../src/tensorboard/record.ts";

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

/** What `tensorboard` 2.21 writes: `test/tensorboard/make_records.py`. */
describe("records are what TensorBoard's own writer writes", () => {
  test("the version", () => {
    expect(hex(toRecord(encodeVersion(1_700_000_000.5)))).toBe(
      "1800000000000000a37f4b220900002040fc54d9411a0d627261696e2e4576656e743a322b353110",
    );
  });

  test("figures of a step", () => {
    const scalars = { "train/loss": 2.5, "train/learning_rate": 1e-3 };
    expect(hex(toRecord(encodeScalars({ wallTime: 1_700_000_001.25, step: 300, scalars })))).toBe(
      "3d000000000000006049f1ec0900005040fc54d94110ac022a2f0a110a0a747261696e2f6c6f737315000020400a1a0a13747261696e2f6c6561726e696e675f72617465156f12833a3d5f0227",
    );
  });
});
