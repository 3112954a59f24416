import type { TransportRequest } from '../transport.ts';

/** Sets the headers that the standard asks for. `withCacheMode`: also those that stand in for the cache mode no-store. */
export function setHeaders(
  request: TransportRequest,
  withCacheMode: boolean,
  set: (name: string, value: string) => void
): void {
  set('Accept', 'text/event-stream');
  if (withCacheMode) {
    set('Cache-Control', 'no-cache');
    set('Pragma', 'no-cache');
  }
  // The bytes of the value are the UTF-8 of the string: header values are byte strings, one character per byte.
  if (request.lastEventIdString)
    set('Last-Event-ID', unescape(encodeURIComponent(request.lastEventIdString)));
}
