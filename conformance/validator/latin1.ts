/** Bytes shown before and after a place. */
const excerptBytes = 24;

/** The text of bytes that were decoded as latin1. */
export function decodeUtf8(latin1: string): string {
  return isPlain(latin1) ? latin1 : Buffer.from(latin1, 'latin1').toString('utf8');
}

function isPlain(latin1: string): boolean {
  // eslint-disable-next-line no-control-regex
  return !/[^\x00-\x7f]/.test(latin1);
}

/** The bytes around the `column`-th of a line, latin1. */
export function excerptAround(text: string, column = 0): string {
  return text.slice(Math.max(0, column - excerptBytes), column + excerptBytes);
}

/** "If value starts with a U+0020 SPACE character, remove it from value." */
export function fieldValue(line: string): string {
  if (line === lastLine) return lastValue;
  const colon = line.indexOf(':');
  lastLine = line;
  lastValue = colon < 0 ? '' : line.slice(colon + (line.charCodeAt(colon + 1) === 32 ? 2 : 1));
  return lastValue;
}

/** Many rules ask for the value of one line. */
let lastLine = '';
let lastValue = '';
