/** Text in which nothing can steer a terminal or turn a line around: what is no letter, sign or space becomes an escape. */
export function printable(text: string): string {
  return text.replace(
    /[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/gu,
    (character) => `\\u{${character.codePointAt(0)!.toString(16)}}`
  );
}

/** JSON in which what JSON.stringify leaves and a terminal would obey is an escape of JSON. */
export function escapeJson(json: string): string {
  return json.replace(/[\x7f-\x9f\p{Cf}\p{Zl}\p{Zp}]/gu, (character) =>
    [...Array(character.length).keys()]
      .map((index) => `\\u${character.charCodeAt(index).toString(16).padStart(4, '0')}`)
      .join('')
  );
}

/** Bytes, given as latin1, as pairs of hexadecimal digits. */
export function hex(latin1: string): string {
  return [...latin1].map((byte) => byte.charCodeAt(0).toString(16).padStart(2, '0')).join(' ');
}

/** For XML and HTML, in texts and attributes. */
export function escapeMarkup(text: string): string {
  return printable(text)
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');
}
