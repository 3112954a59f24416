import type { TransportRequest } from '../transport.ts';

/** The headers that the standard asks for. `withCacheMode`: also those that stand in for the cache mode no-store. */
export function createHeaders(request: TransportRequest, withCacheMode: boolean): Record<string, string> {
  const headers: Record<string, string> = { Accept: 'text/event-stream' };
  if (withCacheMode) headers['Cache-Control'] = headers.Pragma = 'no-cache';
  // The bytes of the value are the UTF-8 of the string: header values are byte strings, one character per byte.
  if (request.lastEventId) headers['Last-Event-ID'] = unescape(encodeURIComponent(request.lastEventId));
  return headers;
}
