import { expect, test } from "vitest";
import { Graph, nodeOf } from "../../src/ir/graph.ts";
import { embedding } from "../../src/ops/nn/embedding.ts";
import { linear } from "../../src/ops/nn/linear.ts";
import { upcast } from "../../src/ops/quantized/upcast.ts";
import { vocabularyLogits } from "../../src/ops/token-loss/vocabulary-logits.ts";
import { storeHalf } from "../../src/passes/store-half.ts";

const FROZEN = { trainable: false };

test("matrices lie in half precision, and of a vocabulary no more is upcast than is read", () => {
  const graph = new Graph();
  const ids = graph.input("ids", { dtype: "int64", shape: ["rows"] });
  const table = graph.param("table", { dtype: "float32", shape: [100, 4] }, FROZEN);
  const w = graph.param("w", { dtype: "float32", shape: [4, 4] }, FROZEN);
  const head = graph.param("head", { dtype: "float32", shape: [4, 4] }, { trainable: true });
  const bias = graph.param("bias", { dtype: "float32", shape: [4] }, FROZEN);
  const x = linear(linear(embedding(ids, table, {}), w, bias), head);
  graph.outputs.set("logits", vocabularyLogits(x, table, undefined, {}));

  const halved = storeHalf("bfloat16").run(graph, { training: true });
  const types = halved.params.map(({ origin, dtype }) => [origin.name, dtype]);
  expect(Object.fromEntries(types)).toEqual({ table: "bfloat16", w: "bfloat16", head: "float32", bias: "float32" });
  const upcasted = halved.values.filter((value) => nodeOf(value)?.op === upcast.op).map(({ shape }) => shape);
  expect(upcasted.map(String).sort()).toEqual(["4,4", "rows,4"]);
  expect(halved.outputs.get("logits")).toMatchObject({ dtype: "float32", shape: ["rows", 100] });
});
