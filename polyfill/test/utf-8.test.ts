import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createUtf8Decode } from '../platform/utf-8.ts';

it('decodes random bytes, cut at random, as TextDecoder does the whole, but for one leading BOM', () => {
  const part = fc.constantFrom(
    ...[
      'EF BB BF',
      'EF BB',
      'C3 A9',
      'C3',
      'E2 82 AC',
      'E2 82',
      'E0 80',
      'ED A0 80',
      'F0 9F 8E 88',
      'F0 9F',
      'F4 90',
      '80',
      'FF',
      '41',
      '0A',
      '',
      // Enough to make a chunk a long one, and not to.
      '41 '.repeat(257).trim(),
      'E2 82 AC '.repeat(70).trim()
    ].map((hex) => hex.split(' ').flatMap((byte) => (byte ? [parseInt(byte, 16)] : [])))
  );
  fc.assert(
    fc.property(fc.array(fc.array(part, { maxLength: 4 }), { maxLength: 8 }), (parts) => {
      const pieces = parts.map((each) => Uint8Array.from(each.flat()));
      const decode = createUtf8Decode();
      // What is not whole at the end is left out, as it is in every line that has no end.
      const end = Uint8Array.of(0x0a);
      const text = [...pieces, end].map((piece) => decode(piece)).join('');
      expect(text).toBe(
        new TextDecoder().decode(Uint8Array.from([...pieces, end].flatMap((piece) => [...piece])))
      );
    }),
    { numRuns: 5000 }
  );
});

it('keeps no bytes of a Buffer, which its owner may use for the next', () => {
  const decode = createUtf8Decode();
  const buffer = Buffer.from('a\xe2\x82', 'latin1');
  const first = decode(buffer);
  buffer.write('\xacbc', 'latin1');
  expect(first + decode(buffer)).toBe('a€bc');
});

it('takes ArrayBuffers too, as TextDecoder does', () => {
  const decode = createUtf8Decode();
  const pieces = ['a\xe2\x82', '\xacb', ''].map(
    (piece) => Uint8Array.from(Buffer.from(piece, 'latin1')).buffer
  );
  expect(pieces.map((piece) => decode(piece as never)).join('')).toBe('a€b');
});
