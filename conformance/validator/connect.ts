import net from 'node:net';
import type { TLSSocket } from 'node:tls';
import { speakHttp2 } from './http2.ts';
import { createParser, formatRequest } from './http1.ts';
import {
  deliver,
  setContentLength,
  type Ending,
  type Failure,
  type FailureKind,
  type Limits,
  type Listener,
  type OutgoingRequest,
  type Recording
} from './recording.ts';

/** What `exchange` sends, and who reads the answer. */
export interface Asked {
  request: OutgoingRequest;
  limits: Limits;
  /** Gives ms. */
  clock: () => number;
  listener: Listener;
  signal?: AbortSignal;
}

/** How long after the end of a body with a length it is looked for more bytes, and after that of a connection for what HTTP/2 has of it; ms. */
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
    let endHttp2: (() => void) | undefined;
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
      if (endHttp2) setImmediate(endHttp2);
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
      fail(
        'timeout',
        `no ${socket.connecting ? 'connection to' : 'TLS handshake with'} ${host} port ${port} within ${limits.connectTimeout} ms`
      )
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
      endHttp2 = speakHttp2(module, socket as TLSSocket, request, {
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
    const on = (event: 'end' | 'error' | 'close', then: (error: NodeJS.ErrnoException) => void) =>
      // HTTP/2 tells later of what it has read.
      socket.on(event, (error: NodeJS.ErrnoException) =>
        endHttp2 && !done ? setTimeout(then, linger, error) : then(error)
      );
    on('end', () => {
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
    on('error', (error) => {
      if (recording.ending) finish(recording.ending);
      else if (recording.head) finish('reset');
      else finish(undefined, describeError(error, Number.isNaN(recording.sentAt) && tls !== undefined));
    });
    on('close', () => {
      if (recording.ending) finish(recording.ending);
      else if (recording.head) finish('cut');
      else fail('closed', 'the connection was closed without an answer');
    });
  });
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
