import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { tokenEvent } from './corpora.ts';

/** Different events, and events a write. */
const batch = 256;
const events = Array.from({ length: batch }, (_, index) => tokenEvent(index));
const wholeBatch = Buffer.from(events.join(''));

export interface BenchServer {
  origin: string;
  close(): void;
}

/** Streams for clients, and what `files` has, by path; `onPost` gets what is posted. */
export async function createBenchServer(
  files: Map<string, string>,
  onPost: (body: string) => void
): Promise<BenchServer> {
  const server = createServer({ noDelay: true }, (request, response) => {
    const url = new URL(request.url!, 'http://a');
    const count = Number(url.searchParams.get('count'));
    const file = files.get(url.pathname);
    if (request.method === 'POST') {
      void text(request).then((body) => {
        onPost(body);
        response.end();
      });
    } else if (file !== undefined) {
      const type = url.pathname.endsWith('.js') ? 'text/javascript' : 'text/html';
      response.writeHead(200, { 'Content-Type': `${type}; charset=utf-8` }).end(file);
    } else if (url.pathname === '/events') {
      void streamEvents(openStream(response), count).then(() => {
        if (url.searchParams.has('end')) response.end();
      });
    } else if (url.pathname === '/delay') void streamPaced(openStream(response), count);
    else if (url.pathname === '/one') openStream(response).write('data: 1\n\n');
    else response.writeHead(404).end();
  });
  await new Promise<void>((resolve) => server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 }, resolve));
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close() {
      server.close();
      server.closeAllConnections();
    }
  };
}

function openStream(response: ServerResponse): ServerResponse {
  return response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' });
}

/** As fast as they are taken. */
async function streamEvents(response: ServerResponse, count: number): Promise<void> {
  for (let sent = 0; sent < count && !response.destroyed; sent += batch) {
    const bytes = count - sent >= batch ? wholeBatch : Buffer.from(events.slice(0, count - sent).join(''));
    if (!response.write(bytes)) await drained(response);
  }
}

function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const go = (): void => {
      response.off('drain', go).off('close', go);
      resolve();
    };
    response.on('drain', go).on('close', go);
  });
}

/** Of the data of so many events. */
export function charactersOf(count: number): number {
  return events.reduce(
    (sum, event, index) =>
      sum + (event.length - 'data: \n\n'.length) * Math.max(0, Math.ceil((count - index) / batch)),
    0
  );
}

/** Bytes of so many events. */
export function bytesOf(count: number): number {
  return charactersOf(count) + count * 'data: \n\n'.length;
}

/** 1,000 a second, each a write of its own with its time as data. */
async function streamPaced(response: ServerResponse, count: number): Promise<void> {
  const start = performance.now();
  for (let sent = 0; sent < count && !response.destroyed; sent++) {
    while (performance.now() < start + sent) await nextTurn();
    response.write(`data: ${performance.timeOrigin + performance.now()}\n\n`);
  }
}
