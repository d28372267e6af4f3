import { expect, test } from "vitest";
import { print } from "../../src/ir/print.ts";
import { runPasses } from "../../src/passes/pass.ts";
import { keepTrainable } from "../../src/passes/trainable.ts";
import { tiny } from "../tiny.ts";

const keep = (end: string) => keepTrainable((name) => name.endsWith(end));

test("freezes what is not named and leaves the computation as it was", () => {
  expect(print(runPasses(tiny(), [keep("bias")], { training: true }))).toMatchInlineSnapshot(`
    "%0: float32[tokens,4] = input x
    %1: float32[3,4] = frozen layer.0.query.weight
    %2: float32[3] = param layer.0.query.bias
    %3: float32[tokens,3] = Linear(%0, %1, %2)
    %4: float32[2,3] = frozen classifier.weight
    %5: float32[2] = param classifier.bias
    %6: float32[tokens,2] = Linear(%3, %4, %5)
    return logits %6"
  `);
});

test("what is frozen stays frozen", () => {
  const graph = runPasses(tiny(), [keep("query.bias"), keep("bias")], { training: true });
  const trainable = graph.params.filter(({ origin }) => origin.trainable);
  expect(trainable.map(({ origin }) => origin.name)).toEqual(["layer.0.query.bias"]);
});
