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

/** A description of the element that it stands in, shown under the pointer. */
export const titleOf = (content: string): string => el("title", {}, escaped(content));

/** A name at a point, shortened in its middle to at most `most` characters; a shortened one shows the whole under the pointer. */
export function nameText(x: number, y: number, name: string, most: number, attributes: Attributes = {}): string {
  const short = shortened(name, most);
  if (short === name) return text(x, y, name, attributes);
  return el("text", { x, y, ...attributes }, titleOf(name), escaped(short));
}

/** A name of at most `most` characters: a longer one keeps its beginning and its end, which differ most often. */
export function shortened(name: string, most: number): string {
  const characters = [...name];
  if (characters.length <= most) return name;
  const end = Math.floor((most - 1) / 3);
  return [...characters.slice(0, most - 1 - end), "…", ...characters.slice(characters.length - end)].join("");
}

/** A straight line. */
export const line = (x1: number, y1: number, x2: number, y2: number, attributes: Attributes = {}): string =>
  el("line", { x1, y1, x2, y2, ...attributes });

/** The data of a path through points, to a tenth of a pixel. */
export const pathThrough = (points: readonly (readonly [x: number, y: number])[]): string =>
  points.map(([x, y], i) => `${i === 0 ? "M" : "L"}${tenths(x)} ${tenths(y)}`).join("");

/** Width of a text in pixels, near enough to keep labels apart: no font is measured. Ideographs are as wide as high. */
export const textWidth = (content: string, fontSize: number): number =>
  [...content].reduce((sum, character) => sum + (character >= "\u1100" && !"…–−".includes(character) ? 1 : 0.64), 0) *
  fontSize;

const tenths = (x: number): number => Math.round(10 * x) / 10;

const shown = (value: string | number): string =>
  typeof value === "number" ? String(Math.round(value * 100) / 100) : value;

/** Text for XML, which has no control characters and no halves of surrogate pairs. */
const escaped = (content: string): string =>
  content
    .replace(/[&<>"]/g, (c) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[c] as string)
    .replace(/(?![\t\n\r])[\p{Cc}\p{Cs}\ufffe\uffff]/gu, "\ufffd");
