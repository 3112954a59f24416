import { expect, it } from 'vitest';
import { extractTheEssence } from '../platform/mime-type.ts';

it.each([
  ['text/event-stream', 'text/event-stream'],
  ['TEXT/Event-Stream', 'text/event-stream'],
  [' \ttext/event-stream \t', 'text/event-stream'],
  ['text/event-stream;charset=utf8', 'text/event-stream'],
  ['text/event-stream ; a="b,c;d"', 'text/event-stream'],
  ['text/event-stream;', 'text/event-stream'],
  ['text/event-stream; a="unfinished, text/html', 'text/event-stream'],
  ['text/html, text/event-stream', 'text/event-stream'],
  ['text/event-stream, text/html', 'text/html'],
  ['text/event-stream;x="a\\"b,", bogus, */*', 'text/event-stream'],
  ['text/event-stream, ,', 'text/event-stream'],
  ['text/event-stream; a=", text/html;\\', 'text/event-stream'],
  ['text/event-streamx', 'text/event-streamx'],
  ['text/event-stream bogus', ''],
  ['text /event-stream', ''],
  ['text/', ''],
  ['/event-stream', ''],
  ['*/*', ''],
  ['', '']
])('%j means %j', (contentType, essence) => {
  expect(extractTheEssence(contentType)).toBe(essence);
});
