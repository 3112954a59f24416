import { request } from 'node:http';
import { text } from 'node:stream/consumers';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { afterEach, expect, it, vi } from 'vitest';
import type { Visit, VisitState } from '../fixtures-server/pages/visit.ts';
import type { SectionedCase } from './load-cases.ts';
import type { Job, Observation } from './observation.ts';
import schema from './reports/report.schema.json' with { type: 'json' };
import { openVenue } from './run.ts';
import type { Venue } from './run.ts';
import { createVisitRoutes } from './visits.ts';

const validate = new Ajv2020({ allErrors: true, strict: true, allowUnionTypes: true }).compile(schema);
const cases = ['a', 'b', 'c', 'd'].map((id): SectionedCase => ({
  id,
  section: 'connecting',
  title: id,
  spec: 'sse-processing-model',
  level: 'must',
  connections: [{}],
  limit: 100,
  expect: { log: [id] }
}));

const inCuts: SectionedCase = {
  ...cases[0]!,
  id: 'in-cuts',
  section: 'fields',
  connections: [{ stream: ['data: 1\n\n'] }]
};

let venue: Venue;
afterEach(async () => {
  vi.restoreAllMocks();
  await venue.server.close();
});

async function open(): Promise<string> {
  venue = await openVenue('dist', {
    ports: [0, 0],
    suitePage: true,
    routes: createVisitRoutes({
      venue: () => venue,
      chooseCases(globs) {
        const chosen = globs ? [...cases, inCuts].filter(({ id }) => globs.includes(id)) : cases;
        if (chosen.length === 0) throw new Error('there is no such case');
        return chosen;
      },
      expectedFailures: [],
      dist: 'dist',
      version: '0',
      standard: ''
    })
  });
  return venue.server.origins[0]!;
}

async function post(url: string, body: object, headers = {}): Promise<Response> {
  return fetch(url, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', 'User-Agent': 'Firefox/9.8', ...headers },
    body: JSON.stringify(body)
  });
}

/** A page that looks when it is told to. */
async function begin(origin: string, ids: string[] = []) {
  const answer = await post(`${origin}/visits`, { implementations: ['native'], cases: ids });
  const { id, key } = (await answer.json()) as Visit;
  return {
    at: `${origin}/visits/${id}`,
    look: async (more: object = {}) =>
      (await (
        await post(`${origin}/visits/${id}/look`, { from: 0, hidden: false, key, ...more })
      ).json()) as VisitState
  };
}

/** Looks until it holds. */
async function until(
  look: () => Promise<VisitState>,
  holds: (state: VisitState) => boolean
): Promise<VisitState> {
  const deadline = performance.now() + 8000;
  for (;;) {
    const state = await look();
    if (holds(state)) return state;
    if (performance.now() > deadline) throw new Error(`it did not come to that: ${JSON.stringify(state)}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Takes a job as a frame does, after handing in the one before. */
async function next(frame: string, job?: Job, observed: Partial<Observation> = {}): Promise<Job> {
  const observation = { events: [], log: [job?.id], readyState: null, over: 'until', at: 0, ...observed };
  const answer = await post(`${frame}next`, job ? { id: job.id, observation } : {});
  return (await answer.json()) as Job;
}

async function runAll(frame: string, observed: Partial<Observation> = {}): Promise<void> {
  let job = await next(frame);
  while (job.id) job = await next(frame, job, observed);
}

const frameOf = async (page: { look(): Promise<VisitState> }) =>
  (await until(page.look, (state) => state.frame !== null)).frame!;
const isDone = (state: VisitState) => state.state === 'done';
const outcomesOf = (state: VisitState) =>
  Object.fromEntries(state.results.map(([index, , outcome]) => [cases[index]!.id, outcome]));

it('runs the cases in the frame of the page, and gives a report that is valid', async () => {
  const page = await begin(await open());
  const frame = await frameOf(page);
  // The page's own origin is the last that frames use.
  expect(frame).toMatch(`${venue.server.origins[1]}/run/visit-`);
  expect((await fetch(`${page.at}/report.json`)).status).toBe(409);
  await runAll(frame);
  const state = await until(page.look, isDone);
  expect(outcomesOf(state)).toEqual({ a: 'pass', b: 'pass', c: 'pass', d: 'pass' });
  expect((await page.look({ from: 3 })).results).toHaveLength(1);
  const answer = await fetch(`${page.at}/report.json`);
  expect(answer.headers.get('content-disposition')).toContain('truesource-firefox-9.8.json');
  const report = (await answer.json()) as { columns: object[]; host: string };
  validate(report);
  expect(validate.errors).toBe(null);
  expect(report.columns).toMatchObject([{ engine: 'firefox', implementation: 'native', version: '9.8' }]);
  expect(report.host).toContain('Firefox/9.8');
  expect(await (await fetch(`${page.at}/report.html`)).text()).toMatch(/^<!doctype html>/);
  const result = (await (await fetch(`${page.at}/result?case=1&column=0`)).json()) as object;
  expect(result).toMatchObject({ title: 'b', outcome: 'pass', observed: { log: ['b'] } });
});

it('keeps visits apart', async () => {
  const origin = await open();
  const [one, other] = [await begin(origin, ['a']), await begin(origin, ['b'])];
  await runAll(await frameOf(one));
  expect(await until(one.look, isDone)).toMatchObject({ cases: ['a'], results: [[0, 0, 'pass', false, []]] });
  expect(await other.look()).toMatchObject({ cases: ['b'], results: [], state: 'running' });
});

it('waits while the page is in the background, and does not count what failed meanwhile', async () => {
  const page = await begin(await open());
  const frame = await frameOf(page);
  const job = await next(frame);
  expect((await page.look({ hidden: true })).state).toBe('waiting');
  // The clock turns four times a second.
  await new Promise((resolve) => setTimeout(resolve, 600));
  let isAnswered = false;
  const later = next(frame, job, { log: ['too late'] }).then((answer) => {
    isAnswered = true;
    return answer;
  });
  await new Promise((resolve) => setTimeout(resolve, 300));
  expect(isAnswered).toBe(false);
  // Another page that looks on, without the key, does not wake it.
  await page.look({ key: undefined });
  await new Promise((resolve) => setTimeout(resolve, 300));
  expect(isAnswered).toBe(false);
  await page.look({ hidden: false });
  let more = await later;
  while (more.id) more = await next(frame, more);
  const state = await until(page.look, isDone);
  expect(outcomesOf(state)).toEqual({ a: 'pass', b: 'pass', c: 'pass', d: 'pass' });
});

it('takes again what was under way when the page was loaded again, but not for ever', async () => {
  const page = await begin(await open());
  const frame = await frameOf(page);
  const first = await next(frame);
  for (let reload = 0; reload < 3; reload++) {
    await fetch(frame);
    let job = await next(frame);
    while (job.id && job.id !== first.id) job = await next(frame, job);
    expect(job.id).toBe(reload < 2 ? first.id : undefined);
  }
  // Given up there, it is tried once more in a session of its own; the worst counts.
  const { frame: again } = await until(page.look, (state) => ![frame, null].includes(state.frame));
  await runAll(again!);
  expect(outcomesOf(await until(page.look, isDone))).toEqual({
    a: 'not observed',
    b: 'pass',
    c: 'pass',
    d: 'pass'
  });
  const [result] = (await page.look({ from: 0 })).results.filter(([index]) => index === 0);
  expect(result).toEqual([0, 0, 'not observed', false, ['flaky', 'run again']]);
});

/** Lets time go by without a look of the page. */
function beSilentFor(milliseconds: number): void {
  const later = Date.now() + milliseconds - performance.now();
  vi.spyOn(Date, 'now').mockImplementation(() => later + performance.now());
}

it('goes on in another page of the same browser if a case hangs the first, and loses that case alone', async () => {
  const origin = await open();
  const first = await begin(origin);
  const frame = await frameOf(first);
  for (let i = 0; i < 4; i++) await next(frame);
  const look = async (more: object) => await first.look({ from: 0, ...more });
  expect((await look({ key: undefined })).key).toBe(undefined);
  beSilentFor(11_000);
  const other = await post(`${first.at}/look`, { from: 0, hidden: false }, { 'User-Agent': 'Firefox/9.7' });
  expect(((await other.json()) as VisitState).key).toBe(undefined);
  const ran: string[] = [];
  let last: string | null = frame;
  const { key } = await look({ key: undefined });
  expect((await first.look()).key).toBe(undefined);
  const state = await until(async () => {
    const now = await first.look({ from: ran.length === 0 ? 0 : 1, key });
    if (now.frame === null || now.frame === last) return now;
    last = now.frame;
    let job = await next(last);
    while (job.id) {
      ran.push(job.id);
      if (job.id === 'b') {
        beSilentFor(11_000);
        // It was loaded again, with what it knew.
        return first.look({ isOpened: true, key });
      }
      job = await next(last, job);
    }
    return now;
  }, isDone);
  expect(ran.toSorted()).toEqual(['a', 'b', 'c', 'd']);
  expect(outcomesOf({ ...state, results: (await look({ key })).results })).toEqual({
    a: 'pass',
    b: 'not observed',
    c: 'pass',
    d: 'pass'
  });
  const { why } = (await (await fetch(`${first.at}/result?case=1&column=0`)).json()) as { why: string };
  expect(why).toMatch(/the page gave no sign for 11 s, and was opened again/);
});

it('takes no answer of a page in the background that another has replaced', async () => {
  const page = await begin(await open(), ['a']);
  const frame = await frameOf(page);
  const job = await next(frame);
  await page.look({ hidden: true });
  beSilentFor(61_000);
  const { key } = await page.look({ key: undefined });
  const again = await until(
    () => page.look({ key }),
    (state) => ![frame, null].includes(state.frame)
  );
  const same = await next(again.frame!);
  const observation = { events: [], log: ['late'], readyState: null, over: 'until', at: 0 };
  expect((await post(`${frame}next`, { id: job.id, observation })).status).toBe(410);
  await next(again.frame!, same);
  expect(outcomesOf(await until(() => page.look({ key }), isDone))).toEqual({ a: 'pass' });
});

// Elsewhere there is one address of the loopback alone.
it.runIf(process.platform === 'linux')('goes on in no page of another machine', async () => {
  const page = await begin(await open());
  await frameOf(page);
  const lookFrom = async (localAddress: string) => {
    const headers = { 'Content-Type': 'application/json', 'User-Agent': 'Firefox/9.8' };
    const answer = await new Promise<string>((resolve, reject) =>
      request(`${page.at}/look`, { method: 'POST', headers, localAddress }, (response) =>
        resolve(text(response))
      )
        .on('error', reject)
        .end(JSON.stringify({ from: 0, hidden: false }))
    );
    return JSON.parse(answer) as VisitState;
  };
  beSilentFor(11_000);
  expect(await lookFrom('127.0.0.2')).not.toHaveProperty('key');
  expect(await lookFrom('127.0.0.1')).toHaveProperty('key');
});

it('loses no other case, however many hang the page', async () => {
  const page = await begin(await open(), ['a', 'b', 'c', 'd', 'in-cuts']);
  let last: string | null = null;
  let hung = 0;
  let key: string | undefined;
  const state = await until(async () => {
    const now = await page.look(key === undefined ? {} : { key });
    if (now.frame === null || now.frame === last) return now;
    last = now.frame;
    let job = await next(last);
    while (job.id === 'd') job = await next(last, job);
    if (!job.id) return now;
    hung++;
    beSilentFor(11_000);
    ({ key } = await page.look({ key: undefined }));
    return now;
  }, isDone);
  expect(hung).toBeGreaterThan(7);
  const outcomes = state.results.map(([, , outcome]) => outcome);
  expect(outcomes.toSorted()).toEqual([...Array<string>(4).fill('not observed'), 'pass']);
  expect(state.columns).toMatchObject([{ state: 'done' }]);
}, 15_000);

it('goes on though the page that went on was gone before it asked for a case', async () => {
  const page = await begin(await open());
  let frame = await frameOf(page);
  await next(frame);
  let key: string | undefined;
  for (let times = 0; times < 2; times++) {
    beSilentFor(11_000);
    ({ key } = await page.look({ key: undefined }));
    const before = frame;
    frame = (
      await until(
        () => page.look({ key }),
        (state) => ![before, null].includes(state.frame)
      )
    ).frame!;
  }
  const state = await until(async () => {
    const now = await page.look({ key });
    if (now.frame !== null) await runAll(now.frame);
    return now;
  }, isDone);
  expect(outcomesOf(state)).toEqual({ a: 'pass', b: 'pass', c: 'pass', d: 'pass' });
});

it('does not take a page that is slow, and has no results yet, for one that was opened again', async () => {
  const page = await begin(await open(), ['a']);
  const frame = await frameOf(page);
  const job = await next(frame);
  beSilentFor(20_000);
  await page.look();
  await new Promise((resolve) => setTimeout(resolve, 300));
  expect(await next(frame, job)).toEqual({});
  expect(outcomesOf(await until(page.look, isDone))).toEqual({ a: 'pass' });
});

it('judges what fails each time that the page was asleep during it', async () => {
  const page = await begin(await open(), ['a']);
  let times = 0;
  let frame: string | null = null;
  let job: Job | undefined;
  const state = await until(async () => {
    const now = await page.look();
    if (now.frame === null) return now;
    if (now.frame !== frame) job = await next((frame = now.frame));
    if (!job?.id) return now;
    expect(++times).toBeLessThan(10);
    await page.look({ hidden: true });
    await new Promise((resolve) => setTimeout(resolve, 300));
    await page.look();
    job = await next(frame, job, { log: ['wrong'] });
    return now;
  }, isDone);
  expect(outcomesOf(state)).toEqual({ a: 'fail' });
});

it('stops, and reports what there is', async () => {
  const page = await begin(await open());
  const frame = await frameOf(page);
  const job = await next(frame);
  await next(frame, job);
  await post(`${page.at}/stop`, {});
  const report = await until(page.look, (state) => state.results.length === 4);
  expect(report.state).toBe('stopped');
  expect(outcomesOf(report)).toEqual({ a: 'pass', b: 'not observed', c: 'not observed', d: 'not observed' });
  expect((await fetch(`${page.at}/report.json`)).status).toBe(200);
});

it('refuses what it does not know, and pages of other origins', async () => {
  const origin = await open();
  expect((await post(`${origin}/visits`, { implementations: ['native'], cases: ['z'] })).status).toBe(400);
  expect((await post(`${origin}/visits`, { implementations: ['other'] })).status).toBe(400);
  expect((await post(`${origin}/visits/abc/look`, {})).status).toBe(404);
  expect((await post(`${origin}/visits`, {}, { 'Content-Type': 'text/plain' })).status).toBe(415);
  const page = await begin(origin);
  expect((await fetch(`${page.at}/result?case=9&column=0`)).status).toBe(404);
});

it('says once what is true of several ways to cut the bytes', async () => {
  const page = await begin(await open(), ['in-cuts']);
  let last: string | null = null;
  await until(async () => {
    const state = await page.look();
    if (state.frame !== null && state.frame !== last) {
      last = state.frame;
      await runAll(last, { log: ['wrong'] });
    }
    return state;
  }, isDone);
  const answer = await fetch(`${page.at}/result?case=0&column=0`);
  const { remarks, runs } = (await answer.json()) as { remarks: string[]; runs: object[] };
  expect(runs.length).toBeGreaterThan(1);
  expect(remarks).toEqual([
    expect.stringMatching(/^as-written, [a-z, -]+: run again: fail: a browser in use/) as string
  ]);
});
