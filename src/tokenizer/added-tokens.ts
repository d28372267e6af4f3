import { TokenizerError } from "../errors.ts";
import { list, type Part, part, shown } from "./compat.ts";

/** A token that is looked for in the text before anything else is done to it. */
export interface AddedToken {
  readonly content: string;
  readonly id: number;
  readonly special: boolean;
  /** Looked for in the normalized text, itself normalized. */
  readonly normalized: boolean;
  /** Not within a word. */
  readonly singleWord: boolean;
  /** It takes the white space before it. */
  readonly lstrip: boolean;
  readonly rstrip: boolean;
}

/** The largest id of a token: no vocabulary has as many. Ids are stored as int32, and lists of tokens are as long. */
const MAX_ID = 2 ** 24;
/** Tokens beside the vocabulary; those with the most have some thousands. */
const MAX_ADDED = 2 ** 17;

/** A token's id. @throws {TokenizerError} when it is no integer, negative, or beyond all vocabularies. */
export function tokenId(value: unknown, name: string, where: string): number {
  if (Number.isInteger(value) && (value as number) >= 0 && (value as number) < MAX_ID) return value as number;
  throw new TokenizerError(`the id of ${name} is ${shown(value)}`, {
    where,
    expected: `an integer from 0 to ${MAX_ID - 1}`,
  });
}

/** The `added_tokens` of a `tokenizer.json`. @throws {TokenizerError} when they are malformed. */
export function addedTokensOf(value: unknown, where: string): readonly AddedToken[] {
  const tokens = list(value ?? [], "the added_tokens", where);
  if (tokens.length > MAX_ADDED) {
    throw new TokenizerError(`there are ${tokens.length} added_tokens`, { where, expected: `at most ${MAX_ADDED}` });
  }
  return tokens.map((one, i) => {
    const token: Part = part(one, `added_tokens[${i}]`, where);
    const { content, id } = token;
    if (typeof content !== "string") {
      throw new TokenizerError(`the content of added_tokens[${i}] is ${shown(content)}`, { where, expected: "a text" });
    }
    const special = token.special === true;
    return {
      ...{ content, id: tokenId(id, `the added token ${JSON.stringify(content)}`, where), special },
      normalized: typeof token.normalized === "boolean" ? token.normalized : !special,
      ...{ singleWord: token.single_word === true, lstrip: token.lstrip === true, rstrip: token.rstrip === true },
    };
  });
}

/** A stretch of text, or a token found in it; up to where the next section begins. */
export type Section =
  | { readonly text: string; readonly from: number }
  | { readonly token: AddedToken; readonly from: number };

interface Node {
  readonly next: Map<string, Node>;
  token?: AddedToken;
}

/**
 * Makes the function that finds tokens in a text: the leftmost, of those the longest, as Rust's `tokenizers` does.
 * @param spelled The text to look for by token.
 */
export function sectionFinder(spelled: ReadonlyMap<string, AddedToken>): (text: string) => Section[] {
  const root: Node = { next: new Map() };
  for (const [content, token] of spelled) {
    let node = root;
    for (const unit of content.split("")) {
      const next: Node = node.next.get(unit) ?? { next: new Map() };
      node.next.set(unit, next);
      node = next;
    }
    if (content !== "") node.token ??= token;
  }
  if (root.next.size === 0) return (text) => (text === "" ? [] : [{ text, from: 0 }]);
  const firsts = firstUnits(root);
  return (text) => {
    const sections: Section[] = [];
    let done = 0;
    for (let at = 0; ; ) {
      firsts.lastIndex = at;
      if (!firsts.test(text)) break;
      at = firsts.lastIndex - 1;
      const found = longest(root, text, at);
      if (!found) {
        at++;
        continue;
      }
      const { token, end } = found;
      const stands = !token.singleWord || !(endsInWord(text, at) || beginsWord(text, end));
      if (!stands) {
        at = end;
        continue;
      }
      let [from, to] = [at, end];
      while (token.lstrip && from > done && SPACE.test(text[from - 1] as string)) from--;
      while (token.rstrip && to < text.length && SPACE.test(text[to] as string)) to++;
      if (from > done) sections.push({ text: text.slice(done, from), from: done });
      sections.push({ token, from });
      done = to;
      at = Math.max(end, to);
    }
    if (done < text.length) sections.push({ text: text.slice(done), from: done });
    return sections;
  };
}

/** Finds the code units that any token begins with; most texts have none. */
function firstUnits({ next }: Node): RegExp {
  const units = [...next.keys()].map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
  return new RegExp(`[${units.join("")}]`, "g");
}

function longest(root: Node, text: string, at: number): { token: AddedToken; end: number } | undefined {
  let found: { token: AddedToken; end: number } | undefined;
  let node = root.next.get(text[at] as string);
  for (let end = at + 1; node; end++) {
    if (node.token) found = { token: node.token, end };
    node = node.next.get(text[end] ?? "");
  }
  return found;
}

const SPACE = /\p{White_Space}/u;
const WORD = /[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}]/u;
const endsInWord = (text: string, at: number): boolean => WORD.test(text.slice(Math.max(0, at - 2), at).match(/.$/su)?.[0] ?? ""); // biome-ignore format: one test
const beginsWord = (text: string, at: number): boolean => WORD.test(String.fromCodePoint(text.codePointAt(at) ?? 0));
