import { refusalTimeout, type Transport, type TransportRequest } from '../transport.ts';
import { ignore } from '../platform/globals.ts';
import { isCrossOrigin, ownLocation, userInfo, withoutCredentials } from '../platform/urls.ts';
import { createUtf8Decode } from '../platform/utf-8.ts';
import { setHeaders } from './headers.ts';

/** https://fetch.spec.whatwg.org/#redirect-status */
export const redirectStatuses = [301, 302, 303, 307, 308];

/** The members of a request that the standard asks for, with the credentials of `url`. */
export function createRequestInit(
  url: string,
  request: TransportRequest,
  signal: AbortSignal,
  mode?: RequestMode
): RequestInit {
  // Deno and Bun take no notice of `cache`; in a page these headers would need a preflight.
  const headers: Record<string, string> = {};
  setHeaders(request, FOR_SERVERS && !ownLocation(), (name, value) => {
    headers[name] = value;
  });
  const credentials = userInfo.exec(url);
  // To another origin that header would need a preflight.
  if (credentials && !isCrossOrigin(url)) {
    // To unescape, %u is more than two characters.
    const pair = credentials[2]!.replace(/^[^:]*$/, '$&:').replace(/%u/gi, '%25u');
    headers.Authorization = 'Basic ' + btoa(unescape(pair));
  }
  return {
    headers: headers,
    cache: 'no-store',
    credentials: request.withCredentials ? 'include' : 'same-origin',
    // Node 24 has an uncaught exception when the answer to a data: or blob: URL is aborted, which costs no network.
    signal: FOR_SERVERS && !/^http/.test(url) ? null : signal,
    mode: mode as RequestMode,
    // Firefox takes it along to another origin, with the second redirect there.
    redirect: (headers.Authorization && ownLocation() && 'manual') as RequestRedirect
  };
}

/**
 * Bytes that are decoded at once; more, if a chunk were more than 64 pieces. While events wait, Node joins what comes in into chunks of
 * 128 KB. V8 gives strings of that size memory of their own, which takes ten times as long as to decode them; and the more events wait, the
 * more its young generation grows: after 1,000,000 events by 33 MB with pieces of 32 KB, by 18 MB with these.
 */
const pieceLength = 0x1000;

/**
 * @param send sends one request; what its promise rejects with is a network error.
 * @param tellsRefusals whether a first attempt that ended in one may be followed by another request that tells a refusal by CORS.
 */
export function createFetchTransport(
  send: (request: TransportRequest, signal: AbortSignal, mode?: RequestMode) => Promise<Response>,
  tellsRefusals: boolean
): Transport {
  return (request, client) => {
    let controller = new AbortController();
    let isOver = false;
    let timer: ReturnType<typeof setTimeout> | undefined;
    let reader: ReadableStreamDefaultReader<Uint8Array> | null | undefined;

    function abort(): void {
      isOver = true;
      clearTimeout(timer);
      controller.abort();
      cancel();
    }

    /** Deno keeps the connections of several sources that are closed at once, and what a page's fetch gives may take no notice of a signal. */
    function cancel(): void {
      if (reader)
        Promise.resolve(reader)
          .then((it) => it.cancel())
          .catch(ignore);
    }

    function end(cause?: unknown, isFutile?: boolean): void {
      if (isOver) return;
      abort();
      client.onEnd(isFutile, cause);
    }

    /** A page may have put something else in place of fetch, that throws or answers no promise. */
    function ask(mode?: RequestMode): Promise<Response> {
      return new Promise((resolve) => {
        resolve(send(request, controller.signal, mode));
      });
    }

    function takeResponse(response: Response): void {
      // Bun's response to a data: or blob: URL has it no more once its body was taken.
      const contentType = response.headers.get('Content-Type') || '';
      reader = response.body && response.body.getReader();
      if (isOver) return cancel();
      client.onResponse(response.status, contentType, response.url, response);
      const decode = createUtf8Decode();

      function read(): void {
        // A fetch that takes no notice of the signal would be read on and on.
        if (!reader || isOver) end();
        else {
          reader
            .read()
            .then((result) => {
              if (result.done) end();
              else if (FOR_SERVERS)
                takeInPieces(result.value, Math.max(pieceLength, result.value.length / 64));
              else client.onText(decode(result.value), read);
            })
            // What a page's fetch gives may be no bytes.
            .catch(end);
        }
      }

      function takeInPieces(bytes: Uint8Array, length: number): void {
        const rest = bytes.subarray(length);
        client.onText(decode(bytes.subarray(0, length)), () => {
          if (rest.length && !isOver) takeInPieces(rest, length);
          else read();
        });
      }

      read();
    }

    ask()
      .then(takeResponse)
      // Also of what is no response.
      .catch((cause) => {
        // A script sees the same error for a refusal by CORS as for an outage. Asked without CORS, a server that is there answers, opaquely;
        // if it then still gives an error with CORS, to ask again would be futile. A source that has been open was allowed to.
        if (isOver || !tellsRefusals || request.wasOpen || !isCrossOrigin(request.url)) end(cause);
        else {
          timer = setTimeout(end, refusalTimeout, cause);
          ask('no-cors').then(() => {
            clearTimeout(timer);
            // Nobody can read what it would go on to send.
            controller.abort();
            if (isOver) return;
            controller = new AbortController();
            ask()
              .then(takeResponse)
              .catch((cause) => end(cause, true));
          }, end);
        }
      });
    return abort;
  };
}

export const fetchTransport: Transport = /* @__PURE__ */ createFetchTransport((request, signal, mode) => {
  // Bun takes the fragment of a data URL for data.
  const url = withoutCredentials(FOR_SERVERS ? request.url.replace(/#.*/, '') : request.url);
  const init = createRequestInit(request.url, request, signal, mode);
  return fetch(url, init).then((response) => {
    // Node's fetch tells a page of jsdom where it leads, and takes the credentials off itself.
    if (FOR_SERVERS && init.redirect && redirectStatuses.includes(response.status)) {
      init.redirect = 'follow';
      if (response.body) response.body.cancel().catch(ignore);
      return fetch(url, init);
    }
    // What is redirected goes without the credentials of the URL.
    return /redirect/.test(response.type)
      ? fetch(url, createRequestInit(url, request, signal, mode))
      : response;
  });
}, true);
