import { describe, expect, test } from 'vitest';
import { checkPlay, type StreamItem, writes } from './stream-script.ts';

const shown = (items: StreamItem[]) =>
  writes(items).map((part) => (Buffer.isBuffer(part) ? part.toString('hex') : part));

describe('writes', () => {
  test('strings are UTF-8, hex is bytes, pauses stay, empty items are no write', () => {
    expect(shown(['aé', '', { hex: 'C3 28\n0a' }, { hex: '' }, { pause: 2.5 }])).toEqual([
      '61c3a9',
      'c3280a',
      { pause: 2.5 }
    ]);
  });

  test('a repeat is one write, and can hold another', () => {
    expect(shown([{ repeat: ['a', { repeat: [{ hex: 'ff' }], times: 2 }], times: 2 }, 'b'])).toEqual([
      '61ffff61ffff',
      '62'
    ]);
    expect(shown([{ repeat: ['a'], times: 0 }])).toEqual([]);
  });

  test.each([
    [{ hex: 'C3 2' }, 'stream[1]: hex has an odd number of digits: C3 2'],
    [{ hex: 'zz' }, 'stream[1]: hex must be hexadecimal digits and spaces, not "zz"'],
    [{ hex: 1 }, 'stream[1]: hex must be'],
    [{ pause: -1 }, 'stream[1]: pause must be a number of milliseconds, not -1'],
    [{ pause: '5' }, 'stream[1]: pause must be'],
    [{ repeat: ['a'], times: 1.5 }, 'stream[1]: times must be a whole number'],
    [{ repeat: ['a', { pause: 1 }], times: 2 }, 'stream[1]: no pause can be within a repeat'],
    [{ repeat: [{ hex: '0' }], times: 2 }, 'stream[1].repeat[0]: hex has an odd number'],
    [{ repeat: 'a', times: 2 }, 'stream[1].repeat: must be a list'],
    [{ repeat: ['abcd'], times: 2 ** 30 }, 'stream[1]: one write of 4294967296 bytes'],
    [{ wait: 1 }, 'stream[1]: must be a string'],
    [null, 'stream[1]: must be a string'],
    [7, 'stream[1]: must be a string']
  ])('refuses %j', (item, message) => {
    expect(() => writes(['a', item as StreamItem])).toThrow(TypeError);
    expect(() => writes(['a', item as StreamItem])).toThrow(message);
  });
});

test('checkPlay names the play and the place', () => {
  const bad: StreamItem[] = [{ hex: 'f' }];
  expect(() => checkPlay({ id: 'a', connections: [{}, { stream: bad }] })).toThrow(
    'a: connections[1].stream[0]: hex'
  );
  expect(() => checkPlay({ id: 'a', connections: [{ head: bad }] })).toThrow(
    'a: connections[0].head[0]: hex'
  );
  expect(() => checkPlay({ id: 'a', connections: [], preflight: { stream: bad } })).toThrow(
    'a: preflight.stream[0]'
  );
  for (const id of ['', 'a/b', '..', 'ü', 'a'.repeat(129)])
    expect(() => checkPlay({ id, connections: [] })).toThrow('the id of a play must match');
  checkPlay({ id: 'A.b_c@1-2', connections: [] });
});

test.each<[object, string]>([
  [{ status: 'abc' }, 'a: connections[0].status: must be a whole number'],
  [{ status: 99999 }, 'a: connections[0].status'],
  [{ delay: 'x' }, 'a: connections[0].delay: must be a number'],
  [{ reason: 'a\r\nb' }, 'a: connections[0].reason: must be a string without line ends'],
  [{ headers: { 'a b': 'x' } }, 'a: connections[0].headers: must be an object of header names'],
  [{ headers: { a: 5 } }, 'a: connections[0].headers'],
  [{ headers: { a: ['x', 'y\n'] } }, 'a: connections[0].headers'],
  [{ framing: 'chunkd' }, 'a: connections[0].framing: must be "chunked"'],
  [{ end: 'closee' }, 'a: connections[0].end: must be "hang"'],
  [{ stream: 'data' }, 'a: connections[0].stream: must be an array'],
  [{ streem: [] }, 'a: connections[0]: there is no member "streem"']
])('checkPlay refuses %j', (script, message) => {
  expect(() => checkPlay({ id: 'a', connections: [script] })).toThrow(message);
});

test('checkPlay refuses what is no connection', () => {
  const connections = [null] as unknown as [];
  expect(() => checkPlay({ id: 'a', connections })).toThrow('a: connections[0]: must be an object, not null');
  expect(() => checkPlay({ id: 'a' } as never)).toThrow('a: connections must be an array, not undefined');
  expect(() => checkPlay({ connections: [] } as never)).toThrow('the id of a play must match');
});
