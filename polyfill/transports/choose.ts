import { root } from '../platform/globals.ts';
import type { Transport } from '../transport.ts';
import { fetchTransport } from './fetch.ts';
import { xhrTransport } from './xhr.ts';

/**
 * The best that the engine has: fetch, which keeps no text that was read, if it can stream text; else XHR. Null without either.
 * Engines whose fetch can do that but cannot be aborted (Chrome 43 to 65) have an EventSource of their own.
 */
export function chooseTransport(): Transport | null {
  if (!FOR_OLD_ENGINES) return root.fetch && root.AbortController ? fetchTransport : null;
  if (FOR_FETCH && root.fetch && root.TextDecoder && 'body' in Response.prototype) return fetchTransport;
  return FOR_SERVERS && !root.XMLHttpRequest ? null : xhrTransport;
}
