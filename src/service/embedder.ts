import { RecipeError } from "../errors.ts";
import type { TextEmbedding } from "../events/reports.ts";
import type { EncodedText } from "../verbs/each-text.ts";
import { embeddingSource } from "../verbs/embed.ts";
import { embedded, encodeText, type Shaping, type ShapingOptions, shapingOf } from "../verbs/text-embeddings.ts";
import { type CallOptions, type ServiceSource, TextModel, TextService, type TextWork } from "./text-service.ts";

/** Model of embeddings, and how texts and vectors are changed. */
export type EmbedderSource = ServiceSource & ShapingOptions;

/**
 * An embedding model that stays open. Calls may overlap. Numbers are those of sentence-transformers.
 * @example
 * const embedder = await Embedder.open({ model: "sentence-transformers/all-MiniLM-L6-v2" });
 * const vector = await embedder.embed("limitation of liability"); // Float32Array(384)
 */
export class Embedder extends TextModel<Shaping, EncodedText, TextEmbedding> {
  /** @throws {LowrankError} when model or adapter are not usable, or do not have the `dims` or the prompt. */
  static async open({ model, adapter, ...options }: EmbedderSource): Promise<Embedder> {
    const named = model ?? adapter;
    if (named === undefined) throw new RecipeError("a model or an adapter is needed.", { where: "model, adapter" });
    const source = await embeddingSource(named, model === undefined ? undefined : adapter);
    const work: TextWork<Shaping, EncodedText, TextEmbedding> = {
      result: ["an", "embedding"],
      accept: ({ model, fresh }) => shapingOf(model, fresh, options),
      encode: (input, { model }, shaping) => encodeText(input, model, shaping),
      run: (encoded, { asked, model }, shaping) => embedded(asked, model, encoded, shaping),
    };
    return new Embedder(await TextService.open(source, work, options));
  }

  /** Embedding of a text. @throws {DataError} when it has none, as an empty one. */
  embed(text: string, options?: CallOptions): Promise<Float32Array>;
  /** Embeddings of texts, in their order; a text without one has its reason. */
  embed(texts: readonly string[], options?: CallOptions): Promise<TextEmbedding[]>;
  async embed(texts: string | readonly string[], options?: CallOptions): Promise<Float32Array | TextEmbedding[]> {
    if (typeof texts !== "string") return this.texts.all(texts, options);
    return (await this.texts.one(texts, options)).embedding as Float32Array;
  }
}
