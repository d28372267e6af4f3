import { type Document, isMap, isNode, isPair, isScalar, LineCounter, parseDocument, visit } from "yaml";

/** Something wrong with a recipe. `line` is 1-based; a problem without one comes from a flag or from what is missing. */
export interface Problem {
  readonly line?: number;
  /** `key: what is wrong`. */
  readonly text: string;
}

/** A recipe's text as parsed: plain values, the lines they are on, and what YAML itself objects to. */
export interface RecipeSource {
  readonly value: unknown;
  readonly problems: readonly Problem[];
  /** The 1-based line of the key or item at `path`, or of the nearest thing around it. */
  lineOf(path: readonly PropertyKey[]): number | undefined;
}

/** Characters of a parser's message, which quotes what it met, in one of ours. */
const MAX_MESSAGE = 200;

/** Levels of nesting; a recipe has four. Deeper ones can take the parser, which calls itself, exponential time. */
const MAX_DEPTH = 64;

/** Indicators of lists, keys and values in a row, each of which nests the next. */
const NESTED_IN_A_LINE = new RegExp(`(?:[-?:][ \\t]+){${MAX_DEPTH + 1}}`);

/** True when a YAML text nests values in one line, or in brackets, deeper than a recipe may. Takes linear time. */
export function isTooDeep(yaml: string): boolean {
  let depth = 0;
  for (const [bracket] of yaml.matchAll(/[[\]{}]/g)) {
    depth = Math.max(0, depth + ("[{".includes(bracket) ? 1 : -1));
    if (depth > MAX_DEPTH) return true;
  }
  return NESTED_IN_A_LINE.test(yaml);
}

/** Parses YAML 1.2 and keeps the lines. Never throws. */
export function readSource(yaml: string): RecipeSource {
  const lines = new LineCounter();
  const lineAt = (offset: number) => lines.linePos(offset).line;
  const unreadable = (problems: readonly Problem[]) => ({ value: undefined, problems, lineOf: () => undefined });
  if (isTooDeep(yaml)) return unreadable([{ line: 1, text: invalid(`more than ${MAX_DEPTH} levels of nesting`) }]);
  try {
    const document = parseDocument(yaml, { lineCounter: lines, prettyErrors: false, uniqueKeys: false });
    const faults = [...document.errors, ...document.warnings];
    if (faults.length > 0) {
      return unreadable(faults.map(({ message, pos }) => ({ line: lineAt(pos[0]), text: invalid(message) })));
    }
    return {
      value: document.toJS(),
      problems: repeatedKeys(document, lineAt),
      lineOf: (path) => lineOf(document, path, lineAt),
    };
  } catch (error) {
    return unreadable([{ line: 1, text: invalid((error as Error).message) }]);
  }
}

const invalid = (message: string): string =>
  `not valid YAML: ${message.length > MAX_MESSAGE ? `${message.slice(0, MAX_MESSAGE)}…` : message}`;

function repeatedKeys(document: Document, lineAt: (offset: number) => number): Problem[] {
  const problems: Problem[] = [];
  visit(document, {
    Map(_, map) {
      const first = new Map<string, number>();
      for (const { key } of map.items) {
        if (!isScalar(key) || !key.range) continue;
        const line = lineAt(key.range[0]);
        const name = String(key.value);
        const before = first.get(name);
        if (before === undefined) first.set(name, line);
        else problems.push({ line, text: `${name}: duplicate key, first on line ${before}` });
      }
    },
  });
  return problems;
}

function lineOf(
  document: Document,
  path: readonly PropertyKey[],
  lineAt: (offset: number) => number,
): number | undefined {
  let line: number | undefined;
  let node: unknown = document.contents;
  for (const part of path) {
    const pair = isMap(node) ? node.items.find(({ key }) => isScalar(key) && String(key.value) === part) : undefined;
    const found =
      pair ??
      (isNode(node) && "get" in node ? (node.get as (k: unknown, keep: true) => unknown)(part, true) : undefined);
    const marked = isPair(found) ? found.key : found;
    if (!isNode(marked) || !marked.range) break;
    line = lineAt(marked.range[0]);
    node = isPair(found) ? found.value : found;
  }
  return line;
}
