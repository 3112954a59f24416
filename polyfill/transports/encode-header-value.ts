/** A header value whose bytes are the UTF-8 of the string: header values are byte strings, one character per byte. */
export function encodeHeaderValue(value: string): string {
  return decodePercent(encodeURIComponent(value));
}

/** https://url.spec.whatwg.org/#percent-decode, one character per byte. */
export function decodePercent(value: string): string {
  return value.replace(/%([0-9a-f]{2})/gi, function (_, hex: string) {
    return String.fromCharCode(parseInt(hex, 16));
  });
}
