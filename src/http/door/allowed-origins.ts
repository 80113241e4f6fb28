const ANY = '*';

/** The origins of `ALLOWED_ORIGINS`: pages of these may call the server and read its answers. */
export class AllowedOrigins {
  private readonly exact: ReadonlySet<string>;

  /** @param origins as the setting has them: `https://app.example.com`, or `*` alone for all. */
  constructor(origins: readonly string[]) {
    this.exact = new Set(origins.map(serialized));
  }

  get isEmpty(): boolean {
    return this.exact.size === 0;
  }

  /**
   * What `access-control-allow-origin` says to a page.
   * @param origin the request's header; undefined where no browser sends one.
   * @returns undefined: nothing, so that browsers keep the answer from the page.
   */
  answerTo(origin: string | undefined): string | undefined {
    if (this.exact.has(ANY)) return ANY;
    return origin !== undefined && this.exact.has(origin) ? origin : undefined;
  }
}

/** As browsers write an origin: in lower case, without the usual port, names in Punycode. */
function serialized(origin: string): string {
  if (origin === ANY) return origin;
  // Only schemes that the URL standard knows have an origin there: not those of desktop apps and extensions.
  const { origin: known } = new URL(origin);
  return known === 'null' ? origin.toLowerCase().replace(/\/$/, '') : known;
}
