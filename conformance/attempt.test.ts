import { afterEach, expect, it, vi } from 'vitest';
import { createFixturesServer } from '../fixtures-server/server.ts';
import { attempt } from './attempt.ts';
import type { Engine } from './engine.ts';
import { loadCases } from './load-cases.ts';

afterEach(() => {
  vi.useRealTimers();
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
