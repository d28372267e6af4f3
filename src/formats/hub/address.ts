/** An address as messages show it: credentials and the query, which may hold a signature, are left out. */
export function shownAddress(address: string | URL): string {
  if (!URL.canParse(String(address)))
    return String(address)
      .replace(/[?#].*$/s, "")
      .replace(/\/\/[^/]*@/, "//");
  const { protocol, host, pathname } = new URL(address);
  const root = host === "" ? protocol : `${protocol}//${host}`;
  return pathname === "/" ? root : root + pathname;
}

/**
 * The address that a redirect leads to; undefined where it must not be followed: to no address, to one with credentials,
 * from https to http, or to a protocol that is neither.
 * @param from The address that was redirected.
 * @param location As the header has it.
 */
export function redirectTarget(from: URL, location: string): URL | undefined {
  if (!URL.canParse(location, from.href)) return undefined;
  const to = new URL(location, from);
  if (to.username !== "" || to.password !== "") return undefined;
  return to.protocol === "https:" || (to.protocol === "http:" && from.protocol === "http:") ? to : undefined;
}
