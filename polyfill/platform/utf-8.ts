/** Bundles for pages do without what only takes less time. */
const isWhole = typeof FOR_SERVERS === 'undefined' || FOR_SERVERS;

/**
 * Bytes of the longest chunk that is cut where a sequence begins that goes on in the next, and decoded without TextDecoder's stream mode,
 * which takes Node 24 four times as long for 16 bytes. For 1,400, of other text than ASCII, it takes half as long; of ASCII it takes Node 20 and
 * 22 half as long again, so a chunk behind one of ASCII counts as short.
 */
const longestShort = 256;

/**
 * https://encoding.spec.whatwg.org/#utf-8-decode, in pieces: malformed sequences become U+FFFD, the one leading BOM is removed.
 * It is removed here: left to Node 24's TextDecoder, a second one can go with it when the first is cut.
 */
export function createUtf8Decode(): (bytes: Uint8Array) => string {
  const decoder = createDecoder();
  /** One that has been in stream mode stays slow. */
  const decoderOfShort = isWhole ? createDecoder() : decoder;
  /** Whether the first decoder may hold the beginning of a sequence. */
  let mayGoOn = false;
  /** Begins with the bytes of one in which a short chunk ended. To make room for each would take as long as to decode it. */
  const room = isWhole && new Uint8Array(longestShort);
  let held = 0;
  let wasAscii = true;
  let atStart = true;

  function decode(bytes: Uint8Array): string {
    // What has no length is empty, or an ArrayBuffer.
    if (!room || !bytes.length) return decoder.decode(bytes, { stream: true });
    const length = held + bytes.length;
    if (held) {
      const joined = length <= longestShort ? room : new Uint8Array(length);
      if (joined !== room) joined.set(room.subarray(0, held));
      joined.set(bytes, held);
      bytes = joined.subarray(0, length);
      held = 0;
    }
    const isShort = !mayGoOn && (wasAscii || length <= longestShort);
    let text;
    if (isShort) {
      const cut = findCut(bytes);
      text = decoderOfShort.decode(cut < length ? bytes.subarray(0, cut) : bytes);
      for (; cut + held < length; held++) room[held] = bytes[cut + held]!;
    } else {
      mayGoOn = !(bytes[length - 1]! < 128);
      text = decoder.decode(bytes, { stream: true });
    }
    wasAscii = text.length === length;
    return text;
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
