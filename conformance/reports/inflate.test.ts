import { constants, deflateRawSync, type ZlibOptions } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { inflate } from './inflate.ts';

/** The same each time; each character is as likely as any of `alphabet`. */
function createText(length: number, alphabet: number): string {
  let state = 1;
  return Array.from({ length }, () => {
    state = (state * 48271) % 0x7fffffff;
    return String.fromCharCode(state % alphabet);
  }).join('');
}

describe('inflate', () => {
  it.each<[what: string, text: string, options?: ZlibOptions]>([
    ['nothing', ''],
    ['what is stored', createText(200_000, 256), { level: 0 }],
    ['fixed codes', createText(3000, 200), { strategy: constants.Z_FIXED }],
    ['codes of its own', createText(100_000, 40)],
    ['codes without distances', createText(10_000, 7), { strategy: constants.Z_HUFFMAN_ONLY }],
    ['repetitions of each length and distance', repetitions()],
    ['one long repetition', 'a'.repeat(100_000)]
  ])('undoes %s', (_what, text, options = {}) => {
    const compressed = deflateRawSync(Buffer.from(text, 'latin1'), { level: 9, ...options });
    expect(inflate(compressed.toString('base64')) === text).toBe(true);
  });
});

function repetitions(): string {
  const text = createText(40_000, 256);
  let result = text;
  for (let length = 3; length < 300; length++)
    result += result.slice(-(2 ** (length % 15)) - length).slice(0, length);
  return result + text.slice(100, 5000);
}
