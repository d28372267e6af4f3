import { el, text, titleOf } from "./svg.ts";

/** Size of the text of pictures, in pixels. */
export const FONT = 13;

/** Size of the text of marks and counts. */
export const SMALL_FONT = 11;

/** Colours of text, page and lines, light or dark as the reader's page is. */
const STYLE = `
  text { font: ${FONT}px system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif; fill: #1f2328; }
  .small { font-size: ${SMALL_FONT}px; }
  .page { fill: #fff; } .soft { fill: #59636e; } .strong { font-weight: 600; }
  .name { font-weight: 600; paint-order: stroke; stroke: #fff; stroke-width: 4px; }
  .grid { stroke: #59636e; stroke-opacity: .22; } .axis { stroke: #59636e; stroke-opacity: .7; }
  .ink { stroke: #1f2328; fill: none; } .inked { fill: #1f2328; } 
  @media (prefers-color-scheme: dark) {
    text { fill: #f0f3f6; } .page { fill: #0d1117; } .soft { fill: #9ea7b3; } .grid, .axis { stroke: #9ea7b3; }
    .name { stroke: #0d1117; } .ink { stroke: #f0f3f6; } .inked { fill: #f0f3f6; }
  }
`;

/** Frame of a picture. */
export interface Page {
  readonly width: number;
  readonly height: number;
  /** Description of the picture, for those who do not see it. */
  readonly title: string;
  /** Pixels from the left to the heading. */
  readonly left: number;
  readonly heading: string;
}

/** Height of the heading of a picture, in pixels. */
export const HEADING = 44;

/** A whole picture around elements, light or dark as the reader's page is. */
export function page({ width, height, title, left, heading }: Page, ...children: readonly string[]): string {
  const box = { xmlns: "http://www.w3.org/2000/svg", viewBox: `0 0 ${width} ${height}`, width, height, role: "img" };
  const head = text(left, 24, heading, { class: "strong" });
  const sheet = el("rect", { class: "page", width, height, rx: 6 });
  return `${el("svg", box, titleOf(title), el("style", {}, STYLE), sheet, head, ...children)}\n`;
}
