import { getEventListeners } from 'node:events';
import type { ExtendedEventSourceInit, EventSource as Source } from '../index.ts';

/** A process of its own: what is left of it at its end is what the sources have left. Prints a Result as JSON. */
export interface Result {
  /** Sources that were made. */
  sources: number;
  /** Of process.getActiveResourcesInfo(), without the pipes to the parent, when all were closed. */
  resources: string[];
  /** Abort listeners on the signal that all of them got. */
  listeners: number;
  rejections: string[];
  /** Bytes of heap per source, after those of a first part. */
  growth: number;
}

const [dist, origin, count, withExtras] = JSON.parse(process.argv[2]!) as [string, string, number, boolean];
const { EventSource } = (await import(dist)) as typeof import('../index.ts');

const rejections: string[] = [];
process.on('unhandledRejection', (reason) => rejections.push(String(reason)));
process.on('uncaughtException', (error) => rejections.push(String(error)));

const controller = new AbortController();
const extras: ExtendedEventSourceInit = {
  headers: () => Promise.resolve({ token: 'x' }),
  fetch: (url, init) => fetch(url, init),
  method: 'POST',
  body: '{}',
  lastEventId: '1',
  signal: controller.signal,
  heartbeatTimeout: 60_000,
  reconnection: {
    minDelay: 60_000,
    maxDelay: 120_000,
    factor: 2,
    jitter: 0.5,
    maxAttempts: 5,
    shouldReconnect: ({ status }) => status === 503
  },
  maxEventSize: 1000,
  lastEventIdParameter: 'after'
};

/** Makes a source, and fulfils when it is over. */
type Way = (create: (path: string) => Source) => Promise<unknown> | undefined;
const event = (source: Source, type: string) =>
  new Promise((resolve) => source.addEventListener(type, resolve, { once: true }));
const ways: Way[] = [
  // Closed at once.
  (create) => void create('/open').close(),
  // Failed.
  (create) => event(create('/404'), 'error'),
  // Closed when it was open, within a listener.
  (create) => {
    const source = create('/open');
    return event(source, 'message').then(() => source.close());
  },
  // Closed while it waited for the next attempt.
  (create) => {
    const source = create('/end');
    return event(source, 'error').then(() => source.close());
  },
  // Closed while it waited for the response, in another task.
  (create) => {
    const source = create('/silent');
    return new Promise((resolve) => setImmediate(resolve)).then(() => source.close());
  }
];

async function play(from: number, to: number): Promise<void> {
  const abreast = 50;
  for (let i = from; i < to; i += abreast) {
    await Promise.all(
      Array.from({ length: Math.min(abreast, to - i) }, (_, n) =>
        ways[(i + n) % ways.length]!(
          (path) => new EventSource(origin + path, withExtras ? extras : undefined)
        )
      )
    );
  }
}

async function measureHeap(): Promise<number> {
  // Connections that were destroyed are told so in later turns.
  for (let i = 0; i < 5; i++) {
    await new Promise((resolve) => setTimeout(resolve, 10));
    (globalThis as { gc?: () => void }).gc!();
  }
  return process.memoryUsage().heapUsed;
}

const first = count / 4;
await play(0, first);
const before = await measureHeap();
await play(first, count);
const after = await measureHeap();
const result: Result = {
  sources: count,
  resources: process.getActiveResourcesInfo().filter((name) => name !== 'PipeWrap'),
  listeners: getEventListeners(controller.signal, 'abort').length,
  rejections,
  growth: (after - before) / (count - first)
};
process.stdout.write(JSON.stringify(result));
