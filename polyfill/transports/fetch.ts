import type { Transport } from '../transport.ts';
import { isCrossOrigin } from '../platform/urls.ts';
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

/** Milliseconds in which a server that has just answered answers again, or it is an outage. */
const refusalTimeout = 1000;

export const fetchTransport: Transport = function (request, client) {
  const controller = new AbortController();
  let aborted = false;
  const headers: Record<string, string> = { Accept: 'text/event-stream' };
  if (request.lastEventId !== '') headers['Last-Event-ID'] = encodeHeaderValue(request.lastEventId);

  function abort(): void {
    aborted = true;
    controller.abort();
  }

  function end(): void {
    if (aborted) return;
    abort();
    client.onEnd();
  }

  function send(mode: 'cors' | 'no-cors'): Promise<Response> {
    return fetch(request.url, {
      headers: mode === 'cors' ? headers : {},
      mode: mode,
      cache: 'no-store',
      credentials: request.withCredentials ? 'include' : 'same-origin',
      signal: controller.signal
    });
  }

  /**
   * A script sees the same error for a refusal by CORS as for an outage. Asked without CORS, a server that is there answers, opaquely; if it
   * then still gives an error with CORS, to ask again would be futile. A source that has been open was allowed to.
   */
  function tellRefusalFromOutage(): void {
    if (aborted) return;
    if (request.hasBeenOpen || !isCrossOrigin(request.url)) {
      end();
      return;
    }
    const timer = setTimeout(end, refusalTimeout);
    send('no-cors').then(function () {
      clearTimeout(timer);
      if (!aborted) send('cors').then(takeResponse, refuse);
    }, end);
  }

  function refuse(): void {
    if (aborted) return;
    abort();
    client.onEnd(true);
  }

  function takeResponse(response: Response): void {
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
  }

  send('cors').then(takeResponse, tellRefusalFromOutage);

  return abort;
};
