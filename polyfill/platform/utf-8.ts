/** Bundles for pages do without what only takes less time. */
const isWhole = typeof FOR_SERVERS === 'undefined' || FOR_SERVERS;

/**
 * https://encoding.spec.whatwg.org/#utf-8-decode, in pieces: malformed sequences become U+FFFD, the one leading BOM is removed.
 * It is removed here: left to Node 24's TextDecoder, a second one can go with it when the first is cut.
 */
export function createUtf8Decode(): (bytes: Uint8Array) => string {
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  let atStart = true;
  let mayBeCut = false;
  return (bytes) => {
    // Bytes that end in an ASCII character leave nothing to be kept. To be told so takes Node 22, of ASCII, and Deno a seventh of the time;
    // of other text Node 22 twice the time.
    const mayGoOn = mayBeCut;
    if (isWhole) mayBeCut = !(bytes[bytes.length - 1]! < 128);
    const text = decoder.decode(bytes, { stream: !isWhole || mayGoOn || mayBeCut });
    if (!atStart || !text) return text;
    atStart = false;
    return text.replace(/^\ufeff/, '');
  };
}
