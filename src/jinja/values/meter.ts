/** Bounds for templates, which are programs and come with models from anywhere. */
const MAX_TEXT = 2 ** 24;
const MAX_STEPS = 2_000_000;
const MAX_ITEMS = 2 ** 20;
/** Python refuses to print longer integers. */
const MAX_DIGITS = 4300;
const MAX_BITS = Math.floor(MAX_DIGITS * Math.log2(10));

/** Stops a template that would go on for ever or fill the memory. What is to be made is told before it is made. */
export class Meter {
  private steps = 0;

  /** Work: an expression is a step, a turn of a loop twenty. */
  step(count = 1): void {
    this.steps += count;
    if (this.steps > MAX_STEPS) throw new Error(`more than ${MAX_STEPS} steps`);
  }

  /** A text of so many characters. */
  text(length: number): void {
    if (length > MAX_TEXT) throw new Error(`more than ${MAX_TEXT} characters`);
    this.step(length * 0.001);
  }

  /** A list of so many items. */
  items(length: number): void {
    if (length > MAX_ITEMS) throw new Error(`a list of more than ${MAX_ITEMS} items`);
    this.step(length * 0.01);
  }

  /** An integer of so many bits. */
  bits(length: number): void {
    if (length > MAX_BITS) throw new Error(`an integer of more than ${MAX_DIGITS} digits`);
  }

  /** The digits of an integer. */
  digits(value: bigint): string {
    const digits = value.toString();
    if (digits.length > MAX_DIGITS + (value < 0n ? 1 : 0))
      throw new Error(`an integer of more than ${MAX_DIGITS} digits`);
    return digits;
  }

  /** Items as a list. */
  list<T>(items: Iterable<T>): T[] {
    const list: T[] = [];
    for (const item of items) {
      list.push(item);
      if (list.length % 1024 === 0) this.items(list.length);
      this.step(0.01);
    }
    this.items(list.length);
    return list;
  }

  /** Texts with a separator between them. */
  join(parts: readonly string[], separator = ""): string {
    let length = separator.length * Math.max(0, parts.length - 1);
    for (const part of parts) length += part.length;
    this.text(length);
    return parts.join(separator);
  }

  /** A text so many times. */
  repeat(text: string, count: number): string {
    const times = Math.max(0, count);
    this.text(text.length * times);
    return text.length === 0 ? "" : text.repeat(times);
  }
}

/** The number of bits of an integer without its sign. */
export function bitLength(value: bigint): number {
  const digits = (value < 0n ? -value : value).toString(16);
  return digits.length * 4 - (Math.clz32(Number.parseInt(digits[0]!, 16)) - 28);
}
