import type { Transport } from '../transport.ts';
import { isCrossOrigin } from '../platform/urls.ts';
import { encodeHeaderValue } from './encode-header-value.ts';

function ignore(): void {}

export const xhrTransport: Transport = function (request, client) {
  const xhr = new XMLHttpRequest();
  let responded = false;
  let over = false;
  let taken = 0;

  function onEvent(): void {
    // Internet Explorer 9 throws when status is read before readyState 3, so nothing is read below 2 and IE 10 is the oldest.
    if (over || xhr.readyState < 2) return;
    if (!responded) {
      // A network error goes to readyState 4 with status 0.
      if (xhr.status === 0) return;
      responded = true;
      const contentType = xhr.getResponseHeader('Content-Type') || '';
      try {
        // The stream is UTF-8 whatever charset the response declares. Said earlier, QtWebKit and PhantomJS show this type as the response's.
        xhr.overrideMimeType('text/plain; charset=utf-8');
      } catch {
        // The whole response is there already, or Firefox's workers, which were told before send().
      }
      if (!client.onResponse(xhr.status, contentType, xhr.responseURL || request.url)) {
        abort();
        return;
      }
    }
    if (xhr.readyState > 2) takeText();
  }

  function takeText(): void {
    const text = xhr.responseText;
    let end = text.length;
    // jsdom decodes all the bytes anew each time, and shows a sequence that is not complete yet as a trailing U+FFFD.
    // To leave one for later costs nothing: no event is complete without the line end that must follow.
    while (end > taken && text.charCodeAt(end - 1) === 0xfffd) end--;
    if (end <= taken) return;
    const piece = text.slice(taken, end);
    taken = end;
    client.onText(piece);
  }

  function stop(): void {
    over = true;
    xhr.onreadystatechange = xhr.onprogress = xhr.onload = xhr.onerror = xhr.onabort = ignore;
  }

  function end(event?: Event): void {
    if (over) return;
    stop();
    // "If res is an aborted network error, then fail the connection": by the user, or window.stop().
    client.onEnd(!!event && event.type === 'abort');
  }

  function abort(): void {
    stop();
    xhr.abort();
  }

  xhr.open('GET', request.url);
  xhr.withCredentials = request.withCredentials;
  xhr.setRequestHeader('Accept', 'text/event-stream');
  // XHR has no cache mode. To another origin the headers that stand in for it need a preflight, and the last attempt may have been
  // redirected to one.
  if (!request.isAfterNetworkError && !isCrossOrigin(request.url)) {
    xhr.setRequestHeader('Cache-Control', 'no-cache');
    xhr.setRequestHeader('Pragma', 'no-cache');
  }
  if (request.lastEventId !== '') {
    xhr.setRequestHeader('Last-Event-ID', encodeHeaderValue(request.lastEventId));
  }
  // Firefox's workers want to be told now. So do no engines without TextDecoder, and some of those show this type as the response's.
  if (typeof document === 'undefined' && typeof TextDecoder === 'function') {
    xhr.overrideMimeType('text/plain; charset=utf-8');
  }
  xhr.onreadystatechange = xhr.onprogress = onEvent;
  xhr.onload = xhr.onerror = xhr.onabort = end;
  try {
    xhr.send();
  } catch {
    // QtWebKit and PhantomJS throw what is a network error.
    setTimeout(end, 0);
  }
  return abort;
};
