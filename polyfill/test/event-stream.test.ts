import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { interpretWholeStream } from '../../conformance/oracle.ts';
import { interpretTheEventStream, type Branch } from '../event-stream.ts';

interface Result {
  events: { type: string; data: string; lastEventId: string }[];
  retry: number | null;
  lastEventId: string;
}

/** What comes out with a trace, which must be what comes out without one. */
function interpret(pieces: string[], lastEventId = ''): Result {
  const results = [() => {}, undefined].map((trace) => {
    const result: Result = { events: [], retry: null, lastEventId };
    const push = interpretTheEventStream(
      {
        setTheLastEventIdString: (value) => (result.lastEventId = value),
        setTheReconnectionTime: (value) => (result.retry = value),
        dispatchTheEvent(type, data, id) {
          result.events.push({ type, data, lastEventId: id });
          result.lastEventId = id;
        },
        ...(trace && { trace })
      },
      lastEventId
    );
    for (const piece of pieces) push(piece);
    return result;
  });
  expect(results[1]).toEqual(results[0]);
  return results[0]!;
}

const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

describe('every cut of a stream means the same as the oracle says of its bytes', () => {
  const streams = [
    'data: a\n\n',
    'data: a\ndata: b\n\ndata:c\n\n\ndata\n\ndat: a\n\ndata : a\n\n',
    'event: a\nid:\nevents: b\nids: c\ndata: 1\n\nid: d\nevent:\ndata:\r\n\n\r\ndata: 2\r\n\r\n',
    'data: a\r\rdata: b\r\n\r\ndata: c\n\r\ndata: d\n\n',
    ': comment\n:\nevent: x\ndata\ndata: 2\ndata:  3\nid: 7\nretry: 10\n\nid\ndata:x\n\n',
    'id: a\0b\nid: ok\ndata:1\n\nretry: 1x\nretry:\nretry: 007\nData: no\n data: no\ndata : no\n\nevent: lost\n\ndata: after\n\n',
    'event: e\nevent\ndata: m\n\nid: later\ndata: unfinished',
    'data: \u0085\u2028\v\f é 🎈\r\n\r\n'
  ];
  for (const stream of streams) {
    it(JSON.stringify(stream), () => {
      const bytes = new TextEncoder().encode(stream);
      const expected = interpretWholeStream([...bytes], 'before');
      const text = decode(bytes);
      for (let first = 0; first <= text.length; first++) {
        for (let second = first; second <= text.length; second++) {
          const pieces = [text.slice(0, first), text.slice(first, second), text.slice(second)];
          expect(expected).toMatchObject(interpret(pieces, 'before'));
        }
      }
      expect(expected).toMatchObject(interpret(text.split(''), 'before'));
    });
  }
});

it('takes for a field what has its name exactly', () => {
  const lines = ['data', 'event', 'id', 'retry'].flatMap((name) =>
    [...name, ''].flatMap((_, i) => [
      `${name.slice(0, i)}x${name.slice(i + 1)}`,
      `${name.slice(0, i)}x${name.slice(i)}`
    ])
  );
  const stream = lines.map((name) => `${name}:7\n\ndata: 1\n${name}: 7\n\n`).join('');
  expect(interpretWholeStream([...new TextEncoder().encode(stream)], '')).toMatchObject(interpret([stream]));
});

it('agrees with the oracle on random streams cut at random', () => {
  const part = fc.constantFrom(
    ...[
      'data',
      'event',
      'id',
      'retry',
      ':',
      ': ',
      ' ',
      '\n',
      '\r',
      '\r\n',
      '\n\n',
      '\r\n\r\n',
      '\0',
      '1',
      'é',
      'x',
      '\ufeff'
    ]
  );
  fc.assert(
    fc.property(
      fc.array(fc.array(part, { maxLength: 8 }), { maxLength: 8 }),
      fc.constantFrom('', 'before'),
      (parts, id) => {
        const pieces = parts.map((each) => each.join(''));
        // A leading BOM is the decoder's.
        const text = 'x' + pieces.join('');
        expect(interpretWholeStream([...new TextEncoder().encode(text)], id)).toMatchObject(
          interpret(['x', ...pieces], id)
        );
      }
    ),
    { numRuns: 2000 }
  );
});

it('names the branch that each line took', () => {
  const branches: [Branch, string][] = [];
  const push = interpretTheEventStream(
    {
      setTheLastEventIdString() {},
      setTheReconnectionTime() {},
      dispatchTheEvent() {},
      trace: (branch, line) => branches.push([branch, line])
    },
    ''
  );
  push(':c\nda');
  push('ta:1\r\nevent:e\nid:1\nid:\0\nretry:1\nretry:a\nother\n\n\n');
  expect(branches).toEqual([
    ['comment', ':c'],
    ['data', 'data:1'],
    ['event', 'event:e'],
    ['id', 'id:1'],
    ['id ignored', 'id:\0'],
    ['retry', 'retry:1'],
    ['retry ignored', 'retry:a'],
    ['unknown field', 'other'],
    ['dispatched', ''],
    ['nothing to dispatch', '']
  ]);
});

it.each([
  ['cut before a colon', ['data:' + 'x'.repeat(0x40000 - 5), ':', 'abc', ':', '\n\n']],
  [
    'in pieces that are longer than a block',
    ['data:', 'x'.repeat(0x90001), ':', 'y'.repeat(0x40000), ':', 'z\n\n']
  ],
  ['that is a comment', [':', 'x'.repeat(0x90000), 'data:', 'y'.repeat(0x40000), '\ndata:1\n\n']]
])('keeps all of a line of several blocks, %s', (_, pieces) => {
  const data = pieces.join('').split('\n').reverse()[2]!.slice('data:'.length);
  expect(interpret(pieces).events).toEqual([{ type: 'message', data, lastEventId: '' }]);
});

it.each([1000, 1024, 5000, 0x40000])(
  'counts what it holds of each line, in pieces of %i characters',
  (size) => {
    const lengths: number[] = [];
    const push = interpretTheEventStream(
      {
        setTheLastEventIdString() {},
        setTheReconnectionTime() {},
        dispatchTheEvent: (_type, data) => lengths.push(data.length)
      },
      ''
    );
    const times = Math.ceil(0x90000 / size);
    for (let event = 0; event < 2; event++) {
      expect(push('data:')).toBe(5);
      for (let n = 1; n <= times; n++) expect(push('x'.repeat(size))).toBe(5 + n * size);
      expect(push('\n')).toBe(times * size);
      expect(push('\n')).toBe(0);
    }
    expect(lengths).toEqual([times * size, times * size]);
  }
);

it('takes a line of 16 MB in pieces of 16 characters in time linear in its length', () => {
  const time = (length: number) => {
    const piece = 'x'.repeat(16);
    const start = performance.now();
    let received = 0;
    const push = interpretTheEventStream(
      {
        setTheLastEventIdString() {},
        setTheReconnectionTime() {},
        dispatchTheEvent: (_type, data) => (received = data.length)
      },
      ''
    );
    push('data:');
    for (let sent = 0; sent < length; sent += 16) push(piece);
    push('\n\n');
    expect(received).toBe(length);
    return performance.now() - start;
  };
  time(1 << 20);
  const small = time(1 << 21);
  expect(time(1 << 24)).toBeLessThan(8 * small * 4 + 2000);
});
