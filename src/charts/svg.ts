/** Attributes of an element; numbers are rounded to a hundredth of a pixel. */
export type Attributes = Readonly<Record<string, string | number>>;

/** One SVG element as text. Children are elements already; text goes through {@link text}. */
export function el(name: string, attributes: Attributes, ...children: readonly string[]): string {
  const given = Object.entries(attributes).map(([key, value]) => ` ${key}="${escaped(shown(value))}"`);
  const open = `<${name}${given.join("")}`;
  return children.length === 0 ? `${open}/>` : `${open}>${children.join("")}</${name}>`;
}

/** A line of text at a point. */
export const text = (x: number, y: number, content: string, attributes: Attributes = {}): string =>
  el("text", { x, y, ...attributes }, escaped(content));

/** A straight line. */
export const line = (x1: number, y1: number, x2: number, y2: number, attributes: Attributes = {}): string =>
  el("line", { x1, y1, x2, y2, ...attributes });

/** Width of a text in pixels, near enough to keep labels apart: no font is measured. */
export const textWidth = (content: string, fontSize: number): number => 0.64 * fontSize * content.length;

const shown = (value: string | number): string =>
  typeof value === "number" ? String(Math.round(value * 100) / 100) : value;

const escaped = (content: string): string =>
  content.replace(/[&<>"]/g, (c) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[c] as string);
