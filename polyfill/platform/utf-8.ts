/** Bundles for pages do without what only takes less time. */
const isWhole = typeof FOR_SERVERS === 'undefined' || FOR_SERVERS;

/**
 * Bytes of the longest chunk that is cut where a sequence begins that goes on in the next, and decoded without TextDecoder's stream mode,
 * which takes Node 24 four times as long for 16 bytes. For 1,400, of other text than ASCII, it takes half as long.
 */
const longestShort = 256;

/**
 * https://encoding.spec.whatwg.org/#utf-8-decode, in pieces: malformed sequences become U+FFFD, the one leading BOM is removed.
 * It is removed here: left to Node 24's TextDecoder, a second one can go with it when the first is cut.
 */
export function createUtf8Decode(): (bytes: Uint8Array) => string {
  const decoder = createDecoder();
  /** One that has been in stream mode stays slow. */
  const decoderOfShort = isWhole && createDecoder();
  /** Whether the first decoder may hold the beginning of a sequence. */
  let mayGoOn = false;
  /** Or a short chunk ended in one. */
  let rest: Uint8Array | undefined;
  let atStart = true;

  function decode(bytes: Uint8Array): string {
    if (decoderOfShort) {
      if (rest) {
        const joined = new Uint8Array(rest.length + bytes.length);
        joined.set(rest);
        joined.set(bytes, rest.length);
        bytes = joined;
        rest = undefined;
      }
      const length = bytes.length;
      if (!mayGoOn && length <= longestShort) {
        const cut = findCut(bytes);
        if (cut < length) {
          // Not slice(), which of a Buffer is no copy.
          rest = new Uint8Array(bytes.subarray(cut));
          bytes = bytes.subarray(0, cut);
        }
        return decoderOfShort.decode(bytes);
      }
      mayGoOn = !(bytes[length - 1]! < 128);
    }
    return decoder.decode(bytes, { stream: true });
  }

  return (bytes) => {
    const text = decode(bytes);
    if (!atStart || !text) return text;
    atStart = false;
    return text.replace(/^\ufeff/, '');
  };
}

function createDecoder(): TextDecoder {
  return new TextDecoder('utf-8', { ignoreBOM: true });
}

/** Where the sequence begins that may go on behind the bytes, else their length. */
function findCut(bytes: Uint8Array): number {
  const length = bytes.length;
  for (let index = length - 1; index >= 0 && index > length - 4; index--) {
    const byte = bytes[index]!;
    if (byte < 0x80) break;
    if (byte >= 0xc0) return index + (byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4) > length ? index : length;
  }
  return length;
}
