import type { Transport, TransportRequest } from '../transport.ts';
import { isCrossOrigin } from '../platform/urls.ts';
import { createUtf8Decode } from '../platform/utf-8.ts';
import { decodePercent, encodeHeaderValue } from './encode-header-value.ts';

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

const userInfo = /^(https?:\/\/)([^/?#]*)@/;

/** fetch refuses a URL with credentials, where the standard's request carries them: here they go into the Authorization header. */
export function withoutCredentials(url: string): string {
  return url.replace(userInfo, '$1');
}

/** The members of a request that the standard asks for. */
export function createRequestInit(request: TransportRequest, signal: AbortSignal): RequestInit {
  const headers: Record<string, string> = { Accept: 'text/event-stream' };
  if (request.lastEventId !== '') headers['Last-Event-ID'] = encodeHeaderValue(request.lastEventId);
  const credentials = userInfo.exec(request.url);
  // To another origin that header would need a preflight.
  if (credentials && !isCrossOrigin(request.url)) {
    const pair = credentials[2]!.indexOf(':') < 0 ? credentials[2] + ':' : credentials[2]!;
    headers.Authorization = 'Basic ' + btoa(decodePercent(pair));
  }
  // Deno and Bun take no notice of `cache`; in a page these headers would need a preflight.
  if (typeof location === 'undefined') headers['Cache-Control'] = headers.Pragma = 'no-cache';
  const init: RequestInit = {
    headers: headers,
    cache: 'no-store',
    credentials: request.withCredentials ? 'include' : 'same-origin'
  };
  // Node 24 has an uncaught exception when the answer to a data: or blob: URL is aborted, which costs no network.
  if (/^http/.test(request.url)) init.signal = signal;
  return init;
}

/** Milliseconds in which a server that has just answered answers again, or it is an outage. */
const refusalTimeout = 1000;

/**
 * @param send sends one request; what its promise rejects with is a network error.
 * @param tellsRefusals whether a first attempt that ended in one may be followed by another request that tells a refusal by CORS.
 */
export function createFetchTransport(
  send: (request: TransportRequest, signal: AbortSignal) => Promise<Response>,
  tellsRefusals: boolean
): Transport {
  return function (request, client) {
    const controller = new AbortController();
    const signal = controller.signal;

    function abort(): void {
      controller.abort();
    }

    function end(cause?: unknown): void {
      finish(false, cause);
    }

    function refuse(cause: unknown): void {
      finish(true, cause);
    }

    function finish(isFutile: boolean, cause: unknown): void {
      if (signal.aborted) return;
      abort();
      client.onEnd(isFutile, cause);
    }

    /**
     * A script sees the same error for a refusal by CORS as for an outage. Asked without CORS, a server that is there answers, opaquely; if
     * it then still gives an error with CORS, to ask again would be futile. A source that has been open was allowed to.
     */
    function tellRefusalFromOutage(cause: unknown): void {
      if (signal.aborted) return;
      if (!tellsRefusals || request.hasBeenOpen || !isCrossOrigin(request.url)) {
        end(cause);
        return;
      }
      const timer = setTimeout(end, refusalTimeout, cause);
      const init = createRequestInit(request, signal);
      init.headers = {};
      init.mode = 'no-cors';
      fetch(withoutCredentials(request.url), init).then(function () {
        clearTimeout(timer);
        if (!signal.aborted) send(request, signal).then(takeResponse, refuse);
      }, end);
    }

    function takeResponse(response: Response): void {
      if (signal.aborted) return;
      if (
        !client.onResponse(
          response.status,
          response.headers.get('Content-Type') || '',
          response.url,
          response
        )
      ) {
        abort();
        return;
      }
      if (!response.body) {
        end();
        return;
      }
      const reader = response.body.getReader();
      const decode = createUtf8Decode();

      function read(): void {
        if (!signal.aborted) reader.read().then(take, end);
      }

      function take(result: ReadableStreamReadResult<Uint8Array>): void {
        if (signal.aborted) return;
        if (result.done) end();
        else client.onText(decode(result.value), read);
      }

      read();
    }

    send(request, signal).then(takeResponse, tellRefusalFromOutage);
    return abort;
  };
}

export const fetchTransport: Transport = /* @__PURE__ */ createFetchTransport(function (request, signal) {
  return fetch(withoutCredentials(request.url), createRequestInit(request, signal));
}, true);
