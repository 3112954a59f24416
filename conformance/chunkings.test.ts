import { expect, it } from 'vitest';
import type { StreamItem } from '../fixtures-server/stream-script.ts';
import type { Case } from './case.ts';
import { cut } from './chunkings.ts';

function cuts(stream: StreamItem[], more: Partial<Case> = {}) {
  const testCase: Case = {
    id: 'x',
    title: '',
    spec: '',
    level: 'must',
    connections: [{ stream }],
    expect: {},
    ...more
  };
  return Object.fromEntries(
    cut('parsing', testCase).map(({ play }) => [play.id, play.connections[0]!.stream])
  );
}

it('cuts the bytes in every way that differs, and keeps the pauses', () => {
  expect(cuts(['a\r', '\n', { pause: 9 }, 'é\n'])).toEqual({
    x: ['a\r', '\n', { pause: 9 }, 'é\n'],
    'x@whole': ['a\r\n', { pause: 9 }, 'é\n'],
    'x@one-byte': ['a', '\r', '\n', { pause: 9 }, { hex: 'c3' }, { hex: 'a9' }, '\n'],
    'x@two-bytes': ['a\r', '\n', { pause: 9 }, 'é', '\n'],
    'x@after-cr': ['a\r', { pause: 4 }, '\n', { pause: 9 }, 'é\n'],
    'x@in-utf8': ['a\r\n', { pause: 9 }, { hex: 'c3' }, { pause: 4 }, { hex: 'a90a' }]
  });
});

it('does not repeat a cut that changes nothing', () => {
  expect(Object.keys(cuts(['a']))).toEqual(['x']);
});

it('expands hex and repeats, and leaves long streams whole', () => {
  const streams = cuts([{ repeat: ['ab', { hex: '63 0d' }], times: 1000 }]);
  expect(streams['x@one-byte']).toBeUndefined();
  expect(streams['x@whole']).toEqual(['abc\r'.repeat(1000)]);
});

it('runs a case of another section, or one that says so, only as written', () => {
  expect(Object.keys(cuts(['ab'], { chunkings: false }))).toEqual(['x']);
  expect(
    cut('connecting', {
      id: 'x',
      title: '',
      spec: '',
      level: 'must',
      connections: [{ stream: ['ab'] }],
      expect: {}
    })
  ).toHaveLength(1);
});
