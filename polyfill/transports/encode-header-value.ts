/** A header value whose bytes are the UTF-8 of the string: header values are byte strings, one character per byte. */
export function encodeHeaderValue(value: string): string {
  return encodeURIComponent(value).replace(/%(..)/g, function (_, hex: string) {
    return String.fromCharCode(parseInt(hex, 16));
  });
}
