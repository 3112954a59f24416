import { afterEach, expect, it, vi } from 'vitest';
import { createFixturesServer, type FixturesServer } from '../fixtures-server/server.ts';
import { attempt, type PlannedRun } from './attempt.ts';
import type { Engine } from './engine.ts';
import { loadCases, type SectionedCase } from './load-cases.ts';
import type { Run } from './report.ts';

afterEach(() => {
  vi.useRealTimers();
});

/** Runs cases, as written, in an engine that has a lane for each. */
function begin(
  open: Engine['open'],
  server: FixturesServer,
  cases: SectionedCase[],
  onRun: (planned: PlannedRun, run: Run) => void = () => {}
) {
  const lanes = cases.length;
  const engine: Engine = {
    name: 'fake',
    implementations: [],
    features: () => [],
    lanes,
    find: () => Promise.resolve({ version: '1' }),
    open
  };
  return attempt({
    engine,
    implementation: 'native',
    global: undefined,
    lanes,
    token: 'a',
    runs: cases.map((one) => ({ play: one.id, chunking: 'as-written', case: one })),
    server,
    origins: server.origins,
    dist: 'dist',
    register: () => () => {},
    onRun,
    onRerun() {},
    onStart() {},
    onRemark() {},
    onInFlight() {}
  });
}

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
  // The body of one that is collected as garbage is cancelled.
  let response: Response | undefined;
  const open: Engine['open'] = ({ take, handIn, origins }) => {
    const { url } = take(origins[0]!)!;
    void fetch(url).then((one) => {
      response = one;
      handIn(play, { events: [], log: [], readyState: 1, over: 'until', at: 0 });
    });
    return { ended: new Promise(() => {}), stop: () => Promise.resolve() };
  };
  server.addCases([{ id: play, connections: [{}] }]);
  let run: Run | undefined;
  await begin(open, slow, [testCase!], (_planned, one) => (run = one));
  expect(run!.leak).toBe('requests[0] was still open 5000 ms after its source had been closed');
  expect(response!.bodyUsed).toBe(false);
  await server.close();
});

it('leaves no connection to a source of a case that is over, though it asks again', async () => {
  const server = await createFixturesServer();
  const list = loadCases('conformance/cases')
    .slice(0, 2)
    .map((one) => ({ ...one, connections: [{}] }));
  server.addCases(list);
  const statuses: number[] = [];
  let first: Promise<string> | undefined;
  const open: Engine['open'] = ({ take, handIn, origins }) => {
    const [{ id, url }, other] = [take(origins[0]!)!, take(origins[0]!)!];
    const observation = { events: [], log: [], readyState: 2, over: 'until' as const, at: 0 };
    void (async () => {
      const response = await fetch(url);
      first = response.text().catch(() => 'ended by the server');
      handIn(id, observation);
      statuses.push(response.status, (await fetch(url)).status);
      handIn(other.id, observation);
    })();
    return { ended: new Promise(() => {}), stop: () => Promise.resolve() };
  };
  await begin(open, server, list);
  expect(statuses).toEqual([200, 204]);
  expect(await first).toBe('ended by the server');
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
  const seen: Record<string, string> = {};
  vi.useFakeTimers({ toFake: ['Date', 'setInterval', 'clearInterval'] });
  const open: Engine['open'] = ({ take, handIn, origins }) => {
    const taken = [take(origins[0]!)!.id, take(origins[0]!)!.id];
    setTimeout(() => {
      vi.advanceTimersByTime(12_000);
      for (const id of taken) handIn(id, { events: [], log: [], readyState: 2, over: 'until', at: 12_000 });
    });
    return { ended: new Promise(() => {}), stop: () => Promise.resolve() };
  };
  const outcome = await begin(open, server, [much, other], ({ play }, { verdict }) => (seen[play] = verdict));
  expect(outcome.failure).toBeUndefined();
  expect(seen).toMatchObject({ other: 'pass' });
  await server.close();
});

it('says of an engine that never asks for a job what is known of it', async () => {
  const server = await createFixturesServer();
  const [testCase] = loadCases('conformance/cases');
  vi.useFakeTimers({ toFake: ['Date', 'setInterval', 'clearInterval'] });
  const outcome = begin(() => ({ ended: new Promise(() => {}), stop: () => Promise.resolve() }), server, [
    testCase!
  ]);
  vi.advanceTimersByTime(41_000);
  expect(await outcome).toMatchObject({
    failure: `the engine asked ${server.origins[0]} for no job in 40 s`,
    isStarted: false,
    untaken: [{ play: testCase!.id }]
  });
  await server.close();
});
