import { setTimeout } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { Feature } from './case.ts';
import type { Engine, Task } from './engine.ts';
import type { ExpectedFailure } from './expected-failures.ts';
import type { SectionedCase } from './load-cases.ts';
import type { Job, Observation } from './observation.ts';
import type { GlobalKind, Report } from './report.ts';
import { run } from './run.ts';

const cases: SectionedCase[] = ['good', 'wrong', 'needs-cookies'].map((id) => ({
  id,
  section: 'connecting',
  title: id,
  spec: 'sse-processing-model',
  level: 'must',
  connections: [{}],
  expect: { log: [id] },
  ...(id === 'needs-cookies' && { requires: ['cookies'] as Feature[] })
}));

/** An engine in this process that observes what `observe` says, and never answers where that is null. */
function createEngine(
  observe: (job: Job) => Partial<Observation> | null | Promise<Partial<Observation>>,
  more: Partial<Engine> = {},
  confirm?: (task: Task) => void
): Engine {
  return {
    name: 'fake',
    implementations: ['truesource-fetch'],
    features: () => [],
    lanes: 1,
    find: () => Promise.resolve({ version: '1' }),
    open(task) {
      const work = async () => {
        confirm?.(task);
        let result: object = {};
        for (;;) {
          const response = await fetch(`${task.url}next`, {
            method: 'POST',
            headers: { 'Content-Type': 'application/json' },
            body: JSON.stringify({ origin: task.origins[0], ...result })
          });
          const job = (await response.json()) as Partial<Job>;
          if (job.id === undefined) return;
          const observed = await observe(job as Job);
          if (!observed) throw new Error('died');
          const observation = { events: [], log: [], readyState: null, over: 'until', at: 0, ...observed };
          result = { id: job.id, observation };
        }
      };
      const ended = new Promise<string>((resolve) => {
        for (let lane = 0; lane < task.lanes; lane++)
          work().catch((error: unknown) => resolve(String(error)));
      });
      return { ended, stop: () => Promise.resolve() };
    },
    ...more
  };
}

async function collect(
  engine: Engine,
  expectedFailures: ExpectedFailure[] = [],
  globals?: GlobalKind[],
  list = cases
): Promise<Report> {
  let report: Report | undefined;
  for await (const event of run({
    engines: [engine],
    ...(globals && { globals }),
    cases: list,
    expectedFailures,
    dist: 'dist',
    version: '0',
    standard: ''
  })) {
    if (event.type === 'report') report = event.report;
  }
  return report!;
}

const verdicts = (report: Report) =>
  Object.fromEntries(report.cells.map((cell) => [cell.case, `${cell.verdict}${cell.unexpected ? '!' : ''}`]));
const answer = (job: Job) => ({ log: [job.id === 'wrong' ? 'something else' : job.id] });

describe('a run', () => {
  it('has a cell per case and column, and names what is unexpected', async () => {
    const report = await collect(createEngine(answer));
    expect(verdicts(report)).toEqual({ good: 'pass', wrong: 'fail!', 'needs-cookies': 'unsupported' });
    expect(report.columns).toMatchObject([{ engine: 'fake', status: 'ran', version: '1' }]);
    const wrong = report.cells.find((cell) => cell.case === 'wrong')!;
    expect(wrong.runs[0]).toMatchObject({
      differences: [{ what: 'log', expected: '["wrong"]', observed: '["something else"]' }],
      observation: { log: ['something else'] },
      requests: []
    });
  });

  it('runs again, twice at most, what failed because the server had more to write, or the engine had no turn', async () => {
    const slow: SectionedCase = {
      ...cases[0]!,
      connections: [{ stream: ['a', { pause: 5000 }, 'b'] }],
      chunkings: false
    };
    const engineThatIsLate = (times: number) => {
      let count = 0;
      return createEngine(async ({ url, id }) => {
        await fetch(url);
        return ++count <= times ? { over: 'limit' } : { log: [id] };
      });
    };
    expect(verdicts(await collect(engineThatIsLate(2), [], undefined, [slow]))).toEqual({ good: 'pass' });
    expect(verdicts(await collect(engineThatIsLate(3), [], undefined, [slow]))).toEqual({ good: 'fail!' });
    const quick: SectionedCase = { ...slow, connections: [{ stream: ['a'] }] };
    expect(verdicts(await collect(engineThatIsLate(1), [], undefined, [quick]))).toEqual({ good: 'fail!' });
    let heldUp = 0;
    const thatIsHeldUp = createEngine(({ id, limit }) =>
      heldUp++ ? { log: [id] } : { over: 'limit', at: limit + 600 }
    );
    expect(verdicts(await collect(thatIsHeldUp, [], undefined, [quick]))).toEqual({ good: 'pass' });
    let attempts = 0;
    const thatGivesUp = createEngine(async ({ url }) => {
      attempts++;
      await (await fetch(url)).body!.cancel();
      await setTimeout(1200);
      return { over: 'limit' };
    });
    expect(verdicts(await collect(thatGivesUp, [], undefined, [slow]))).toEqual({ good: 'fail!' });
    expect(attempts).toBe(1);
  });

  it.each([
    ['was late', { over: 'limit' as const }],
    ['has measured another time', { log: ['late'] }]
  ])('runs again what %s beside a case of much data', async (_words, late) => {
    const much: SectionedCase = {
      ...cases[0]!,
      id: 'much',
      connections: [{ stream: [{ repeat: ['a'], times: 600_000 }] }],
      expect: {}
    };
    const order: string[] = [];
    let isBusy = true;
    const engine = createEngine(
      async ({ id }) => {
        order.push(id);
        await setTimeout(id === 'much' ? 500 : 50);
        if (id === 'much') isBusy = false;
        return isBusy && id === 'good' ? late : { log: [id] };
      },
      { lanes: 2 }
    );
    const others = Array.from({ length: 12 }, (_, index) => `${index}`).map((id) => ({
      ...cases[0]!,
      id,
      expect: { log: [id] }
    }));
    const report = await collect(engine, [], undefined, [much, cases[0]!, ...others]);
    expect(new Set(Object.values(verdicts(report)))).toEqual(new Set(['pass']));
    // Beside it again only where there is nothing else.
    expect(order.filter((id) => id === 'good')).toHaveLength(2);
  });

  it('runs again what was late beside a connection that another case had left open', async () => {
    const open = { ...cases[0]!, chunkings: false, id: 'open', connections: [{}], expect: {} };
    const late = { ...cases[0]!, chunkings: false, id: 'late', expect: { log: ['late'] } };
    const runWith = async (isLeft: boolean) => {
      const responses: Response[] = [];
      let looks = 0;
      const engine = createEngine(
        async ({ id, url }) => {
          if (id === 'late') {
            await setTimeout(1500);
            return looks++ ? { log: ['late'] } : { over: 'limit' };
          }
          // The body of one that is collected as garbage is cancelled.
          responses.push(await fetch(url));
          if (!isLeft) await responses[0]!.body!.cancel();
          return { readyState: 1 };
        },
        { lanes: 2 }
      );
      const report = await collect(engine, [], undefined, [open, late] as SectionedCase[]);
      expect(responses).toHaveLength(1);
      return report.cells.find((cell) => cell.case === 'late')!;
    };
    expect((await runWith(false)).verdict).toBe('fail');
    const { verdict, runs } = await runWith(true);
    expect(verdict).toBe('pass');
    expect(runs[0]!.reruns).toEqual([
      'fail: its time was over beside connections that other cases had left open'
    ]);
  });

  it('has a case of much data in each session, and takes away from none what another was at', async () => {
    const list = ['a', 'b', 'c', 'd'].map((id): SectionedCase => ({
      ...cases[0]!,
      id,
      connections: [{ stream: [{ repeat: ['a'], times: id < 'd' ? 600_000 : 1 }] }],
      chunkings: false,
      expect: { log: [id] }
    }));
    let taken: (string | undefined)[] = [];
    const open = ({ url, furtherUrls, origins }: Task) => {
      const [first, second] = [url, ...furtherUrls!].map((page) => async (id?: string): Promise<string> => {
        const observation = { events: [], log: [id], readyState: null, over: 'until', at: 0 };
        const body = JSON.stringify({ origin: origins[0], ...(id !== undefined && { id, observation }) });
        const headers = { 'Content-Type': 'application/json' };
        const response = await fetch(`${page}next`, { method: 'POST', headers, body });
        return ((await response.json()) as Job).id;
      });
      void (async () => {
        taken = [await first!(), await second!(), await first!()];
        await fetch(furtherUrls![0]!);
        for (let id = await second!(); id; id = await second!(id)) taken.push(id);
        for (const id of [taken[0], taken[2]]) await first!(id);
      })();
      return { ended: new Promise<string>(() => {}), stop: () => Promise.resolve() };
    };
    const report = await collect(createEngine(answer, { open, sessions: 2 }), [], undefined, list);
    expect(verdicts(report)).toEqual({ a: 'pass', b: 'pass', c: 'pass', d: 'pass' });
    expect(taken).toEqual(['a', 'c', 'd', 'b', 'c']);
  });

  it('keeps cases that are neighbours apart', async () => {
    const order: string[] = [];
    const list = Array.from({ length: 20 }, (_, index) => ({
      ...cases[0]!,
      chunkings: false,
      id: `${index}`
    }));
    const engine = createEngine(({ id }) => (order.push(id), {}));
    await collect(engine, [], undefined, list as SectionedCase[]);
    const steps = order.map((id, index) => Math.abs(Number(id) - Number(order[index - 1] ?? 99)));
    expect(Math.min(...steps)).toBeGreaterThan(4);
  });

  it('begins with what has much data, and then with what may take longest', async () => {
    const list = [
      {},
      { limit: 4001 },
      { connections: [{ stream: [{ repeat: ['a'], times: 600_000 }] }] },
      { until: { event: 'open', settle: 900 } }
    ].map((more, index): SectionedCase => ({
      ...cases[0]!,
      ...more,
      chunkings: false,
      id: `number-${index}`
    }));
    const order: string[] = [];
    await collect(
      createEngine(({ id }) => (order.push(id), {})),
      [],
      undefined,
      list
    );
    expect(order).toEqual(['number-2', 'number-3', 'number-1', 'number-0']);
  });

  it('runs what the engine can, and expects what is listed', async () => {
    const line = { cases: ['wrong'], implementations: ['truesource-fetch'], reason: 'r', clause: 'c' };
    const report = await collect(createEngine(answer, { features: () => ['cookies'] }), [line]);
    expect(verdicts(report)).toEqual({ good: 'pass', wrong: 'fail', 'needs-cookies': 'pass' });
    expect(report.stale).toEqual([]);
  });

  it('asks for trusted events of what is native, and of nothing else', async () => {
    const needing = (...requires: Feature[]): SectionedCase => ({
      ...cases[0]!,
      id: requires.join('-and-'),
      requires,
      expect: {}
    });
    const list = [needing('trusted-events'), needing('trusted-events', 'cookies')];
    const of = async (implementation: string) =>
      verdicts(
        await collect(createEngine(answer, { implementations: [implementation] }), [], undefined, list)
      );
    expect(await of('native')).toEqual({
      'trusted-events': 'pass',
      'trusted-events-and-cookies': 'unsupported'
    });
    expect(await of('truesource-fetch')).toEqual({
      'trusted-events': 'unsupported',
      'trusted-events-and-cookies': 'unsupported'
    });
  });

  it('runs in the workers that are asked for, where there is no document, and expects there what is listed for them', async () => {
    const line = { cases: ['wrong'], implementations: ['truesource-fetch'], reason: 'r', clause: 'c' };
    const engine = createEngine(answer, {
      features: () => ['document', 'cookies'],
      workers: ['dedicated worker', 'shared worker']
    });
    const list = [...cases, { ...cases[0]!, id: 'needs-document', requires: ['document' as const] }];
    const inWindow = await collect(engine, [], undefined, list);
    expect(inWindow.columns).toMatchObject([{ engine: 'fake', global: 'window' }]);
    const inWorker = await collect(
      engine,
      [{ ...line, globals: ['shared worker'] }],
      ['shared worker'],
      list
    );
    expect(inWorker.columns).toMatchObject([{ engine: 'fake', global: 'shared worker' }]);
    expect(verdicts(inWorker)).toMatchObject({ wrong: 'fail', 'needs-document': 'unsupported' });
    expect(inWindow.cells.find((cell) => cell.case === 'needs-document')!.verdict).not.toBe('unsupported');
    const elsewhere = await collect(engine, [{ ...line, globals: ['dedicated worker'] }], ['shared worker']);
    expect(verdicts(elsewhere).wrong).toBe('fail!');
  });

  it('has a column for each implementation once, and for an engine that is one its own', async () => {
    const other = { name: './a.js', url: 'file:///a.js' };
    const engines = [
      createEngine(answer),
      createEngine(answer, { name: 'service', implementations: ['client'], isImplementation: true })
    ];
    const events = run({
      engines,
      implementations: [other, 'truesource-fetch', { ...other }, 'truesource-fetch'],
      cases,
      expectedFailures: [],
      dist: 'dist',
      version: '0',
      standard: ''
    });
    let result = await events.next();
    while (!result.done) result = await events.next();
    expect(result.value.columns.map(({ engine, implementation }) => `${engine}/${implementation}`)).toEqual([
      'fake/./a.js',
      'fake/truesource-fetch',
      'service/client'
    ]);
  });

  it('finds a listed failure that passes', async () => {
    const line = { cases: ['good'], implementations: ['truesource-fetch'], reason: 'r', clause: 'c' };
    const report = await collect(createEngine(answer), [line]);
    expect(report.stale).toEqual([
      { case: 'good', engine: 'fake', implementation: 'truesource-fetch', reason: 'r' }
    ]);
    expect(verdicts(report).good).toBe('pass!');
  });

  it('counts the worst of what an unsteady engine showed, and says that it is flaky', async () => {
    let attempts = 0;
    const engine = createEngine(
      (job) => (job.id === 'good' && !attempts++ ? { log: ['bad'] } : answer(job)),
      {
        unsteady: 'It is shaky.'
      }
    );
    const report = await collect(engine);
    const [run] = report.cells.find((cell) => cell.case === 'good')!.runs;
    expect(run).toMatchObject({
      verdict: 'fail',
      observation: { log: ['bad'] },
      flaky: { seen: ['fail', 'pass'], explanation: 'It is shaky.' },
      reruns: ['fail: It is shaky.']
    });
    expect(verdicts(report)).toMatchObject({ good: 'fail', wrong: 'fail!' });
  });

  it('has no explanation for what passed no time in an unsteady engine, whose end in a case counts as often as a failure', async () => {
    let attempts = 0;
    const engine = createEngine(
      (job) => (job.id === 'good' ? (++attempts === 2 ? null : { log: ['bad'] }) : answer(job)),
      { unsteady: 'It is shaky.' }
    );
    const report = await collect(engine);
    const [run] = report.cells.find((cell) => cell.case === 'good')!.runs;
    expect(run!.flaky).toEqual({ seen: ['fail', 'not observed', 'fail'] });
    expect(verdicts(report)).toMatchObject({ good: 'fail!' });
  });

  it('leaves an answer that an unsteady engine lost out of account', async () => {
    let attempts = 0;
    const delays: Record<string, number> = { soon: 3000, late: 6000 };
    const engine = createEngine(
      async ({ id }) => {
        if (id === 'good' && !attempts++) await new Promise(() => {});
        await setTimeout(delays[id] ?? 0);
        return { log: [id === 'good' ? 'bad' : id] };
      },
      { unsteady: 'It is shaky.', lanes: 3 }
    );
    const list = ['good', 'soon', 'late'].map((id) => ({
      ...cases[0]!,
      id,
      limit: delays[id] ? 9000 : 100,
      expect: { log: [id] }
    }));
    const report = await collect(engine, [], undefined, list);
    const [run] = report.cells.find((cell) => cell.case === 'good')!.runs;
    expect(run!.reruns![0]).toBe('not observed: It is shaky.');
    expect(run!.flaky).toBeUndefined();
    expect(verdicts(report)).toEqual({ good: 'fail!', soon: 'pass', late: 'pass' });

    // The only one that is under way, without which there is silence.
    let looks = 0;
    const alone = createEngine(
      async ({ id }) => {
        if (id === 'good' && ++looks === 2) await new Promise(() => {});
        return { log: ['bad'] };
      },
      { unsteady: 'It is shaky.' }
    );
    const [cell] = (await collect(alone, [], undefined, list.slice(0, 1))).cells;
    expect(looks).toBe(3);
    expect(cell!.runs[0]).toMatchObject({ verdict: 'fail', reruns: { length: 2 } });
    expect(cell!.runs[0]!.flaky).toBeUndefined();
  }, 30_000);

  it('says what was under way when its engine ended, and run again', async () => {
    let deaths = 0;
    const engine = createEngine(
      async (job) => {
        if (job.id === 'wrong' && !deaths++) throw new Error('died');
        if (deaths === 0) await setTimeout(500);
        return answer(job);
      },
      { lanes: 2 }
    );
    const report = await collect(engine);
    const why = 'under way when the engine ended: Error: died';
    expect(report.cells.find((cell) => cell.case === 'good')!.runs[0]!.reruns).toEqual([why]);
    expect(report.cells.find((cell) => cell.case === 'wrong')!.runs[0]!.reruns).toEqual([why]);
  });

  it('says which connections stay open though their sources were closed, and which script closed none', async () => {
    // The body of one that is collected as garbage is cancelled.
    const responses: Response[] = [];
    const engine = (readyState: number, script: boolean) =>
      collect(
        createEngine(async ({ url, id }) => {
          responses.push(await fetch(url));
          return { log: [script ? 'none' : id], readyState };
        }),
        [],
        undefined,
        [{ ...cases[0]!, ...(script && { client: { script: 'done();' } }) }]
      );
    const reports = await Promise.all([engine(1, false), engine(2, false), engine(1, true)]);
    const runs = reports.map(({ cells }) => cells[0]!.runs[0]!);
    expect(runs.map(({ leak }) => leak)).toEqual([
      'requests[0] was still open 5000 ms after its source had been closed',
      undefined,
      undefined
    ]);
    expect(verdicts(reports[0]!)).toEqual({ good: 'pass' });
    expect(responses).toHaveLength(3);
  });

  it('charges a death to the case that was under way', async () => {
    const report = await collect(createEngine((job) => (job.id === 'wrong' ? null : answer(job))));
    expect(verdicts(report)).toEqual({
      good: 'pass',
      wrong: 'not observed!',
      'needs-cookies': 'unsupported'
    });
  });

  it('tells what it waits for, oldest first, also while nothing happens', async () => {
    const open = (task: Task) => {
      const post = async (body: object) => {
        const response = await fetch(`${task.url}next`, {
          method: 'POST',
          headers: { 'Content-Type': 'application/json' },
          body: JSON.stringify({ origin: task.origins[0], ...body })
        });
        return ((await response.json()) as Partial<Job>).id;
      };
      const observation = { events: [], log: ['good'], readyState: null, over: 'until', at: 0 };
      void (async () => {
        const taken = [await post({}), await post({})];
        for (let id = taken.pop(); id !== undefined; id = taken.pop()) {
          await post({ id, observation });
          await setTimeout(400);
        }
      })();
      return { ended: new Promise<string>(() => {}), stop: () => Promise.resolve() };
    };
    const told: string[] = [];
    for await (const event of run({
      engines: [createEngine(answer, { open })],
      cases,
      expectedFailures: [],
      dist: 'dist',
      version: '0',
      standard: ''
    })) {
      if (event.type === 'progress') told.push(event.progress.waitingFor.join(' '));
    }
    expect(told).toContain('good wrong');
    // When it was taken, when the other was handed in, and in between.
    expect(told.filter((one) => one === 'good').length).toBeGreaterThan(2);
  });

  it('runs two columns at a time, of one engine only if no other is left, what is unsteady not beside others, and alone what is one place', async () => {
    const implementations = ['truesource-fetch', 'truesource-xhr', 'native'];
    /** What was under way whenever a column began. */
    const begin = async (more: Record<string, Partial<Engine>>) => {
      const underWay: string[] = [];
      const seen: string[] = [];
      const engines = Object.entries(more).map(([name, rest]): Engine => {
        const engine = createEngine(answer, { name, implementations, ...rest });
        return {
          ...engine,
          open(task) {
            underWay.push(name);
            seen.push(underWay.toSorted().join(' and '));
            const { ended } = engine.open(task);
            const stop = () => Promise.resolve(void underWay.splice(underWay.indexOf(name), 1));
            return { ended, stop };
          }
        };
      });
      const [good] = cases;
      const options = {
        engines,
        cases: [good!],
        expectedFailures: [],
        dist: 'dist',
        version: '0',
        standard: ''
      };
      for await (const event of run(options)) {
        if (event.type === 'report') expect(event.report.cells.length).toBe(seen.length);
      }
      return seen;
    };
    expect((await begin({ a: {} }))[1]).toBe('a and a');
    const ofTwo = await begin({ b: { implementations: ['native'] }, a: {} });
    expect(ofTwo[1]).toBe('a and b');
    expect(ofTwo.filter((one) => one.length > 'a and b'.length)).toEqual([]);
    const ofFive = await begin({
      one: { isOnePlace: true },
      a: { implementations: ['native'] },
      two: { unsteady: 'It is shaky.', implementations: ['native'] },
      three: { unsteady: 'It is shaky.', implementations: ['native'] },
      b: { implementations: ['native'] }
    });
    expect(ofFive.slice(1)).toEqual(['a and b', 'one', 'one', 'one', 'two', 'three and two']);
  });

  it('starts an endpoint once that asks for no job, and not for a second implementation', async () => {
    let starts = 0;
    const silent: Partial<Engine> = {
      implementations: ['native', 'truesource-fetch'],
      isOnePlace: true,
      open() {
        starts++;
        return { ended: Promise.resolve('silence'), stop: () => Promise.resolve() };
      }
    };
    const { columns, cells } = await collect(createEngine(answer, { ...silent, address: 'http://grid/' }));
    const broken = { status: 'broken', note: 'the engine did not start: silence' };
    expect(columns).toMatchObject([broken, broken]);
    expect(cells.filter(({ verdict }) => verdict === 'not observed').length).toBe(4);
    expect(starts).toBe(1);
    expect((await collect(createEngine(answer, silent))).columns).toMatchObject([broken, broken]);
    expect(starts).toBe(5);
  });

  it('starts an endpoint for a second implementation where its page says why it has not the first', async () => {
    const { open } = createEngine(answer);
    const old: Partial<Engine> = {
      implementations: ['native', 'truesource-xhr'],
      isOnePlace: true,
      address: 'http://grid/',
      open(task) {
        if (task.implementation !== 'native') return open(task);
        void fetch(`${task.url}broken`, {
          method: 'POST',
          body: '{"reason":"there is no native EventSource"}'
        });
        return { ended: new Promise(() => {}), stop: () => Promise.resolve() };
      }
    };
    const { columns } = await collect(createEngine(answer, old));
    expect(columns).toMatchObject([
      { status: 'broken', note: 'there is no native EventSource' },
      { status: 'ran' }
    ]);
  });

  it('breaks a column whose harness says otherwise, or whose engine is not there', async () => {
    const lie = (task: Task) => {
      task.confirm('good', false);
      task.confirm('wrong', false);
    };
    const report = await collect(createEngine(answer, { confirms: true }, lie));
    expect(report.columns[0]).toMatchObject({
      status: 'broken',
      note: "fake's own harness disagrees about good"
    });
    const missing = await collect(
      createEngine(answer, { find: () => Promise.resolve({ missing: 'buy one' }) })
    );
    expect(missing.columns[0]).toMatchObject({ status: 'not installed', note: 'buy one' });
    expect(missing.cells).toEqual([]);
  });
});
