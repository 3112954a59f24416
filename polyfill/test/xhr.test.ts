import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { xhrTransport } from '../transports/xhr.ts';

type Handler = (event: { type: string }) => void;

/** What an engine does is called from here; nothing happens by itself. */
class FakeXhr {
  readyState = 1;
  status = 0;
  responseText = '';
  onreadystatechange!: Handler;
  onprogress!: Handler;
  onabort!: Handler;
  onloadend!: Handler;
  open(): void {}
  setRequestHeader(): void {}
  send(): void {
    if (sendThrows) throw new Error('a network error, in QtWebKit');
  }
  getResponseHeader = () => 'text/event-stream';
  overrideMimeType(): void {}
  abort(): void {
    this.readyState = 0;
  }
}

let xhr: FakeXhr;
let sendThrows: boolean;
let told: unknown[];
let cancel: () => void;

beforeEach(() => {
  vi.stubGlobal('XMLHttpRequest', function () {
    return (xhr = new FakeXhr());
  });
  vi.stubGlobal('location', { href: 'http://localhost/' });
  vi.useFakeTimers();
  sendThrows = false;
  told = [];
  start();
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

function start(): void {
  const request = { url: 'http://localhost/', withCredentials: false, lastEventId: '', isUnanswered: false };
  cancel = xhrTransport(request, {
    onResponse(status) {
      request.isUnanswered = false;
      told.push(status);
    },
    onText: (text) => (text === '' ? 0 : told.push(text) && 0),
    onEnd: (isFutile) => void told.push(isFutile ? 'futile' : 'end')
  });
  request.isUnanswered = true;
}

function advance(readyState: number, status: number, responseText = ''): void {
  Object.assign(xhr, { readyState, status, responseText });
}

it('takes what only progress events tell, as in engines that change to readyState 3 once', () => {
  advance(2, 200);
  xhr.onreadystatechange({ type: 'readystatechange' });
  advance(3, 200, 'data: a\n');
  xhr.onreadystatechange({ type: 'readystatechange' });
  advance(3, 200, 'data: a\n\n');
  xhr.onprogress({ type: 'progress' });
  expect(told).toEqual([200, 'data: a\n', '\n']);
});

it('leaves a sequence for later that jsdom shows as if it had ended', () => {
  advance(3, 200, 'data: \ufffd');
  xhr.onreadystatechange({ type: 'readystatechange' });
  advance(3, 200, 'data: é\n\n');
  xhr.onprogress({ type: 'progress' });
  expect(told).toEqual([200, 'data: ', 'é\n\n']);
});

it('ends once, at the end of loading', () => {
  advance(4, 200, 'data: a\n\n');
  xhr.onreadystatechange({ type: 'readystatechange' });
  xhr.onloadend({ type: 'loadend' });
  expect(told).toEqual([200, 'data: a\n\n', 'end']);
});

it('is futile when the user aborts, as by window.stop()', () => {
  advance(4, 0);
  xhr.onreadystatechange({ type: 'readystatechange' });
  xhr.onabort({ type: 'abort' });
  xhr.onloadend({ type: 'loadend' });
  expect(told).toEqual(['futile']);
});

it('tells nothing of an abort of its own', () => {
  advance(3, 200, 'data: a\n\n');
  xhr.onreadystatechange({ type: 'readystatechange' });
  cancel();
  advance(4, 0);
  xhr.onreadystatechange({ type: 'readystatechange' });
  xhr.onabort({ type: 'abort' });
  xhr.onloadend({ type: 'loadend' });
  expect(told).toEqual([200, 'data: a\n\n']);
});

it('goes on where the type can no longer be said', () => {
  xhr.overrideMimeType = () => {
    throw new Error('InvalidStateError');
  };
  advance(2, 200);
  xhr.onreadystatechange({ type: 'readystatechange' });
  expect(told).toEqual([200]);
});

it('ends later where sending throws', () => {
  sendThrows = true;
  start();
  expect(told).toEqual([]);
  vi.runAllTimers();
  expect(told).toEqual(['end']);
});
