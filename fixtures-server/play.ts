import type { Socket } from 'node:net';
import type { Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { http } from './node-http.ts';
import { type ConnectionScript, writes } from './stream-script.ts';

/** Where a connection script is played, and who is told. */
export interface Stage {
  /** The socket that the request came on; nothing else writes to it meanwhile. */
  socket: Socket;
  /** The request's method. */
  method: string;
  /** Sends a TCP reset; default: that of the socket, which TLS has not. */
  reset?(): void;
  /** By name without braces: what replaces the placeholders in header values. */
  placeholders: Record<string, string>;
  /** Called with the bytes of each write just before they are handed to the socket. */
  onWrite?(bytes: Buffer): void;
  /** Called when the script's `end` has been done; not for `hang`. */
  onEnd?(): void;
}

const playedOn = new WeakSet<Socket>();

/** Whether a script has been played on the socket, past node:http, which still holds the first answer's place. */
export function isPlayedOn(socket: Socket): boolean {
  return playedOn.has(socket);
}

/**
 * Plays a script as the answer to a request. Resolves when all is done, `end` included, or as soon as the client has left.
 * Rejects with a TypeError, before anything is written, if the notation is bad.
 */
export async function playConnection(script: ConnectionScript, stage: Stage): Promise<void> {
  const { socket } = stage;
  const bodiless = hasNoBody(script, stage.method);
  const head = script.head ? writes(script.head, 'head') : [Buffer.from(headOf(script, stage, bodiless))];
  const body = bodiless ? [] : writes(script.stream ?? []);
  const chunked = !script.head && !bodiless && (script.framing ?? 'chunked') === 'chunked';

  playedOn.add(socket);
  const gone = new AbortController();
  const leave = () => gone.abort();
  if (socket.destroyed || socket.readableEnded || !socket.writable) leave();
  socket.once('close', leave).once('end', leave);
  const write = (bytes: Buffer) => {
    gone.signal.throwIfAborted();
    stage.onWrite?.(bytes);
    return writeAlone(socket, bytes);
  };
  try {
    socket.setNoDelay(true);
    await pause(script.delay ?? 0, gone.signal);
    for (const item of head) await (Buffer.isBuffer(item) ? write(item) : pause(item.pause, gone.signal));
    for (const item of body) {
      if (!Buffer.isBuffer(item)) await pause(item.pause, gone.signal);
      else await write(chunked ? chunkOf(item) : item);
    }
    const end = script.end ?? 'hang';
    if (end === 'hang') return;
    if (end === 'close' && chunked) await write(Buffer.from('0\r\n\r\n'));
    gone.signal.throwIfAborted();
    stage.onEnd?.();
    if (end === 'reset' && stage.reset) stage.reset();
    else if (end === 'reset') socket.resetAndDestroy();
    else socket.destroySoon();
  } catch (error) {
    if (!gone.signal.aborted && !socket.destroyed && socket.writable) throw error;
  } finally {
    socket.off('close', leave).off('end', leave);
  }
}

export function hasNoBody(script: ConnectionScript, method: string): boolean {
  if (script.head) return false;
  const status = script.status ?? 200;
  return method === 'HEAD' || status < 200 || status === 204 || status === 304;
}

/** The header fields of a script without a raw head, without those of its framing. */
export function fieldsOf(
  script: ConnectionScript,
  placeholders: Record<string, string>
): [name: string, value: string][] {
  const fields = new Map<string, { name: string; values: string[] }>();
  const set = (name: string, value: string | string[] | null) => {
    if (value === null) fields.delete(name.toLowerCase());
    else fields.set(name.toLowerCase(), { name, values: Array.isArray(value) ? value : [value] });
  };
  set('Content-Type', 'text/event-stream');
  set('Cache-Control', 'no-store');
  set('Connection', 'close');
  for (const [name, value] of Object.entries(script.headers ?? {})) set(name, value);
  return [...fields.values()].flatMap(({ name, values }) =>
    values.map((value): [string, string] => [name, replacePlaceholders(value, placeholders)])
  );
}

function headOf(script: ConnectionScript, stage: Stage, bodiless: boolean): string {
  const status = script.status ?? 200;
  const lines = [`HTTP/1.1 ${status} ${script.reason ?? http.STATUS_CODES[status] ?? ''}`];
  for (const [name, value] of fieldsOf(script, stage.placeholders)) lines.push(`${name}: ${value}`);
  const framing = script.framing ?? 'chunked';
  if (!bodiless && framing === 'chunked') lines.push('Transfer-Encoding: chunked');
  if (!bodiless && typeof framing === 'object') lines.push(`Content-Length: ${framing.contentLength}`);
  return lines.join('\r\n') + '\r\n\r\n';
}

function replacePlaceholders(value: string, placeholders: Record<string, string>): string {
  return value.replace(/\{([a-z-]+)\}/g, (whole, name: string) => placeholders[name] ?? whole);
}

function chunkOf(bytes: Buffer): Buffer {
  return Buffer.concat([Buffer.from(bytes.length.toString(16) + '\r\n'), bytes, Buffer.from('\r\n')]);
}

/** Resolves one turn of the event loop after the kernel took the bytes, so that the next write is a system call of its own. */
export function writeAlone(stream: Writable, bytes: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    stream.write(bytes, (error) => (error ? reject(error) : setImmediate(resolve)));
  });
}

/** Node's timers may fire up to a millisecond early and end at 2^31-1 ms. */
export async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  const until = performance.now() + milliseconds;
  for (let rest = milliseconds; rest > 0; rest = until - performance.now())
    await sleep(Math.min(Math.ceil(rest), 2 ** 31 - 1), undefined, { signal });
}
