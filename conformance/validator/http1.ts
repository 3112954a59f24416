import {
  deliver,
  setContentLength,
  type Ending,
  type Head,
  type Header,
  type Listener,
  type OutgoingRequest,
  type Recording,
  type Source
} from './recording.ts';

const longestHead = 64 * 1024;
const mostInterimHeads = 100;
const longestChunkLine = 16 * 1024;

export function formatRequest({ url, method, headers, body }: OutgoingRequest): Buffer {
  const isGiven = (own: string) => headers.some(({ name }) => name.toLowerCase() === own);
  const lines = [
    `${method} ${url.pathname}${url.search} HTTP/1.1`,
    ...(isGiven('host') ? [] : [`Host: ${url.host}`]),
    ...headers.map(({ name, value }) => `${name}: ${value}`),
    ...(body && !isGiven('content-length') ? [`Content-Length: ${body.length}`] : [])
  ];
  return Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), body ?? Buffer.alloc(0)]);
}

/** Reads head and framing. `push` returns how the body ended once it has, and throws what is not HTTP. */
export function createParser(recording: Recording, listener: Listener, clock: () => number, source: Source) {
  let head: Buffer | undefined = Buffer.alloc(0);
  let remaining = 0;
  let state: 'size' | 'data' | 'data end' | 'trailer' | 'over' = 'size';
  let line = '';
  let trailer = 0;
  let started = false;
  let interimHeads = 0;
  let room = Buffer.alloc(0);

  /** Both in one buffer that has room for more: a head may come byte by byte. */
  function append(before: Buffer, bytes: Buffer): Buffer {
    const length = before.length + bytes.length;
    if (before.byteOffset !== room.byteOffset || before.buffer !== room.buffer || length > room.length) {
      room = Buffer.allocUnsafeSlow(2 * length);
      before.copy(room);
    }
    bytes.copy(room, before.length);
    return room.subarray(0, length);
  }

  function push(bytes: Buffer, isHead: boolean, maxBytes: number): Ending | undefined {
    started = true;
    if (!head) return pushBody(bytes, maxBytes);
    let searched = Math.max(0, head.length - 3);
    head = append(head, bytes);
    const opening = head.toString('latin1', 0, 5);
    if (!'HTTP/'.startsWith(opening) && !opening.startsWith('HTTP/')) {
      throw new Error(
        `the answer is not HTTP: it begins with ${JSON.stringify(head.toString('latin1', 0, 20))}`
      );
    }
    for (;;) {
      const end = /\r?\n\r?\n/.exec(head.toString('latin1', searched));
      if (!end) {
        if (head.length > longestHead)
          throw new Error(`the response head is longer than ${longestHead} bytes`);
        return undefined;
      }
      const length = searched + end.index;
      const parsed = parseHead(head.toString('latin1', 0, length), clock());
      head = head.subarray(length + end[0].length);
      searched = 0;
      if (parsed.status >= 100 && parsed.status < 200 && parsed.status !== 101) {
        if (++interimHeads > mostInterimHeads)
          throw new Error(`more than ${mostInterimHeads} interim heads (1xx)`);
        continue;
      }
      const rest = head;
      head = undefined;
      recording.head = parsed;
      setFraming(parsed, isHead);
      if (listener.head?.(parsed, source)) return 'enough';
      if (recording.framing === 'none' || (recording.framing === 'length' && remaining === 0)) {
        state = 'over';
        recording.extraBytes += rest.length;
        return 'complete';
      }
      return rest.length > 0 ? pushBody(rest, maxBytes) : undefined;
    }
  }

  function setFraming({ status, headers }: Head, isHead: boolean): void {
    const values = (name: string) => headers.filter((header) => header.name.toLowerCase() === name);
    setContentLength(recording);
    const isChunked = values('transfer-encoding').some(({ value }) => /(^|,)\s*chunked\s*$/i.test(value));
    if (isHead || status === 204 || status === 304 || status === 101) recording.framing = 'none';
    else if (isChunked) recording.framing = 'chunked';
    else if (recording.contentLength !== undefined) {
      recording.framing = 'length';
      remaining = recording.contentLength;
    } else recording.framing = 'close';
  }

  function pushBody(bytes: Buffer, maxBytes: number): Ending | undefined {
    if (state === 'over') {
      recording.extraBytes += bytes.length;
      return undefined;
    }
    if (recording.framing === 'close') return deliver(recording, listener, clock, bytes, maxBytes);
    if (recording.framing === 'length') {
      const body = bytes.subarray(0, remaining);
      remaining -= body.length;
      if (remaining === 0) state = 'over';
      recording.extraBytes += bytes.length - body.length;
      return deliver(recording, listener, clock, body, maxBytes, remaining === 0 ? 'complete' : undefined);
    }
    // Put together where they stand: a chunk may be a single byte.
    let filled = 0;
    let ending: Ending | undefined;
    let index = 0;
    const fault = (message: string) => {
      recording.framingFault = message;
      ending = 'bad framing';
    };
    while (index < bytes.length && !ending) {
      if (state === 'data') {
        const end = Math.min(index + remaining, bytes.length);
        bytes.copyWithin(filled, index, end);
        filled += end - index;
        remaining -= end - index;
        index = end;
        if (remaining === 0) state = 'data end';
        continue;
      }
      const lineFeed = bytes.indexOf(10, index);
      line += bytes.toString('latin1', index, lineFeed < 0 ? bytes.length : lineFeed);
      index = lineFeed < 0 ? bytes.length : lineFeed + 1;
      if (state === 'trailer') trailer += line.length;
      if (line.length > longestChunkLine || trailer > longestHead) {
        fault('a line of the chunked framing has no end');
      }
      if (lineFeed < 0) break;
      const text = line.replace(/\r$/, '');
      line = '';
      if (state === 'data end') {
        if (text !== '') fault(`a chunk is longer than its size says: ${JSON.stringify(text.slice(0, 20))}`);
        state = 'size';
      } else if (state === 'size') {
        const size = /^\s*([0-9a-f]{1,12})\s*(?:;.*)?$/i.exec(text);
        if (!size) fault(`not the size of a chunk: ${JSON.stringify(text.slice(0, 20))}`);
        else {
          remaining = parseInt(size[1]!, 16);
          if (remaining === 0) state = 'trailer';
          else {
            state = 'data';
            recording.chunks++;
          }
        }
      } else if (text === '') {
        state = 'over';
        ending = 'complete';
      }
    }
    return deliver(recording, listener, clock, bytes.subarray(0, filled), maxBytes, ending);
  }

  return {
    push,
    /** Whether any byte has come. */
    get started() {
      return started;
    }
  };
}

/** Without spaces and tabs at its ends. A regular expression would search 64 KiB of spaces from each of them on. */
function trim(text: string): string {
  let [start, end] = [0, text.length];
  while (start < end && ' \t'.includes(text[start]!)) start++;
  while (end > start && ' \t'.includes(text[end - 1]!)) end--;
  return text.slice(start, end);
}

function parseHead(text: string, at: number): Head {
  const [statusLine = '', ...lines] = text.split(/\r?\n/);
  const parts = /^HTTP\/(\d+(?:\.\d+)?) (\d{3})(?: (.*))?$/.exec(statusLine);
  if (!parts) throw new Error(`not a status line: ${JSON.stringify(statusLine.slice(0, 60))}`);
  if (lines.length > 1000) throw new Error(`the response head has ${lines.length} lines`);
  const headers: Header[] = [];
  for (const line of lines) {
    const colon = line.indexOf(':');
    if (colon > 0) {
      headers.push({
        name: line.slice(0, colon),
        value: trim(line.slice(colon + 1))
      });
    } else if (/^[ \t]/.test(line) && headers.length > 0) {
      headers.at(-1)!.value += ` ${line.trim()}`;
    } else throw new Error(`not a header line: ${JSON.stringify(line.slice(0, 60))}`);
  }
  return { version: parts[1]!, status: Number(parts[2]), reason: parts[3] ?? '', headers, at };
}
