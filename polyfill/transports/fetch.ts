import type { Transport } from '../transport.ts';
import { encodeHeaderValue } from './encode-header-value.ts';

/** Whether this engine's fetch can stream text and be aborted. */
export function canFetch(): boolean {
  return (
    typeof fetch === 'function' &&
    typeof Response === 'function' &&
    'body' in Response.prototype &&
    typeof TextDecoder === 'function' &&
    typeof AbortController === 'function'
  );
}

export const fetchTransport: Transport = function (request, client) {
  const controller = new AbortController();
  let aborted = false;
  const headers: Record<string, string> = { Accept: 'text/event-stream' };
  if (request.lastEventId !== '') headers['Last-Event-ID'] = encodeHeaderValue(request.lastEventId);
  // Deno and Bun take no notice of `cache`; in a page these headers would need a preflight.
  if (typeof location === 'undefined') headers['Cache-Control'] = headers.Pragma = 'no-cache';

  function abort(): void {
    aborted = true;
    controller.abort();
  }

  function end(): void {
    if (aborted) return;
    aborted = true;
    client.onEnd();
  }

  fetch(request.url, {
    headers: headers,
    cache: 'no-store',
    credentials: request.withCredentials ? 'include' : 'same-origin',
    signal: controller.signal
  }).then(function (response) {
    if (aborted) return;
    if (!client.onResponse(response.status, response.headers.get('Content-Type') || '', response.url)) {
      abort();
      return;
    }
    if (!response.body) {
      end();
      return;
    }
    const reader = response.body.getReader();
    // The one leading BOM is removed here: left to Node 24's decoder, a second one can go with it when the first is cut.
    const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
    let atStart = true;

    function read(): void {
      if (!aborted) reader.read().then(take, end);
    }

    function take(result: ReadableStreamReadResult<Uint8Array>): void {
      if (aborted) return;
      if (result.done) {
        end();
        return;
      }
      let text = decoder.decode(result.value, { stream: true });
      if (atStart && text !== '') {
        atStart = false;
        if (text.charCodeAt(0) === 0xfeff) text = text.slice(1);
      }
      client.onText(text, read);
    }

    read();
  }, end);

  return abort;
};
