/** Messages of a thread that wait to be read, and its end. */
export class Mailbox<Message> {
  readonly #waiting: Message[] = [];
  #wake = (): void => {};
  #ended: { readonly failure: unknown } | undefined;

  /** Adds a message. */
  post(message: Message): void {
    this.#waiting.push(message);
    this.#wake();
  }

  /** Ends the messages. @param failure Thrown once those that wait are read, unless it is `undefined`. */
  end(failure?: unknown): void {
    this.#ended = { failure };
    this.#wake();
  }

  /** True once nothing more comes. */
  get hasEnded(): boolean {
    return this.#ended !== undefined;
  }

  /** The messages in their order, as they come. @throws what the thread failed with. */
  async *read(): AsyncGenerator<Message, void, void> {
    for (;;) {
      while (this.#waiting.length > 0) yield this.#waiting.shift() as Message;
      if (this.#ended) break;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    if (this.#ended.failure !== undefined) throw this.#ended.failure;
  }
}
