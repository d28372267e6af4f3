/**
 * A text that may be shown or stored: addresses without credentials and without a query, which may hold a signature, and
 * no token of the Hub.
 */
export const redacted = (text: string): string =>
  text
    .replace(/\b([a-z][a-z\d+.-]+:\/{1,2})[^\s/?#"'`@]*@/gi, "$1")
    .replace(/\b([a-z][a-z\d+.-]+:\/{1,2}[^\s?"'`]*)\?[^\s"'`]*?(?=:?(?:[\s"'`]|$))/gi, "$1")
    .replace(/\b(hf|api_org)_[a-z\d]{16,}\b/gi, "$1_…");
