import net from 'node:net';
import type { TLSSocket } from 'node:tls';
import { speakHttp2 } from './http2.ts';

/** Why no answer could be read. */
export type FailureKind =
  'DNS' | 'refused' | 'unreachable' | 'TLS' | 'timeout' | 'garbage' | 'closed' | 'redirects';

export interface Failure {
  kind: FailureKind;
  /** One sentence; may hold text of the server or the system. */
  message: string;
}

export interface Header {
  name: string;
  value: string;
}

/** A response head as it came; texts are latin1. */
export interface Head {
  /** `1.0`, `1.1` or `2`. */
  version: string;
  status: number;
  reason: string;
  headers: Header[];
  /** When its last byte came, ms of the observation's clock. */
  at: number;
}

export interface OutgoingRequest {
  url: URL;
  method: string;
  headers: Header[];
  body?: Buffer;
}

export interface Limits {
  /** For the connection, TLS included, ms. */
  connectTimeout: number;
  /** From the request to the end of the head, ms. */
  headTimeout: number;
  /** From the request to where reading stops, ms. */
  duration: number;
  /** Most bytes of the body. */
  maxBytes: number;
}

/** How the reading ended. `complete`: as the framing says; `closed`: by closing, where only that ends the body. */
export type Ending =
  'complete' | 'closed' | 'cut' | 'reset' | 'bad framing' | 'byte limit' | 'time limit' | 'enough';

export type Framing = 'chunked' | 'length' | 'close' | 'none' | 'HTTP/2';

/** The raw side of one request and its answer. */
export interface Recording {
  /** When connecting began, the request was sent, and the reading ended, ms of the clock. */
  startedAt: number;
  sentAt: number;
  endedAt: number;
  failure?: Failure;
  head?: Head;
  framing?: Framing;
  /** Fields in an answer over HTTP/2 that are forbidden there; the rest is then of an answer over HTTP/1.1, if the method is safe. */
  forbiddenFields?: string[];
  /** Of HTTP/2's SETTINGS, if it says so. */
  maxConcurrentStreams?: number;
  /** Value of Content-Length, as a number if it is one. */
  contentLength?: number;
  chunks: number;
  /** Bytes of the body as framed, before any Content-Encoding is undone. */
  bodyBytes: number;
  /** Bytes that came after the body was complete. */
  extraBytes: number;
  ending?: Ending;
  /** For `bad framing`: what was wrong. */
  framingFault?: string;
}

export interface Listener {
  /** True stops the reading as `enough`. */
  head?(head: Head, source: Source): boolean | undefined;
  /** One call per read; `bytes` without framing, and only until it returns. True stops the reading as `enough`. */
  body?(bytes: Buffer, at: number): boolean | undefined;
}

/** What `exchange` sends, and who reads the answer. */
export interface Asked {
  request: OutgoingRequest;
  limits: Limits;
  /** Gives ms. */
  clock: () => number;
  listener: Listener;
  signal?: AbortSignal;
}

/** Where the body comes from: it can be told to wait. */
export interface Source {
  pause(): unknown;
  resume(): unknown;
}

const longestHead = 64 * 1024;
const longestChunkLine = 16 * 1024;
/** How long after the end of a body with a length it is looked for more bytes, ms. */
const linger = 150;
/** How long the body is read at least, ms. */
const shortestBody = 300;

/**
 * Sends one request on a connection of its own and reads the answer, over HTTP/1.1 head and chunks itself, with the time of each read.
 * Over TLS it offers HTTP/2 first, as browsers do.
 * What there is of it so far stands in `into`. Resolves always, within the limits; an aborted `signal` ends it as `time limit`.
 */
export async function exchange<T extends object>(asked: Asked, into: T): Promise<T & Recording> {
  const recording = await exchangeOver(['h2', 'http/1.1'], asked, into);
  const { failure, forbiddenFields } = recording;
  // What is not safe is asked once.
  if (!failure || !forbiddenFields || !/^(GET|HEAD|OPTIONS)$/.test(asked.request.method)) return recording;
  delete recording.failure;
  await exchangeOver(['http/1.1'], asked, recording);
  if (recording.failure) recording.failure = failure;
  return recording;
}

async function exchangeOver<T extends object>(
  protocols: string[],
  { request, limits, clock, listener, signal }: Asked,
  into: T
): Promise<T & Recording> {
  const recording = Object.assign(into, {
    startedAt: clock(),
    sentAt: NaN,
    endedAt: NaN,
    chunks: 0,
    bodyBytes: 0,
    extraBytes: 0
  }) as T & Recording;
  const { url } = request;
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const tls = url.protocol === 'https:' ? await import('node:tls') : undefined;
  const http2 = tls && (await import('node:http2'));
  const port = Number(url.port || (tls ? 443 : 80));

  return new Promise((resolve) => {
    let done = false;
    let timer: NodeJS.Timeout;
    const socket = tls
      ? tls.connect({
          host,
          port,
          ALPNProtocols: protocols,
          ...(net.isIP(host) ? {} : { servername: host })
        })
      : net.connect({
          host,
          port,
          // One buffer for all reads: garbage at 50 MB/s would be most of the memory.
          onread: {
            buffer: Buffer.allocUnsafeSlow(65536),
            callback: (length, buffer) => {
              take(Buffer.from(buffer.buffer, buffer.byteOffset, length));
              return true;
            }
          }
        });
    socket.setNoDelay(true);

    const finish = (ending?: Ending, failure?: Failure) => {
      if (done) return;
      done = true;
      clearTimeout(timer);
      signal?.removeEventListener('abort', abort);
      socket.destroy();
      if (Number.isNaN(recording.endedAt)) recording.endedAt = clock();
      if (ending) recording.ending = ending;
      if (failure) recording.failure = failure;
      resolve(recording);
    };
    const fail = (kind: FailureKind, message: string) => finish(undefined, { kind, message });
    const abort = () => {
      if (recording.head) finish('time limit');
      else fail('timeout', 'the time was up before an answer came');
    };
    const wait = (ms: number, then: () => void) => {
      clearTimeout(timer);
      timer = setTimeout(then, Math.max(0, ms));
    };
    if (signal?.aborted) return void abort();
    signal?.addEventListener('abort', abort);

    wait(limits.connectTimeout, () =>
      fail('timeout', `no connection to ${host} port ${port} within ${limits.connectTimeout} ms`)
    );
    const parser = createParser(recording, listener, clock, socket);
    /** A flood keeps timers from running: each read looks at the clock as well. */
    let deadline = Infinity;
    const readHead = () => {
      const left = Math.max(shortestBody, limits.duration - (clock() - recording.sentAt));
      deadline = clock() + left;
      wait(left, () => finish('time limit'));
    };
    socket.once(tls ? 'secureConnect' : 'connect', () => {
      recording.sentAt = clock();
      wait(limits.headTimeout, () =>
        fail('timeout', `no complete response head within ${limits.headTimeout} ms of the request`)
      );
      if (http2 && (socket as TLSSocket).alpnProtocol === 'h2') askOverHttp2(http2);
      else {
        socket.on('data', take);
        socket.write(formatRequest(request));
      }
    });
    function askOverHttp2(module: typeof import('node:http2')) {
      speakHttp2(module, socket as TLSSocket, request, {
        settings(most) {
          if (most !== undefined) recording.maxConcurrentStreams = most;
        },
        forbiddenField(name) {
          if (!recording.forbiddenFields?.includes(name)) (recording.forbiddenFields ??= []).push(name);
        },
        head(head, source) {
          if (done) return;
          recording.head = { ...head, at: clock() };
          recording.framing = 'HTTP/2';
          setContentLength(recording);
          if (listener.head?.(recording.head, source)) finish('enough');
          else readHead();
        },
        body(bytes) {
          if (done) return;
          const ending = deliver(recording, listener, clock, bytes, limits.maxBytes);
          if (ending) finish(ending);
          else if (clock() > deadline) finish('time limit');
        },
        end: () => finish('complete'),
        failed(message) {
          if (recording.head) finish('reset');
          else if (recording.forbiddenFields)
            fail('garbage', `the answer over HTTP/2 has ${recording.forbiddenFields.join(' and ')}`);
          else fail('garbage', message);
        }
      });
    }
    function take(bytes: Buffer) {
      if (done) return;
      const hadHead = recording.head !== undefined;
      let ending: Ending | undefined;
      try {
        ending = parser.push(bytes, request.method === 'HEAD', limits.maxBytes);
      } catch (error) {
        return fail('garbage', (error as Error).message);
      }
      if (!hadHead && recording.head) readHead();
      if (ending === 'complete' && recording.framing === 'length') {
        wait(linger, () => finish('complete'));
        recording.ending = 'complete';
        recording.endedAt = clock();
      } else if (ending) finish(ending);
      else if (clock() > deadline) finish('time limit');
    }
    socket.on('end', () => {
      if (recording.ending) finish(recording.ending);
      else if (!recording.head) {
        fail(
          'closed',
          parser.started
            ? 'the connection was closed within the response head'
            : 'the connection was closed without an answer'
        );
      } else finish(recording.framing === 'close' ? 'closed' : 'cut');
    });
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (recording.ending) finish(recording.ending);
      else if (recording.head) finish('reset');
      else finish(undefined, describeError(error, Number.isNaN(recording.sentAt) && tls !== undefined));
    });
    socket.on('close', () => {
      if (recording.ending) finish(recording.ending);
      else if (recording.head) finish('cut');
      else fail('closed', 'the connection was closed without an answer');
    });
  });
}

function formatRequest({ url, method, headers, body }: OutgoingRequest): Buffer {
  const isGiven = (own: string) => headers.some(({ name }) => name.toLowerCase() === own);
  const lines = [
    `${method} ${url.pathname}${url.search} HTTP/1.1`,
    ...(isGiven('host') ? [] : [`Host: ${url.host}`]),
    ...headers.map(({ name, value }) => `${name}: ${value}`),
    ...(body && !isGiven('content-length') ? [`Content-Length: ${body.length}`] : [])
  ];
  return Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), body ?? Buffer.alloc(0)]);
}

const untrusted =
  'the certificate is not of an authority that is trusted here (NODE_EXTRA_CA_CERTS adds one)';
/** By code of OpenSSL and Node; others speak for themselves. */
const tlsMessages: Record<string, string> = {
  CERT_HAS_EXPIRED: 'the certificate has expired',
  CERT_NOT_YET_VALID: 'the certificate is not valid yet',
  DEPTH_ZERO_SELF_SIGNED_CERT: `the certificate is self-signed: ${untrusted}`,
  SELF_SIGNED_CERT_IN_CHAIN: untrusted,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: untrusted,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: `the certificates between it and its authority are not sent, or ${untrusted}`,
  ERR_SSL_WRONG_VERSION_NUMBER: 'what answers does not speak TLS',
  ERR_SSL_PACKET_LENGTH_TOO_LONG: 'what answers does not speak TLS',
  ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION: 'no version of TLS in common',
  ERR_SSL_UNSUPPORTED_PROTOCOL: 'no version of TLS in common',
  ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL: 'the server takes neither h2 nor http/1.1',
  ECONNRESET: 'the connection was reset during the handshake'
};

function describeError(error: NodeJS.ErrnoException, inTls: boolean): Failure {
  const code = error.code ?? '';
  const message = error.message || code;
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN' || code === 'EAI_FAIL') return { kind: 'DNS', message };
  const inner = (error as unknown as AggregateError).errors as NodeJS.ErrnoException[] | undefined;
  if (inner?.length) return describeError(inner[0]!, inTls);
  if (code === 'ECONNREFUSED') return { kind: 'refused', message };
  if (code === 'ETIMEDOUT') return { kind: 'timeout', message };
  if (/^(EHOSTUNREACH|ENETUNREACH|EADDRNOTAVAIL|EACCES|EPERM)$/.test(code))
    return { kind: 'unreachable', message };
  if (inTls) return { kind: 'TLS', message: tlsMessages[code] ?? message };
  return { kind: 'closed', message };
}

function setContentLength(recording: Recording): void {
  const fields = recording.head!.headers.filter(({ name }) => name.toLowerCase() === 'content-length');
  const length = fields[0]?.value.trim();
  if (length !== undefined && /^\d+$/.test(length)) recording.contentLength = Number(length);
}

/** Hands on what is within the limit, and says how the body ended once it has. */
function deliver(
  recording: Recording,
  listener: Listener,
  clock: () => number,
  bytes: Buffer,
  maxBytes: number,
  ending?: Ending
): Ending | undefined {
  if (recording.bodyBytes + bytes.length > maxBytes) {
    bytes = bytes.subarray(0, maxBytes - recording.bodyBytes);
    ending = 'byte limit';
  }
  recording.bodyBytes += bytes.length;
  if (bytes.length > 0 && listener.body?.(bytes, clock()) && ending === undefined) return 'enough';
  return ending;
}

/** Reads head and framing. `push` returns how the body ended once it has, and throws what is not HTTP. */
function createParser(recording: Recording, listener: Listener, clock: () => number, source: Source) {
  let head: Buffer | undefined = Buffer.alloc(0);
  let remaining = 0;
  let state: 'size' | 'data' | 'data end' | 'trailer' | 'over' = 'size';
  let line = '';
  let trailer = 0;
  let started = false;
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
      if (parsed.status >= 100 && parsed.status < 200 && parsed.status !== 101) continue;
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
