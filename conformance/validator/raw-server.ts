import { createServer, type Socket } from 'node:net';
import { afterAll } from 'vitest';
import { validate, type Result, type ValidateOptions } from './index.ts';

// For tests: servers that know no HTTP.

export const servers: { close(): void }[] = [];
afterAll(() => servers.forEach((server) => server.close()));

/** A server that answers each request, as bytes, with what it likes. */
export async function serve(answer: (socket: Socket, request: string) => void): Promise<string> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => {});
    socket.once('data', (bytes) => answer(socket, bytes.toString('latin1')));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  servers.push({
    close() {
      for (const socket of sockets) socket.destroy();
      server.close();
    }
  });
  return `http://127.0.0.1:${(server.address() as { port: number }).port}/`;
}

export const head = 'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-store\r\n';

export async function judge(
  answer: (socket: Socket, request: string) => void,
  options?: ValidateOptions
): Promise<Result> {
  return validate(await serve(answer), options).result;
}

export function found({ findings }: Result): string[] {
  return findings.map(({ rule }) => rule);
}

/** Answers with a stream that says something each 200 ms. */
export function repeat(socket: Socket, text: (n: number) => string): void {
  let n = 0;
  socket.write(`${head}\r\n${text(n)}`);
  const timer = setInterval(() => socket.write(text(++n)), 200);
  socket.on('close', () => clearInterval(timer));
}

/** Writes for ever, as fast as the reader takes it. */
export function flood(socket: Socket, bytes: Buffer): void {
  const write = () => {
    while (!socket.destroyed && socket.write(bytes));
  };
  socket.on('drain', write);
  write();
}
