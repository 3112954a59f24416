import { root } from './globals.ts';

export interface ParsedUrl {
  href: string;
  /** Serialised; "null" if opaque. */
  origin: string;
  /** With its colon. */
  protocol: string;
}

/** Parses against the environment's base: the document's, or a worker's location. Null on failure. */
export function parseUrl(url: string): ParsedUrl | null {
  const base =
    typeof document !== 'undefined'
      ? document.baseURI || document.location.href
      : typeof location !== 'undefined'
        ? location.href
        : undefined;
  if (typeof root.URL === 'function') {
    try {
      return new root.URL(url, base);
    } catch {
      return null;
    }
  }
  // Where there is no URL there is a document, and its links know how to parse; what cannot be parsed has no host.
  if (typeof document === 'undefined') return null;
  const link = document.createElement('a');
  link.href = url;
  // Set once more, to what was read, Internet Explorer fills in the other members of a relative URL.
  const href = link.href;
  link.href = href;
  if (!/^[a-z]/i.test(link.protocol) || (/^https?:$/.test(link.protocol) && !link.hostname)) return null;
  return {
    href: link.href,
    // Internet Explorer's host has the default port.
    origin: link.protocol + '//' + link.host.replace(link.protocol === 'https:' ? /:443$/ : /:80$/, ''),
    protocol: link.protocol
  };
}

/** Whether CORS applies to requests for this URL, which is one that can be parsed: never without a document or location. */
export function isCrossOrigin(url: string): boolean {
  const base = parseUrl('');
  return !!base && base.origin !== parseUrl(url)!.origin;
}
