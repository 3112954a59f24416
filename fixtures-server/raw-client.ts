import { connect, type Socket } from 'node:net';

/** A client for tests that knows no HTTP: what was sent to it, one character per byte. */
export interface RawClient {
  socket: Socket;
  received: string;
  /** How it was over: `end`, or the code of the error; null while it is not. */
  over: string | null;
  /** Resolves with `received` when it is over. */
  finished(): Promise<string>;
  /** Resolves when `received` includes the text. */
  receives(text: string): Promise<void>;
}

/** Connects to an origin and sends the text, one byte per character. */
export function sendRaw(origin: string, text: string): RawClient {
  const socket = connect(Number(new URL(origin).port), '127.0.0.1');
  const client: RawClient = {
    socket,
    received: '',
    over: null,
    finished: () => until(() => client.over !== null, 'the end').then(() => client.received),
    receives: (part) => until(() => client.received.includes(part), JSON.stringify(part))
  };
  socket
    .on('data', (bytes) => (client.received += bytes.toString('latin1')))
    .on('error', (error: NodeJS.ErrnoException) => (client.over ??= error.code ?? error.message))
    .on('end', () => (client.over ??= 'end'))
    .on('close', () => (client.over ??= 'close'));
  socket.write(Buffer.from(text, 'latin1'));
  return client;
}

/** A GET without body. */
export function get(origin: string, path: string, headers = ''): RawClient {
  return sendRaw(origin, `GET ${path} HTTP/1.1\r\nHost: ${new URL(origin).host}\r\n${headers}\r\n`);
}

/** Resolves when the condition holds; rejects after two seconds. */
export async function until(condition: () => boolean, what = 'a condition'): Promise<void> {
  const end = performance.now() + 2000;
  while (!condition()) {
    if (performance.now() > end) throw new Error(`waited in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}
