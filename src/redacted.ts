/** An address, to its end. Its scheme is short, so that a long text without one is read once. */
const ADDRESS = /\b[a-z][a-z\d+.-]{1,30}:\/{1,2}[^\s"'`]*/gi;

/** User and password before the host. */
const CREDENTIALS = /(:\/{1,2})[^\s/?#"'`@]*@/g;

/** A query; a colon at its end belongs to the sentence. */
const QUERY = /\?.*?(:?)$/s;

/**
 * A text that may be shown or stored: addresses without credentials and without a query, which may hold a signature, and
 * no token of the Hub. Takes time in proportion to the text's length.
 */
export const redacted = (text: string): string =>
  text
    .replace(ADDRESS, (address) => address.replace(CREDENTIALS, "$1").replace(QUERY, "$1"))
    .replace(/\b(hf|api_org)_[a-z\d]{16,}\b/gi, "$1_…");
