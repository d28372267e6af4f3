import { textWidth } from "../../src/charts/svg.ts";

/** An element of XML. */
export interface Element {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: Element[];
  /** Text directly in it, entities resolved. */
  text: string;
}

const TOKEN = /<([a-z]+)((?: [\w:-]+="[^"<&]*(?:&(?:amp|lt|gt|quot);[^"<&]*)*")*)(\/?)>|<\/([a-z]+)>|([^<]+)/gy;
const ENTITIES: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"' };

/** Parses the XML that pictures consist of. @throws {Error} when it is not well-formed. */
export function parsed(xml: string): Element {
  const root: Element = { name: "", attributes: {}, children: [], text: "" };
  const open = [root];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < xml.length) {
    const at = TOKEN.lastIndex;
    const match = TOKEN.exec(xml);
    if (!match) throw new Error(`not well-formed: ${xml.slice(at, at + 60)}`);
    const [, name, attributes = "", empty, closed, text] = match;
    const top = open.at(-1)!;
    if (name !== undefined) {
      const pairs = [...attributes.matchAll(/([\w:-]+)="([^"]*)"/g)].map(([, key, value]) => [key!, value!] as const);
      if (new Set(pairs.map(([key]) => key)).size < pairs.length) throw new Error(`an attribute twice: ${attributes}`);
      const element: Element = { name, attributes: Object.fromEntries(pairs), children: [], text: "" };
      top.children.push(element);
      if (!empty) open.push(element);
    } else if (closed !== undefined) {
      if (open.pop()!.name !== closed) throw new Error(`</${closed}> closes another element`);
    } else if (text !== undefined) {
      if (/&(?!(amp|lt|gt|quot);)|(?![\t\n\r])[\p{Cc}\p{Cs}]/u.test(text)) throw new Error(`not XML's: ${text}`);
      top.text += text.replace(/&(\w+);/g, (_, entity) => ENTITIES[entity]!);
    }
  }
  const [svg, ...others] = root.children;
  if (open.length > 1 || !svg || others.length > 0 || root.text.trim() !== "") throw new Error("not one whole element");
  return svg;
}

/** All elements of a name. */
export const all = (of: Element, name: string): Element[] =>
  of.children.flatMap((child) => [...(child.name === name ? [child] : []), ...all(child, name)]);

type Corner = readonly [x: number, y: number];

/** A text and the corners of its box. */
interface TextBox {
  readonly text: string;
  readonly corners: readonly Corner[];
}

/** All texts, with the attributes that they have of the elements around them. */
const inherited = ({ children, attributes }: Element): Pick<Element, "text" | "attributes">[] =>
  children.flatMap((child) => {
    const own = { ...attributes, ...child.attributes };
    return child.name === "text" ? [{ text: child.text, attributes: own }] : inherited({ ...child, attributes: own });
  });

/** Boxes of all texts; a text may be turned about its own point. */
function textBoxes(svg: Element): TextBox[] {
  return inherited(svg).map(({ text, attributes }) => {
    const [x, y] = [Number(attributes.x), Number(attributes.y)];
    const size = attributes.class?.includes("small") ? 11 : 13;
    const width = textWidth(text, size);
    const left = x - { end: width, middle: width / 2, start: 0 }[attributes["text-anchor"] ?? "start"]!;
    const [, angle = "0", aboutX, aboutY] = /^rotate\((\S+) (\S+) (\S+)\)$/.exec(attributes.transform ?? "") ?? [];
    if (aboutX !== undefined && (Number(aboutX) !== x || Number(aboutY) !== y))
      throw new Error("turned about elsewhere");
    const radians = (Number(angle) * Math.PI) / 180;
    const turn = ([px, py]: Corner): Corner => [
      x + (px - x) * Math.cos(radians) - (py - y) * Math.sin(radians),
      y + (px - x) * Math.sin(radians) + (py - y) * Math.cos(radians),
    ];
    const [top, bottom] = [y - 0.78 * size, y + 0.2 * size];
    const box: Corner[] = [[left, top], [left + width, top], [left + width, bottom], [left, bottom]]; // biome-ignore format: corners
    return { text, corners: box.map(turn) };
  });
}

/** True when an edge of one box has all of the other on its other side. */
const apart = (a: TextBox, b: TextBox): boolean =>
  [a, b].some(({ corners }) =>
    corners.some(([x, y], i) => {
      const [toX, toY] = corners[(i + 1) % corners.length]!;
      const across = ([px, py]: Corner): number => (toX - x) * (py - y) - (toY - y) * (px - x);
      const sides = [a, b].map((box) => box.corners.map(across));
      const own = sides[[a, b].findIndex((box) => box.corners === corners)]!;
      const other = sides[1 - sides.indexOf(own)]!;
      return Math.max(...other) <= Math.min(...own) + 1e-9 || Math.min(...other) >= Math.max(...own) - 1e-9;
    }),
  );

/** Texts of a picture that lie over one another or beyond its edge. */
export function collisions(svg: Element): string[] {
  const boxes = textBoxes(svg);
  const [width, height] = [Number(svg.attributes.width), Number(svg.attributes.height)];
  const outside = ({ corners }: TextBox): boolean =>
    corners.some(([x, y]) => x < 0 || y < 0 || x > width || y > height);
  return [
    ...boxes.filter(outside).map(({ text }) => `${text} is outside`),
    ...boxes.flatMap((a, i) => boxes.slice(i + 1).filter((b) => !apart(a, b)).map((b) => `${a.text} over ${b.text}`)),
  ]; // biome-ignore format: a list
}

/** Colours that elements are given by attributes: those of methods. */
export const coloursOf = (svg: string): string[] => [
  ...new Set(svg.match(/(?<=(?:fill|stroke)="|style="fill: )#\w+/g)),
];
