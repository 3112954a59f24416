import { root } from './globals.ts';

export interface ParsedUrl {
  href: string;
  /** Serialised; "null" if opaque. */
  origin: string;
}

/** The environment's, if it has one: what a test or a library has put in the place of a location may have no URL. */
export function ownLocation(): string | undefined {
  return (Object(root.location) as Partial<Location>).href || undefined;
}

/** Parses against the environment's base: the document's, or a worker's location. Undefined on failure. */
export function parseUrl(url: string): ParsedUrl | undefined {
  let parsed: ParsedUrl | undefined;
  if (FOR_OLD_ENGINES && typeof URL !== 'function') {
    // Where there is no URL there is a document, and its links know how to parse; what cannot be parsed has no host.
    const link = document.createElement('a');
    link.href = url;
    // Set once more, to what was read, Internet Explorer fills in the other members of a relative URL.
    // eslint-disable-next-line no-self-assign
    link.href = link.href;
    if (link.hostname || !/^(https?:|:|)$/.test(link.protocol)) {
      parsed = {
        href: link.href,
        origin: link.href
          .replace(/[^/]*@/, '')
          .split('/', 3)
          .join('/')
      };
    }
  } else if (FOR_SERVERS && new URL('http://a/b').href !== 'http://a/b') {
    // React Native's own ends whatever it is given with a slash, refuses nothing, and may throw when it is asked for the origin.
    const match = /^(https?:\/\/)([^/?#]*@)?([^/?#\s]+)/i.exec(url);
    if (match) parsed = { href: url, origin: (match[1]! + match[3]!).toLowerCase() };
  } else {
    try {
      parsed = new URL(url, root.document ? document.baseURI : FOR_FETCH ? ownLocation() : location.href);
    } catch {
      // Not a URL.
    }
  }
  // "If asciiDomain contains a forbidden domain code point": Chromium and old engines escape spaces and others.
  if (!parsed || !/^http.*%/.test(parsed.origin)) return parsed;
}

export const userInfo = /^(https?:\/\/)([^/?#]*)@/;

export function withoutCredentials(url: string): string {
  return url.replace(userInfo, '$1');
}

/** Whether CORS applies to requests for this URL, which is one that can be parsed: never without a location. */
export function isCrossOrigin(url: string): boolean {
  if (FOR_FETCH && !ownLocation()) return false;
  // The environment's own, which is not that of its location in a sandbox or in srcdoc; a document's base may be of another origin too. A page
  // may have put something else into window.origin, and engines without fetch have none.
  const own = FOR_FETCH && /^(null|http)/.test(root.origin!) ? root : parseUrl(location.href)!;
  return own.origin !== parseUrl(url)!.origin;
}
