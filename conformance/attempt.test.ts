import { afterEach, expect, it, vi } from 'vitest';
import { createFixturesServer } from '../fixtures-server/server.ts';
import { attempt } from './attempt.ts';
import type { Engine } from './engine.ts';
import { loadCases } from './load-cases.ts';
import type { Run } from './report.ts';

afterEach(() => {
  vi.useRealTimers();
});

it('waits for the connection of a closed source as long on a machine that is slow to look', async () => {
  const server = await createFixturesServer();
  const [testCase] = loadCases('conformance/cases');
  const play = testCase!.id;
  const slow = {
    ...server,
    requests(token: string, one?: string) {
      const until = performance.now() + 10;
      while (performance.now() < until);
      return server.requests(token, one);
    }
  };
  const engine: Engine = {
    name: 'leaking',
    implementations: [],
    features: () => [],
    lanes: 1,
    find: () => Promise.resolve({ version: '1' }),
    open({ take, handIn, origins }) {
      const { url } = take(origins[0]!)!;
      void fetch(url).then(() => handIn(play, { events: [], log: [], readyState: 1, over: 'until', at: 0 }));
      return { ended: new Promise(() => {}), stop: () => Promise.resolve() };
    }
  };
  server.addCases([{ id: play, connections: [{}] }]);
  let run: Run | undefined;
  await attempt({
    engine,
    implementation: 'native',
    global: undefined,
    lanes: 1,
    token: 'a',
    runs: [{ play, chunking: 'as-written', case: testCase! }],
    server: slow,
    origins: server.origins,
    dist: 'dist',
    register: () => () => {},
    onRun: (_planned, one) => (run = one),
    onRerun() {},
    onStart() {},
    onInFlight() {}
  });
  expect(run!.leak).toBe('requests[0] was still open 5000 ms after its source had been closed');
  await server.close();
});

it('waits for what is late beside a case of much data, whose own time is not over', async () => {
  const server = await createFixturesServer();
  const [first] = loadCases('conformance/cases');
  const much = {
    ...first!,
    id: 'much',
    limit: 20_000,
    connections: [{ stream: [{ repeat: ['a'], times: 600_000 }] }]
  };
  const other = { ...first!, id: 'other', limit: 1000, expect: {} };
  const runs = [much, other].map((one) => ({ play: one.id, chunking: 'as-written', case: one }));
  const seen: Record<string, string> = {};
  vi.useFakeTimers({ toFake: ['Date', 'setInterval', 'clearInterval'] });
  const engine: Engine = {
    name: 'busy',
    implementations: [],
    features: () => [],
    lanes: 2,
    find: () => Promise.resolve({ version: '1' }),
    open({ take, handIn, origins }) {
      const taken = [take(origins[0]!)!.id, take(origins[0]!)!.id];
      setTimeout(() => {
        vi.advanceTimersByTime(12_000);
        for (const id of taken) handIn(id, { events: [], log: [], readyState: 2, over: 'until', at: 12_000 });
      });
      return { ended: new Promise(() => {}), stop: () => Promise.resolve() };
    }
  };
  const outcome = await attempt({
    engine,
    implementation: 'native',
    global: undefined,
    lanes: 2,
    token: 'a',
    runs,
    server,
    origins: server.origins,
    dist: 'dist',
    register: () => () => {},
    onRun: ({ play }, { verdict }) => (seen[play] = verdict),
    onRerun() {},
    onStart() {},
    onInFlight() {}
  });
  expect(outcome.failure).toBeUndefined();
  expect(seen).toMatchObject({ other: 'pass' });
  await server.close();
});

it('says of an engine that never asks for a job what is known of it', async () => {
  const server = await createFixturesServer();
  const [testCase] = loadCases('conformance/cases');
  const engine: Engine = {
    name: 'silent',
    implementations: [],
    features: () => [],
    lanes: 1,
    find: () => Promise.resolve({ version: '1' }),
    open: () => ({ ended: new Promise(() => {}), stop: () => Promise.resolve() })
  };
  vi.useFakeTimers({ toFake: ['Date', 'setInterval', 'clearInterval'] });
  const outcome = attempt({
    engine,
    implementation: 'native',
    global: undefined,
    lanes: 1,
    token: 'a',
    runs: [{ play: testCase!.id, chunking: 'as-written', case: testCase! }],
    server,
    origins: server.origins,
    dist: 'dist',
    register: () => () => {},
    onRun() {},
    onRerun() {},
    onStart() {},
    onInFlight() {}
  });
  vi.advanceTimersByTime(41_000);
  expect(await outcome).toMatchObject({
    failure: 'the engine asked for no job in 40 s',
    isStarted: false,
    untaken: [{ play: testCase!.id }]
  });
  await server.close();
});
