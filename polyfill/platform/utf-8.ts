/**
 * https://encoding.spec.whatwg.org/#utf-8-decode, in pieces: malformed sequences become U+FFFD, the one leading BOM is removed.
 * It is removed here: left to Node 24's TextDecoder, a second one can go with it when the first is cut.
 */
export function createUtf8Decode(): (bytes: Uint8Array) => string {
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  let atStart = true;
  return (bytes) => {
    const text = decoder.decode(bytes, { stream: true });
    if (!atStart || !text) return text;
    atStart = false;
    return text.replace(/^\ufeff/, '');
  };
}
