import { expect, it, vi } from 'vitest';
import type { Job, Observation } from './observation.ts';
import { probe } from './probe.ts';

const job: Job = {
  id: 'a',
  url: 'http://127.0.0.1/',
  origin: 'http://127.0.0.1',
  otherOrigin: 'http://127.0.0.1',
  otherUrl: 'http://127.0.0.1/',
  client: {},
  until: null,
  limit: 10
};

it.each([
  [
    'throws',
    {
      close: () => {
        throw new Error('not open');
      }
    }
  ],
  ['is missing', {}]
])('reports on a source whose close() %s', async (_words, members) => {
  const Source = function () {
    return Object.assign(new EventTarget(), { readyState: 0, url: 'u' }, members);
  };
  const observation = await new Promise<Observation>((resolve) => probe(Source, job, resolve));
  expect(observation).toMatchObject({ over: 'limit', readyState: 0, url: 'u', events: [] });
});

it('reports on a source whose attributes throw', async () => {
  const Source = function () {
    return Object.defineProperty(new EventTarget(), 'readyState', {
      get() {
        throw new TypeError('no source');
      }
    });
  };
  const observation = await new Promise<Observation>((resolve) => probe(Source, job, resolve));
  expect(observation).toMatchObject({
    over: 'limit',
    readyState: { type: 'exception', prints: 'TypeError: no source' }
  });
});

it('calls a message of an engine whose MessageEvent prints as an Event a MessageEvent', async () => {
  const name = Object.getOwnPropertyDescriptor(MessageEvent.prototype, Symbol.toStringTag)!;
  Reflect.deleteProperty(MessageEvent.prototype, Symbol.toStringTag);
  const Source = function () {
    const source = new EventTarget();
    setTimeout(() => {
      source.dispatchEvent(new Event('open'));
      source.dispatchEvent(new MessageEvent('message', { data: '' }));
    });
    return source;
  };
  const { events } = await new Promise<Observation>((resolve) => probe(Source, job, resolve));
  Object.defineProperty(MessageEvent.prototype, Symbol.toStringTag, name);
  expect(events.map(({ kind }) => kind)).toEqual(['Event', 'MessageEvent']);
});

it('observes events where there is no MessageEvent', async () => {
  vi.stubGlobal('MessageEvent', undefined);
  const Source = function () {
    const source = new EventTarget();
    setTimeout(() => source.dispatchEvent(new Event('open')));
    return source;
  };
  const { events } = await new Promise<Observation>((resolve) => probe(Source, job, resolve));
  vi.unstubAllGlobals();
  expect(events.map(({ kind }) => kind)).toEqual(['Event']);
});

it('tells what a script logs from null', async () => {
  const script = 'log(undefined); log([undefined, function () {}, null]); done();';
  const observation = await new Promise<Observation>((resolve) =>
    probe(Object, { ...job, client: { script } }, resolve)
  );
  expect(observation.log).toEqual(['undefined', ['undefined', 'function () {}', null]]);
});

it('says what a script finds missing', async () => {
  const script = "return env.lacks('The engine has no Proxy.');";
  const observation = await new Promise<Observation>((resolve) =>
    probe(Object, { ...job, client: { script } }, resolve)
  );
  expect(observation).toMatchObject({ over: 'until', lacks: 'The engine has no Proxy.' });
});

it('tells a URL from a string, and what JSON does not take', async () => {
  const cycle: { self?: unknown } = {};
  cycle.self = cycle;
  const Source = function () {
    return Object.assign(new EventTarget(), {
      url: new URL('http://a/'),
      withCredentials: cycle,
      close() {}
    });
  };
  const observation = await new Promise<Observation>((resolve) => probe(Source, job, resolve));
  expect(JSON.parse(JSON.stringify(observation))).toMatchObject({
    url: { type: 'object', prints: '[object URL]' },
    withCredentials: { type: 'object', prints: '[object Object]' }
  });
});
