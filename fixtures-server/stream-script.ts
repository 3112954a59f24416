/**
 * The notation of a stream. Each item of a list is one write on the socket:
 * - a string is sent as UTF-8,
 * - `{"hex": "C3 28"}` as these bytes,
 * - `{"repeat": [items], "times": n}` as one write of the items' bytes, n times over (no pauses within),
 * - `{"pause": 25}` writes nothing and waits that many milliseconds.
 */
export type StreamItem =
  string | { hex: string } | { repeat: StreamItem[]; times: number } | { pause: number };

/** What the server does with one request. */
export interface ConnectionScript {
  /** Milliseconds between the request's arrival and the first byte of the head. Default 0. */
  delay?: number;
  /** Default 200. */
  status?: number;
  /** Default: the registered phrase of the status. */
  reason?: string;
  /**
   * Laid over the server's own `Content-Type: text/event-stream`, `Cache-Control: no-store` and `Connection: close`,
   * by case-insensitive name; null removes one, an array sends the header once per element. In values the
   * placeholders `{url}`, `{origin}`, `{other-url}`, `{other-origin}` (the same play on this or the next origin) and
   * `{request-origin}` (the request's Origin header) are replaced. Values are sent as UTF-8.
   */
  headers?: Record<string, string | string[] | null>;
  /** The whole head as raw bytes, up to and with its blank line, in place of status, reason, headers and framing; the stream follows as it is. */
  head?: StreamItem[];
  /** The body. Default none. */
  stream?: StreamItem[];
  /** How the body is framed: one HTTP chunk per write (default), until the connection closes, or by a Content-Length that may be wrong. */
  framing?: 'chunked' | 'close' | { contentLength: number };
  /**
   * After the last write: `hang` keeps the connection open until the client leaves (default), `close` ends the body properly and closes,
   * `cut` closes without the last chunk, `reset` sends a TCP reset.
   */
  end?: 'hang' | 'close' | 'cut' | 'reset';
}

/** What is played under one id: the n-th request gets the n-th connection. */
export interface Play {
  id: string;
  connections: ConnectionScript[];
  /** Requests after the last connection: false (default) records them and leaves them unanswered, true plays the last connection again. */
  repeat?: boolean;
  /** The answer to an OPTIONS request, which never uses up a connection. Default: 204 that allows the requested method and headers to the requesting origin, with credentials. */
  preflight?: ConnectionScript;
}

/** Most bytes of one write. */
const longestWrite = 256 * 1024 * 1024;

/** The length of all that a stream writes, in bytes. Throws as `writes` does. */
export function byteLengthOf(stream: StreamItem[]): number {
  return writes(stream).reduce((sum, item) => sum + (Buffer.isBuffer(item) ? item.length : 0), 0);
}

/**
 * What a list of items writes, one element per write: bytes, or a pause in milliseconds. Items without bytes (`""`) are left out.
 * Throws a TypeError that names the place (`name` and index) of an item that is not in the notation.
 */
export function writes(items: StreamItem[], name = 'stream'): (Buffer | { pause: number })[] {
  if (!Array.isArray(items))
    throw new TypeError(`${name}: must be a list of items, not ${JSON.stringify(items)}`);
  return items.flatMap((item, index) => {
    const place = `${name}[${index}]`;
    if (typeof item === 'object' && item !== null && 'pause' in item) {
      if (!Number.isFinite(item.pause) || item.pause < 0)
        throw new TypeError(
          `${place}: pause must be a number of milliseconds, not ${JSON.stringify(item.pause)}`
        );
      return { pause: item.pause };
    }
    const bytes = bytesOf(item, place);
    return bytes.length > 0 ? bytes : [];
  });
}

function bytesOf(item: StreamItem, place: string): Buffer {
  if (typeof item === 'string') return Buffer.from(item, 'utf8');
  if (typeof item === 'object' && item !== null) {
    if ('hex' in item) {
      const digits = typeof item.hex === 'string' ? item.hex.replace(/\s/g, '') : '?';
      if (!/^[0-9a-f]*$/i.test(digits))
        throw new TypeError(
          `${place}: hex must be hexadecimal digits and spaces, not ${JSON.stringify(item.hex)}`
        );
      if (digits.length % 2) throw new TypeError(`${place}: hex has an odd number of digits: ${item.hex}`);
      return Buffer.from(digits, 'hex');
    }
    if ('repeat' in item) {
      const { times } = item;
      if (!Number.isInteger(times) || times < 0)
        throw new TypeError(`${place}: times must be a whole number from 0 on, not ${JSON.stringify(times)}`);
      const once = Buffer.concat(
        writes(item.repeat, `${place}.repeat`).map((part) => {
          if (!Buffer.isBuffer(part)) throw new TypeError(`${place}: no pause can be within a repeat`);
          return part;
        })
      );
      if (once.length * times > longestWrite)
        throw new TypeError(
          `${place}: one write of ${once.length * times} bytes; the most is ${longestWrite}`
        );
      return Buffer.alloc(once.length * times, once);
    }
  }
  throw new TypeError(
    `${place}: must be a string, {"hex"}, {"repeat", "times"} or {"pause"}, not ${JSON.stringify(item)}`
  );
}

/** What a token and the id of a play look like: they are segments of a path. */
export const namePattern = /^(?!\.\.?$)[A-Za-z0-9._@-]{1,128}$/;

/** Throws a TypeError that names what is wrong with the id or the notation of a play. */
export function checkPlay(play: Play): void {
  if (typeof play.id !== 'string' || !namePattern.test(play.id))
    throw new TypeError(`the id of a play must match ${namePattern.source}, not ${JSON.stringify(play.id)}`);
  if (!Array.isArray(play.connections))
    throw new TypeError(`${play.id}: connections must be an array, not ${JSON.stringify(play.connections)}`);
  play.connections.forEach((script, index) => checkConnection(script, `${play.id}: connections[${index}]`));
  if (play.preflight !== undefined) checkConnection(play.preflight, `${play.id}: preflight`);
}

const headerName = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const isText = (value: unknown) => typeof value === 'string' && !/[\0\r\n]/.test(value);

/** What each member of a ConnectionScript must be, in words and as a test; streams are checked by `writes`. */
const members: Record<keyof ConnectionScript, [words: string, is: (value: unknown) => boolean]> = {
  delay: ['a number of milliseconds', (value) => Number.isFinite(value) && Number(value) >= 0],
  status: [
    'a whole number from 100 to 999',
    (value) => Number.isInteger(value) && Number(value) >= 100 && Number(value) <= 999
  ],
  reason: ['a string without line ends', isText],
  headers: [
    'an object of header names with a string, strings or null each',
    (value) =>
      typeof value === 'object' &&
      value !== null &&
      Object.entries(value).every(
        ([name, each]) => headerName.test(name) && (each === null || [each].flat().every(isText))
      )
  ],
  head: ['an array', Array.isArray],
  stream: ['an array', Array.isArray],
  framing: [
    '"chunked", "close" or {"contentLength"}',
    (value) =>
      value === 'chunked' ||
      value === 'close' ||
      (typeof value === 'object' &&
        Number.isInteger((value as { contentLength?: number } | null)?.contentLength))
  ],
  end: [
    '"hang", "close", "cut" or "reset"',
    (value) => ['hang', 'close', 'cut', 'reset'].includes(value as string)
  ]
};

function checkConnection(script: ConnectionScript, place: string): void {
  if (typeof script !== 'object' || (script as unknown) === null)
    throw new TypeError(`${place}: must be an object, not ${JSON.stringify(script)}`);
  for (const [name, value] of Object.entries(script)) {
    if (!Object.hasOwn(members, name))
      throw new TypeError(`${place}: there is no member ${JSON.stringify(name)}`);
    const [words, is] = members[name as keyof ConnectionScript];
    if (value !== undefined && !is(value))
      throw new TypeError(`${place}.${name}: must be ${words}, not ${JSON.stringify(value)}`);
  }
  if (script.head) writes(script.head, `${place}.head`);
  if (script.stream) writes(script.stream, `${place}.stream`);
}
