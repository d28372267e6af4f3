/** Elements of the page. */

/** The element of an id, which the page has. */
export function byId<Kind extends HTMLElement = HTMLElement>(id: string): Kind {
  const element = document.getElementById(id);
  if (!element) throw new Error(`the page has no #${id}`);
  return element as Kind;
}

type Attributes = Readonly<Record<string, string | boolean | ((event: Event) => void)>>;

/** A new element. Functions are listeners; `true` is an attribute without a value, `false` leaves it out. */
export function el(name: string, attributes: Attributes = {}, ...children: (Node | string)[]): HTMLElement {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(key, value);
    else if (value !== false) element.setAttribute(key, value === true ? "" : value);
  }
  element.append(...children);
  return element;
}

/** A new element of a picture. */
export function svg(
  name: string,
  attributes: Readonly<Record<string, string | number>>,
  ...children: (Node | string)[]
): SVGElement {
  const element = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, String(value));
  element.append(...children);
  return element;
}

/** Sets a text, if it is another: a status that is set again would be read again. */
export function setText(id: string, text: string): void {
  const element = byId(id);
  if (element.textContent !== text) element.textContent = text;
}

/** A list of terms and values. */
export const facts = (list: readonly (readonly [term: string, value: string, note?: string])[]): HTMLElement[] =>
  list.map(([term, value, note]) =>
    el("div", {}, el("dt", {}, term), el("dd", {}, value, ...(note === undefined ? [] : [el("small", {}, note)]))),
  );

/** Offers a file to the user, as a download. */
export function offer(file: File): void {
  const url = URL.createObjectURL(file);
  el("a", { href: url, download: file.name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
