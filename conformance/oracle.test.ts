import { describe, expect, test } from 'vitest';
import { decodeUtf8, interpretWholeStream } from './oracle.ts';

const bytesOf = (text: string) => [...new TextEncoder().encode(text)];
const read = (text: string, lastEventId?: string) => interpretWholeStream(bytesOf(text), lastEventId);

describe('decodeUtf8', () => {
  test.each([
    [[0x61, 0xc3, 0xa9, 0xe2, 0x82, 0xac, 0xf0, 0x9f, 0x98, 0x80], 'aé€😀'],
    [[0xc0, 0xaf], '\ufffd\ufffd'],
    [[0xe0, 0x80, 0xaf], '\ufffd\ufffd\ufffd'],
    [[0xed, 0xa0, 0x80], '\ufffd\ufffd\ufffd'],
    [[0xf0, 0x9f, 0x98, 0x41], '\ufffdA'],
    [[0xf4, 0x90, 0x80, 0x80], '\ufffd\ufffd\ufffd\ufffd'],
    // Unicode 3.9, table 3-11
    [[0xe1, 0x80, 0xe2, 0xf0, 0x91, 0x92, 0xf1, 0xbf, 0x41], '\ufffd\ufffd\ufffd\ufffdA'],
    [[0xe2, 0x82], '\ufffd']
  ])('%j', (bytes, text) => {
    expect(decodeUtf8(bytes)).toBe(text);
  });

  test('agrees with the Encoding standard on every two bytes and on sampled four bytes', () => {
    const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
    const edges = [
      0x00, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc2, 0xdf, 0xe0, 0xe1, 0xed, 0xef, 0xf0, 0xf3,
      0xf4, 0xf5, 0xff
    ];
    for (let first = 0; first < 256; first++) {
      for (let second = 0; second < 256; second++) {
        const bytes = [first, second];
        expect.soft(decodeUtf8(bytes) === decoder.decode(Uint8Array.from(bytes)), String(bytes)).toBe(true);
      }
    }
    for (const a of edges)
      for (const b of edges)
        for (const c of edges)
          for (const d of edges) {
            const bytes = [a, b, c, d];
            if (decodeUtf8(bytes) !== decoder.decode(Uint8Array.from(bytes))) throw new Error(String(bytes));
          }
  });
});

describe('interpretWholeStream', () => {
  const message = (data: string, lastEventId = '') => ({ type: 'message', data, lastEventId });

  // The examples of 9.2.6.
  test.each([
    ['data: YHOO\ndata: +2\ndata: 10\n\n', [message('YHOO\n+2\n10')]],
    [
      ': test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event\n\n',
      [message('first event', '1'), message('second event'), message(' third event')]
    ],
    ['data\n\ndata\ndata\n\ndata:', [message(''), message('\n')]],
    ['data:test\n\ndata: test\n\n', [message('test'), message('test')]]
  ])('%j', (text, events) => {
    expect(read(text).events).toEqual(events);
  });

  test('reads each kind of line end once', () => {
    expect(read('data: a\r\rdata: b\r\n\r\ndata: c\n\n').events.map((event) => event.data)).toEqual([
      'a',
      'b',
      'c'
    ]);
    expect(read('event: x\r\ndata: a\n\r').events).toEqual([{ type: 'x', data: 'a', lastEventId: '' }]);
  });

  test('removes one leading byte order mark', () => {
    expect(read('\ufeffdata: a\n\n').events).toEqual([message('a')]);
    expect(read('\ufeff\ufeffdata: a\n\n').events).toEqual([]);
  });

  test('keeps, replaces and ignores ids', () => {
    expect(read('data: a\n\n', '7')).toMatchObject({
      events: [message('a', '7')],
      retry: null,
      lastEventId: '7'
    });
    expect(read('id: 8\n\n', '7').lastEventId).toBe('8');
    expect(read('id: 8\0\n\n', '7').lastEventId).toBe('7');
    expect(read('id: 8\n', '7').lastEventId).toBe('7');
    expect(read('id\n\n', '7').lastEventId).toBe('');
  });

  test('takes a retry of ASCII digits, in an unfinished block too', () => {
    expect(read('retry: 10\n').retry).toBe(10);
    expect(read('retry: 0010\n\nretry: +5\nretry\nretry: 5 \n').retry).toBe(10);
    expect(read('retry: 10').retry).toBe(null);
  });

  test('names the branch of each line, and keeps what is unfinished', () => {
    expect(
      read(':c\nid:1\nid:\0\nretry:1\nretry\ndat:\nevent\n\ndata:1\r\r\ndata\ndata: 2\n\n')
    ).toMatchObject({
      lines: [
        ':c',
        'id:1',
        'id:\0',
        'retry:1',
        'retry',
        'dat:',
        'event',
        '',
        'data:1',
        '',
        'data',
        'data: 2',
        ''
      ],
      branches: [
        'comment',
        'id',
        'id ignored',
        'retry',
        'retry ignored',
        'unknown field',
        'event',
        'nothing to dispatch',
        'data',
        'dispatched',
        'data',
        'data',
        'dispatched'
      ],
      unfinishedLine: '',
      unfinishedData: ''
    });
    expect(read('data: one\ndata: 2\nid: 34\nda')).toMatchObject({
      unfinishedLine: 'da',
      unfinishedData: 'one\n2'
    });
  });
});
