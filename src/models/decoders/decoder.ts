import { z } from "zod";
import type { Value } from "../../ir/graph.ts";
import { mul } from "../../ops/nn/elementwise.ts";
import { embedding } from "../../ops/nn/embedding.ts";
import { lastToken } from "../../ops/shape/last-token.ts";
import { vocabularyLogits } from "../../ops/token-loss/vocabulary-logits.ts";
import type { ModelInputs, TaskBuilders } from "../parts/architecture.ts";
import { type Activation, activation, dense, flatten, lookUp } from "../parts/layers.ts";
import { pooled } from "../parts/pooling.ts";
import type { ModuleScope } from "../parts/scope.ts";
import { predictedRows } from "../parts/vocabulary.ts";

/** Keys of `config.json` for the heads of every decoder. */
export const decoderKeys = {
  vocab_size: z.int(),
  pad_token_id: z.int().nullish(),
  tie_word_embeddings: z.boolean().default(false),
  initializer_range: z.number().default(0.02),
  classifier_dropout: z.number().nullish(),
  hidden_dropout: z.number().nullish(),
};

/** Attention types by layer: full or sliding window. */
export const layerTypes = z.array(z.enum(["full_attention", "sliding_attention"])).nullish();

/** A schema whose `layer_types`, where given, must name every layer. */
export const namingEveryLayer = <
  S extends z.ZodType<{
    readonly layer_types?: readonly string[] | null | undefined;
    readonly num_hidden_layers: number;
  }>,
>(
  schema: S,
): S =>
  schema.refine((c) => !c.layer_types || c.layer_types.length === c.num_hidden_layers, {
    path: ["layer_types"],
    message: "must name one type for each of num_hidden_layers",
  });

/** The parsed keys of every decoder. */
export type DecoderConfig = z.output<z.ZodObject<typeof decoderKeys>>;

/** A decoder below its heads, and the few things in which its heads differ from others'. */
export interface DecoderSpec<Config> {
  /** Module path of the base model: `model`. */
  readonly base: string;
  /** Path of the token embeddings inside it. */
  readonly embeddings: string;
  /** Path of the output layer where it is not tied to the embeddings. Default `lm_head`. */
  readonly output?: string;
  /** The last hidden states, normalised: `[batch*seq, hidden]`. */
  readonly encode: (m: ModuleScope, inputs: ModelInputs, c: Config) => Value;
  /** Bends the logits into ±this. */
  readonly softcap?: (c: Config) => number | undefined;
  /** Name of the head that labels tokens. Default `score`. */
  readonly tokenHead?: string;
}

/** The heads of a decoder: language model, classifier of texts by their last token, classifier of tokens, embeddings. */
export function decoderTasks<Config extends DecoderConfig>(spec: DecoderSpec<Config>) {
  const encode = (m: ModuleScope, inputs: ModelInputs, c: Config): Value =>
    m.within(spec.base, (m) => spec.encode(m, inputs, c));
  return {
    CAUSAL_LM(m, inputs, c) {
      const predicted = predictedRows(encode(m, inputs, c), inputs);
      const output = spec.output ?? "lm_head";
      const holder = c.tie_word_embeddings ? `${spec.base}.${spec.embeddings}` : output;
      const w = m.within(holder, (m) => m.param("weight", [c.vocab_size, predicted.shape[1] as number]));
      const softcap = spec.softcap?.(c);
      return m.within(output, () =>
        vocabularyLogits(predicted, w, undefined, softcap === undefined ? {} : { softcap }),
      );
    },
    SEQ_CLS(m, inputs, c, labels) {
      const padId = c.pad_token_id;
      const last = lastToken(inputs.ids, inputs.mask, padId == null ? {} : { padId });
      const h = embedding(last, encode(m, inputs, c), { distinct: true });
      return dense(m, "score", h, labels, { bias: false, fresh: { std: c.initializer_range } });
    },
    TOKEN_CLS(m, inputs, c, labels) {
      const h = m.dropout(encode(m, inputs, c), c.classifier_dropout ?? c.hidden_dropout ?? 0.1);
      return dense(m, spec.tokenHead ?? "score", h, labels, { fresh: { std: c.initializer_range } });
    },
    FEATURE_EXTRACTION: (m, inputs, c) => pooled(m, spec.encode(m, inputs, c), inputs),
  } satisfies TaskBuilders<Config>;
}

/** The token embeddings `name`: `[batch*seq, hidden]`. */
export const embedTokens = (
  m: ModuleScope,
  name: string,
  { ids }: ModelInputs,
  c: Pick<DecoderConfig, "vocab_size" | "pad_token_id"> & { readonly hidden_size: number },
): Value => lookUp(m, name, flatten(ids), c.vocab_size, c.hidden_size, c.pad_token_id ?? undefined);

/** Settings of a gated feed-forward part. */
export interface GatedMlpOptions {
  readonly width: number;
  readonly bias?: boolean;
  readonly act: z.output<typeof Activation>;
}

/** The module `mlp`: `down(act(gate(x)) · up(x))`. Shazeer 2020, arXiv:2002.05202. */
export function gatedMlp(m: ModuleScope, x: Value, { width, bias = false, act }: GatedMlpOptions): Value {
  return m.within("mlp", (m) => {
    const gate = activation(act, dense(m, "gate_proj", x, width, { bias }));
    const intermediate = mul(gate, dense(m, "up_proj", x, width, { bias }));
    return dense(m, "down_proj", intermediate, x.shape[1] as number, { bias });
  });
}
