/** How many bytes at the end begin a sequence that is not there whole. */
export function incompleteTail(bytes: Buffer): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back]!;
    if (byte >= 0xc2) return byte <= 0xf4 && sequenceLength(byte) > back ? back : 0;
    if (byte < 0x80 || byte > 0xbf) return 0;
  }
  return 0;
}

function sequenceLength(lead: number): number {
  return lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc0 ? 2 : 1;
}

/** https://encoding.spec.whatwg.org/#utf-8-decoder: where it gives U+FFFD. At most 1000 are kept. */
export function findFaults(bytes: Buffer, base: number, faults: number[]): void {
  let needed = 0;
  let start = 0;
  let lower = 0x80;
  let upper = 0xbf;
  for (let i = 0; i < bytes.length; i++) {
    if (faults.length >= 1000) return;
    const byte = bytes[i]!;
    if (needed === 0) {
      start = i;
      if (byte < 0x80) continue;
      if (byte >= 0xc2 && byte <= 0xf4) {
        needed = sequenceLength(byte) - 1;
        lower = byte === 0xe0 ? 0xa0 : byte === 0xf0 ? 0x90 : 0x80;
        upper = byte === 0xed ? 0x9f : byte === 0xf4 ? 0x8f : 0xbf;
      } else faults.push(base + i);
      continue;
    }
    if (byte < lower || byte > upper) {
      faults.push(base + start);
      needed = 0;
      i--;
    } else needed--;
    lower = 0x80;
    upper = 0xbf;
  }
  if (needed > 0) faults.push(base + start);
}
