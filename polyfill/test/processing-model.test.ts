import { afterAll, afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { Connection } from '../processing-model.ts';
import type { Transport, TransportClient, TransportRequest } from '../transport.ts';

// Before it is loaded, which is when it keeps setImmediate.
vi.useFakeTimers();
const { runTheProcessingModel } = await import('../processing-model.ts');
afterAll(() => void vi.useRealTimers());

let attempts: { request: TransportRequest; client: TransportClient; isAborted: boolean }[];
let fired: string[];
let connection: Connection;

const transport: Transport = (request, client) => {
  const attempt = { request: { wasOpen: false, ...request }, client, isAborted: false };
  attempts.push(attempt);
  return () => {
    attempt.isAborted = true;
  };
};

beforeEach(() => {
  vi.spyOn(Math, 'random').mockReturnValue(1);
  attempts = [];
  fired = [];
  start('http://localhost/');
});
afterEach(() => {
  close();
  vi.clearAllTimers();
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

function start(url: string): void {
  connection = {
    url,
    withCredentials: false,
    readyState: 0,
    lastEventIdString: '',
    fire: (event) => fired.push(`${event.type} ${connection.readyState}`),
    stop() {}
  };
  runTheProcessingModel(connection, transport);
}

function close(): void {
  connection.readyState = 2;
  connection.stop();
}

/** Runs the tasks that are queued, without letting time pass. */
const runTasks = () => vi.advanceTimersByTime(0);

function answer(text?: string): void {
  const { client } = attempts.at(-1)!;
  client.onResponse(200, 'text/event-stream', '');
  if (text !== undefined) client.onText(text);
  client.onEnd();
  runTasks();
}

/** ms until the next attempt. */
function measureDelay(): number {
  const count = attempts.length;
  const start = Date.now();
  while (attempts.length === count) vi.advanceTimersToNextTimer();
  return Date.now() - start;
}

it('waits the reconnection time, and longer from the third fruitless attempt on where that is short', () => {
  const delays = [];
  for (let i = 0; i < 10; i++) {
    answer('retry: 10\n');
    delays.push(measureDelay());
  }
  expect(delays).toEqual([10, 10, 500, 1000, 2000, 4000, 8000, 16000, 30010, 30010]);
  answer('data: a\n\n');
  expect([measureDelay(), answer(), measureDelay()]).toEqual([10, undefined, 10]);
});

it('asks once a second for a second for five times', () => {
  const delays = [];
  for (let i = 0; i < 5; i++) {
    answer('retry:1000\ndata:x\n');
    delays.push(measureDelay());
  }
  expect(delays).toEqual([1000, 1000, 1000, 1000, 2000]);
});

it('asks for more only when the events of before are gone', () => {
  const { client } = attempts[0]!;
  const more = vi.fn();
  client.onResponse(200, 'text/event-stream', '');
  client.onText('data: a\n\ndata: b\n\n', more);
  expect(more).not.toHaveBeenCalled();
  runTasks();
  expect(fired).toEqual(['open 1', 'message 1', 'message 1']);
  expect(more).toHaveBeenCalledOnce();
  client.onText(':', more);
  expect(more).toHaveBeenCalledTimes(2);
});

it('waits for the network to be back', () => {
  const listeners: (() => void)[] = [];
  vi.stubGlobal('navigator', { onLine: false });
  vi.stubGlobal(
    'addEventListener',
    (type: string, listener: () => void) => type === 'online' && listeners.push(listener)
  );
  vi.stubGlobal('removeEventListener', (_: string, listener: () => void) =>
    listeners.splice(listeners.indexOf(listener), 1)
  );
  answer('retry: 10\n');
  vi.advanceTimersByTime(1000);
  expect(attempts).toHaveLength(1);
  listeners[0]!();
  expect([attempts.length, listeners.length]).toEqual([2, 0]);
});

it('forgets the network with the source', () => {
  const remove = vi.fn();
  vi.stubGlobal('navigator', { onLine: false });
  vi.stubGlobal('addEventListener', () => {});
  vi.stubGlobal('removeEventListener', remove);
  answer('retry: 10\n');
  vi.advanceTimersByTime(1000);
  close();
  expect(remove).toHaveBeenCalledOnce();
});

it('sends no request for what cannot be fetched', () => {
  attempts = [];
  for (const url of ['ftp://localhost/', 'mailto:a@b', 'javascript:1', 'ws://localhost/']) {
    start(url);
    runTasks();
    expect([connection.readyState, attempts.length]).toEqual([2, 0]);
  }
  for (const url of ['https://localhost/', 'data:text/event-stream,', 'blob:http://localhost/1']) start(url);
  expect(attempts).toHaveLength(3);
});

it('carries the last event ID and whether it has been open from attempt to attempt', () => {
  expect(attempts[0]!.request).toMatchObject({ lastEventIdString: '', wasOpen: false });
  answer('id: 1\n\nid: 2\n');
  measureDelay();
  expect(attempts[1]!.request).toMatchObject({
    lastEventIdString: '1',
    wasOpen: true,
    isUnanswered: false
  });
  attempts[1]!.client.onEnd();
  runTasks();
  measureDelay();
  expect(attempts[2]!.request).toMatchObject({
    lastEventIdString: '1',
    wasOpen: true,
    isUnanswered: true
  });
});

it('closes when another attempt would be futile, and aborts what is under way when it is closed', () => {
  attempts[0]!.client.onEnd(true);
  runTasks();
  expect(fired).toEqual(['error 2']);
  start('http://localhost/');
  close();
  expect(attempts[1]!.isAborted).toBe(true);
  attempts[1]!.client.onResponse(200, 'text/event-stream', '');
  runTasks();
  expect(fired).toEqual(['error 2']);
});
