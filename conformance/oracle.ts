export interface OracleEvent {
  type: string;
  data: string;
  lastEventId: string;
}

export interface OracleResult {
  events: OracleEvent[];
  /** The last valid retry, in milliseconds; null if there was none. */
  retry: number | null;
  /** The last event ID string when the connection ended. */
  lastEventId: string;
  /** The lines, without their ends, and which branch of 9.2.6 each took. */
  lines: string[];
  branches: string[];
  /** What comes after the last end of a line. */
  unfinishedLine: string;
  /** The data of the unfinished block. */
  unfinishedData: string;
}

/** The valid sequences of UTF-8 (Unicode, table 3-7), as ranges byte by byte. */
const wellFormed: [low: number, high: number][][] = [
  [[0x00, 0x7f]],
  [
    [0xc2, 0xdf],
    [0x80, 0xbf]
  ],
  [
    [0xe0, 0xe0],
    [0xa0, 0xbf],
    [0x80, 0xbf]
  ],
  [
    [0xe1, 0xec],
    [0x80, 0xbf],
    [0x80, 0xbf]
  ],
  [
    [0xed, 0xed],
    [0x80, 0x9f],
    [0x80, 0xbf]
  ],
  [
    [0xee, 0xef],
    [0x80, 0xbf],
    [0x80, 0xbf]
  ],
  [
    [0xf0, 0xf0],
    [0x90, 0xbf],
    [0x80, 0xbf],
    [0x80, 0xbf]
  ],
  [
    [0xf1, 0xf3],
    [0x80, 0xbf],
    [0x80, 0xbf],
    [0x80, 0xbf]
  ],
  [
    [0xf4, 0xf4],
    [0x80, 0x8f],
    [0x80, 0xbf],
    [0x80, 0xbf]
  ]
];

function codePointOf(bytes: number[]): number {
  const leadBits = [0x7f, 0x1f, 0x0f, 0x07][bytes.length - 1]!;
  return bytes.slice(1).reduce((value, byte) => value * 64 + (byte - 0x80), bytes[0]! & leadBits);
}

/** UTF-8 without its decode's byte order mark: U+FFFD for each maximal subpart of an ill-formed subsequence (Unicode, 3.9). */
export function decodeUtf8(bytes: readonly number[]): string {
  let text = '';
  let at = 0;
  while (at < bytes.length) {
    let longest = 0;
    let whole = false;
    for (const ranges of wellFormed) {
      let fitting = 0;
      while (fitting < ranges.length) {
        const byte = bytes[at + fitting];
        const [low, high] = ranges[fitting]!;
        if (byte === undefined || byte < low || byte > high) break;
        fitting++;
      }
      if (fitting > longest) {
        longest = fitting;
        whole = fitting === ranges.length;
      }
    }
    text += whole ? String.fromCodePoint(codePointOf(bytes.slice(at, at + longest))) : '\ufffd';
    at += Math.max(longest, 1);
  }
  return text;
}

/**
 * What one whole connection means: the bytes of its body, read at once by the ABNF of 9.2.5 and then the rules of 9.2.6.
 * Slow and separate from every other parser of this project on purpose.
 * `lastEventId` is the last event ID string of the connections before.
 */
export function interpretWholeStream(bytes: readonly number[], lastEventId = ''): OracleResult {
  return interpretDecodedStream(decodeUtf8(bytes).replace(/^\ufeff/, ''), lastEventId);
}

/** The same for what "UTF-8 decode" made of the bytes. */
export function interpretDecodedStream(stream: string, lastEventId = ''): OracleResult {
  const lines = stream.split(/\r\n|\n|\r/);
  // What follows the last end-of-line is not a line.
  const unfinishedLine = lines.pop()!;
  const result: OracleResult = {
    events: [],
    retry: null,
    lastEventId,
    lines,
    branches: [],
    unfinishedLine,
    unfinishedData: ''
  };

  // Blocks that a blank line ends; the lines after the last blank line are an unfinished block.
  let block: { name: string; value: string }[] = [];
  const valuesOf = (name: string) => block.filter((field) => field.name === name).map((field) => field.value);
  for (const line of lines) {
    if (line !== '') {
      const [, name = '', value = ''] = /^([^:]*)(?:: ?([^]*))?$/.exec(line)!;
      block.push({ name, value });
      if (name === 'retry' && /^[0-9]+$/.test(value)) result.retry = parseInt(value, 10);
      result.branches.push(branchOf(name, value));
      continue;
    }
    for (const id of valuesOf('id')) if (!id.includes('\0')) result.lastEventId = id;
    const data = valuesOf('data');
    if (data.length > 0) {
      const type = valuesOf('event').at(-1) || 'message';
      result.events.push({ type, data: data.join('\n'), lastEventId: result.lastEventId });
    }
    result.branches.push(data.length > 0 ? 'dispatched' : 'nothing to dispatch');
    block = [];
  }
  result.unfinishedData = valuesOf('data').join('\n');
  return result;
}

/** Of a line that is not blank; a comment has an empty name. */
function branchOf(name: string, value: string): string {
  if (name === '') return 'comment';
  if (!['data', 'event', 'id', 'retry'].includes(name)) return 'unknown field';
  const isIgnored = (name === 'id' && value.includes('\0')) || (name === 'retry' && !/^[0-9]+$/.test(value));
  return isIgnored ? `${name} ignored` : name;
}
