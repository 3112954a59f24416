import { refusalTimeout, type Transport } from '../transport.ts';
import { ignore, root } from '../platform/globals.ts';
import { isCrossOrigin } from '../platform/urls.ts';
import { setHeaders } from './headers.ts';

/** UTF-16 code units of one response, without those of an event that has not ended, after which an event that has an id of its own is the last. */
const recyclingLimit = 1e6;

export const xhrTransport: Transport = (request, client) => {
  const xhr = new XMLHttpRequest();
  let over = false;
  let taken = 0;

  /** 1 while a request without CORS is under way, 2 when it was answered. */
  let phase = 0;
  let forget = ignore;

  function end(cause?: unknown): void {
    if (over) return;
    // "If res is an aborted network error, then fail the connection": by the user, or window.stop().
    const isAborted = cause === 'abort';
    // As over fetch, in engines that have one.
    if (
      !phase &&
      !isAborted &&
      request.isUnanswered &&
      !request.wasOpen &&
      root.fetch &&
      root.AbortController &&
      isCrossOrigin(request.url)
    ) {
      phase++;
      const controller = new AbortController();
      // Nobody can read what it would go on to send; and a fetch that is made of XMLHttpRequest waits for the end of it.
      const timer = setTimeout(() => {
        controller.abort();
      }, refusalTimeout);
      if (FOR_FETCH) {
        forget = () => {
          clearTimeout(timer);
          controller.abort();
        };
      }
      fetch(request.url, { mode: 'no-cors', signal: controller.signal }).then(() => {
        phase++;
        // Firefox's workers throw when one that had credentials is opened again as it is.
        xhr.abort();
        if (!over) send();
      }, end);
    } else {
      over = true;
      client.onEnd(isAborted || (phase > 1 && request.isUnanswered));
    }
  }

  function send(): void {
    // Each response has to deliver something, or one would follow the other for ever.
    request.isResumable = false;
    xhr.open('GET', request.url);
    xhr.withCredentials = request.withCredentials;
    // Firefox's workers want to be told now, and of a blob show this type as the response's. So do some engines without TextDecoder of all.
    // React Native has none.
    if (
      !root.document &&
      root.TextDecoder &&
      (!FOR_SERVERS || 'overrideMimeType' in xhr) &&
      !/^b/.test(request.url)
    ) {
      xhr.overrideMimeType('text/plain; charset=utf-8');
    }
    try {
      // XHR has no cache mode. To another origin the headers that stand in for it need a preflight, and the last attempt may have been
      // redirected to one, as the last that was answered was.
      const withCacheMode =
        !request.isUnanswered &&
        !isCrossOrigin(request.url) &&
        !isCrossOrigin(request.finalUrl || request.url);
      // Without a Range, servers "MUST ignore" it (RFC 9110, 13.1.5); it makes no-store the cache mode of XMLHttpRequest, says Fetch
      // (https://fetch.spec.whatwg.org/#http-network-or-cache-fetch), and WebKit and Qt answer from their caches otherwise.
      if (withCacheMode) xhr.setRequestHeader('If-Range', '""');
      setHeaders(request, withCacheMode, (name, value) => {
        xhr.setRequestHeader(name, value);
      });
      xhr.send();
    } catch {
      // QtWebKit and PhantomJS throw what is a network error, and QtWebKit at an id with control characters.
      setTimeout(end, 0);
    }
  }

  xhr.onreadystatechange =
    xhr.onprogress =
    xhr.onloadend =
    xhr.onabort =
      (event: Event) => {
        // Internet Explorer 9 throws when status is read before readyState 3, so nothing is read below 2 and IE 10 is the oldest.
        if (over || xhr.readyState < 2) return;
        // A network error goes to readyState 4 with status 0.
        if (request.isUnanswered && xhr.status) {
          const contentType = xhr.getResponseHeader('Content-Type') || '';
          try {
            // The stream is UTF-8 whatever charset the response declares. Said earlier, QtWebKit and PhantomJS show this type as the response's.
            xhr.overrideMimeType('text/plain; charset=utf-8');
          } catch {
            // The whole response is there already, or Firefox's workers, which were told before send(), but for a blob.
          }
          request.finalUrl = xhr.responseURL;
          client.onResponse(xhr.status, contentType, request.finalUrl);
        }
        if (!request.isUnanswered && xhr.readyState > 2) {
          // jsdom decodes all the bytes anew each time, and shows a sequence that is not complete yet as a trailing U+FFFD.
          // To leave one for later costs nothing: no event is complete without the line end that must follow.
          const piece = xhr.responseText.slice(taken).replace(/\ufffd$/, '');
          taken += piece.length;
          // Unlike the standard, which has no such limit, because responseText only grows: as if the server had ended the response.
          // A part of the next event comes again behind that id.
          if (taken - client.onText(piece) > recyclingLimit && request.isResumable) {
            end();
            xhr.abort();
          }
        }
        if (/end|abort/.test(event.type)) end(event.type);
      };
  send();
  return () => {
    over = true;
    xhr.abort();
    if (FOR_FETCH) forget();
  };
};
