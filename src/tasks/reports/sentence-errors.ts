import type { Examples } from "../../examples/examples.ts";
import { IGNORED } from "../../examples/labels.ts";
import type { TokenExample } from "../../examples/tokens.ts";
import type { Worst } from "../../metrics/worst.ts";
import type { ReportRow } from "./report.ts";

/** Words with a wrong label that a report names of each sentence. */
const MOST_MISTAKES = 3;

/** Prediction of one word. */
interface WordFound {
  readonly label: number;
  readonly prediction: number;
  /** Number of the sentence. */
  readonly example: number;
  /** First token of the word in it. */
  readonly position: number;
  readonly loss: number;
}

/** Collectors and names that rows of a report are made with. */
interface SentenceOptions {
  readonly classes: readonly string[];
  readonly worst?: Worst<ReportRow>;
  readonly decode?: (ids: Iterable<number>) => string;
}

/** Losses and mistakes of one sentence after the other. */
export class SentenceErrors {
  private readonly examples: Examples;
  private readonly options: SentenceOptions;
  /** The sentence that words are added to. */
  private current = -1;
  private loss = 0;
  private words = 0;
  private mistakes: WordFound[] = [];

  constructor(examples: Examples, options: SentenceOptions) {
    this.examples = examples;
    this.options = options;
  }

  /** Adds a word; those of a sentence come one after the other. */
  add(found: WordFound): void {
    if (found.example !== this.current) {
      this.offer();
      Object.assign(this, { current: found.example, loss: 0, words: 0, mistakes: [] });
    }
    this.loss += found.loss;
    this.words++;
    if (found.prediction !== found.label) this.mistakes.push(found);
  }

  /** Offers the last sentence, once it is complete. */
  offer(): void {
    if (this.words > 0) this.options.worst?.offer(this.current, this.loss, () => this.cells());
  }

  private cells(): ReportRow {
    const named = this.mistakes.slice(0, MOST_MISTAKES).map((mistake) => this.textOf(mistake));
    const more = this.mistakes.length > MOST_MISTAKES ? ["…"] : [];
    return {
      wrong: this.mistakes.length,
      words: this.words,
      loss: this.loss,
      mistakes: [...named, ...more].join(", "),
    };
  }

  private textOf({ label, prediction, position }: WordFound): string {
    const { ids, labels } = this.examples.at(this.current) as TokenExample;
    const next = labels.findIndex((other, at) => at > position && other !== IGNORED);
    const word = this.options.decode?.(ids.subarray(position, next === -1 ? ids.length : next)).trim() ?? "";
    return `${word}: ${this.options.classes[label]} → ${this.options.classes[prediction]}`;
  }
}
