import { expect, it, vi } from 'vitest';
import { createEventStream, readEvents } from '../extras/stream.ts';

const encode = (text: string) => new TextEncoder().encode(text);
const body = (...pieces: string[]) =>
  new ReadableStream<Uint8Array>({
    start(controller) {
      for (const piece of pieces) controller.enqueue(encode(piece));
      controller.close();
    }
  });
const respond = (stream: BodyInit | null, type = 'text/event-stream; charset=utf-8') =>
  new Response(stream, { headers: { 'Content-Type': type } });

async function collect(...parameters: Parameters<typeof readEvents>) {
  const events = [];
  for await (const event of readEvents(...parameters)) events.push(event);
  return events;
}

it('reads the events of a response, however it is cut', async () => {
  const onRetry = vi.fn();
  const response = respond(
    body('\ufeffid: 1\nda', 'ta: é\r', '\n\r\nretry: 5\nevent: x\ndata\n\n', 'data: unfinished')
  );
  expect(await collect(response, { onRetry, lastEventId: '0' })).toEqual([
    { type: 'message', data: 'é', lastEventId: '1' },
    { type: 'x', data: '', lastEventId: '1' }
  ]);
  expect(onRetry.mock.calls).toEqual([[5]]);
});

it('reads a stream of bytes as a transform', async () => {
  const reader = body('data: a\n\n')
    .pipeThrough(createEventStream({ lastEventId: 'x' }))
    .getReader();
  expect(await reader.read()).toEqual({
    done: false,
    value: { type: 'message', data: 'a', lastEventId: 'x' }
  });
  expect(await reader.read()).toEqual({ done: true, value: undefined });
});

it('refuses what is not an event stream', async () => {
  await expect(collect(respond(body('{}'), 'application/json'))).rejects.toThrow(
    'status 200, Content-Type application/json'
  );
  await expect(collect(respond(null))).rejects.toThrow('no body');
});

it('refuses a response that was read, which would look as if it had no events', async () => {
  const response = respond(body('data: a\n\n'));
  expect(await collect(response)).toHaveLength(1);
  await expect(collect(response)).rejects.toThrow('was read');
});

it('leaves the body of a response that it refused to the page', async () => {
  const response = respond(body('{}'), 'application/json');
  const events = readEvents(response);
  await expect(events.next()).rejects.toThrow(TypeError);
  await events.return();
  expect(await response.text()).toBe('{}');
});

it('cancels the body when the loop is left, and passes on its error', async () => {
  const cancel = vi.fn();
  const endless = new ReadableStream<Uint8Array>({
    pull: (controller) => controller.enqueue(encode('data: a\n\n')),
    cancel
  });
  for await (const event of readEvents(endless)) {
    expect(event.data).toBe('a');
    break;
  }
  expect([cancel.mock.calls.length, endless.locked]).toEqual([1, false]);
  const broken = new ReadableStream<Uint8Array>({
    start: (controller) => controller.error(new Error('cut'))
  });
  await expect(collect(broken)).rejects.toThrow('cut');
});

it('cancels the body of an iterator that is left before the first event, or while it waits for one', async () => {
  for (const isAsked of [false, true]) {
    for (const leave of ['return', 'throw'] as const) {
      const cancel = vi.fn();
      const events = readEvents(respond(new ReadableStream<Uint8Array>({ cancel })));
      const event = isAsked ? events.next() : undefined;
      if (leave === 'return') expect(await events.return()).toEqual({ done: true, value: undefined });
      else await expect(events.throw(new Error('left'))).rejects.toThrow('left');
      expect(cancel).toHaveBeenCalledOnce();
      expect(await event).toEqual(isAsked ? { done: true, value: undefined } : undefined);
    }
  }
});

it('reads what came before an error, however slowly', async () => {
  const breaking = () =>
    new ReadableStream<Uint8Array>({
      start: (controller) => controller.enqueue(encode('data: 1\n\ndata: 2\n\ndata: 3\n\n')),
      pull: (controller) => controller.error(new Error('cut'))
    });
  const seen: unknown[] = [];
  try {
    for await (const event of readEvents(breaking())) {
      seen.push(event.data);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  } catch (error) {
    seen.push((error as Error).message);
  }
  expect(seen).toEqual(['1', '2', '3', 'cut']);
});

it('reads what came before an error of onRetry', async () => {
  const seen: unknown[] = [];
  const onRetry = () => {
    throw new Error('no time');
  };
  try {
    for await (const { data } of readEvents(body('data: 1\n\nretry: 1\n\n'), { onRetry })) seen.push(data);
  } catch (error) {
    seen.push((error as Error).message);
  }
  expect(seen).toEqual(['1', 'no time']);
});

it('leaves the loop also if another reads a clone of the response', async () => {
  const response = respond(body('data: a\n\n'));
  const clone = response.clone();
  for await (const event of readEvents(response)) {
    expect(event.data).toBe('a');
    break;
  }
  expect(await collect(clone)).toHaveLength(1);
});

it('asks for no more than is read', async () => {
  const pull = vi.fn((controller: ReadableStreamDefaultController<Uint8Array>) =>
    controller.enqueue(encode('data: a\n\n'))
  );
  const events = readEvents(new ReadableStream({ pull }, { highWaterMark: 0 }));
  await events.next();
  await new Promise(setImmediate);
  expect(pull).toHaveBeenCalledOnce();
  await events.return();
});

it('errors on an event that is too large', async () => {
  await expect(collect(body('data: ' + 'x'.repeat(11)), { maxEventSize: 10 })).rejects.toThrow(RangeError);
  await expect(collect(body('data: ' + 'x'.repeat(11) + '\n\n'), { maxEventSize: 10 })).rejects.toThrow(
    RangeError
  );
  const allowed = ('data: ' + 'x'.repeat(10) + '\r\n\r\n').repeat(3);
  expect(await collect(body(...allowed), { maxEventSize: 10 })).toHaveLength(3);
  const padded = [`:${'x'.repeat(20)}`, 'x'.repeat(20), '\ndata: 1\n\n'];
  expect(await collect(body(...padded), { maxEventSize: 10 })).toHaveLength(1);
});

it.each([
  ['lastEventId', 5, TypeError],
  ['onRetry', 5, TypeError],
  ['maxEventSize', '5', TypeError],
  ['maxEventSize', 0, RangeError]
])('%s: %j throws and is named', (name, value, type) => {
  for (const throwing of [
    () => createEventStream({ [name]: value }),
    () => readEvents(body(), { [name]: value })
  ]) {
    expect(throwing).toThrow(type);
    expect(throwing).toThrow(name);
  }
});
