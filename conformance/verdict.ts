import type { Case, Expectation, ExpectedEvent, ExpectedRequest } from './case.ts';
import type { Observation, ObservedEvent } from './observation.ts';
import { verdicts, type Difference, type Judgement, type Verdict } from './report.ts';
import type { RequestRecord } from '../fixtures-server/request-log.ts';

/** Milliseconds before the end of a run: what is closed later may have been closed by the end. */
const closedBefore = 500;

/** What the placeholders of a case stood for in one run. */
export interface Names {
  origin: string;
  otherOrigin: string;
  url: string;
  otherUrl: string;
}

/** The one of two verdicts that says more against the implementation. */
export function worst(a: Verdict, b: Verdict): Verdict {
  return verdicts.indexOf(a) < verdicts.indexOf(b) ? b : a;
}

/** Sorts what has verdicts, the worst first. */
export function compareVerdicts(a: { verdict: Verdict }, b: { verdict: Verdict }): number {
  return a.verdict === b.verdict ? 0 : worst(a.verdict, b.verdict) === a.verdict ? -1 : 1;
}

/**
 * Compares what a case expects with what was observed, and where they differ, with each alternative.
 * Pure. `differences` are those to the main expectation. Where the standard is silent no one fails.
 */
export function judge(
  testCase: Case,
  observation: Observation | undefined,
  requests: RequestRecord[] | undefined,
  names: Names
): Judgement {
  if (!observation) {
    return { verdict: 'not observed', differences: [], why: 'the engine gave no observation for this case' };
  }
  if (observation.lacks !== undefined) {
    return { verdict: 'unsupported', differences: [], why: observation.lacks };
  }
  if (testCase.expect.requests && !requests) {
    return { verdict: 'not observed', differences: [], why: 'the log of requests was not available' };
  }
  const look = observation.reported ? compareWithReported : compareWithObserved;
  const { differences, untold } = look(testCase.expect, observation, requests ?? [], names);
  if (differences.length === 0) return conclude({ verdict: 'pass', differences }, untold);
  for (const alternative of testCase.alternatives ?? []) {
    const { differences: none, untold } = look(alternative, observation, requests ?? [], names);
    if (none.length === 0)
      return conclude({ verdict: 'allowed', differences, why: alternative.reason }, untold);
  }
  return { verdict: testCase.level === 'may' ? 'differs' : 'fail', differences };
}

/** What was compared, and of what nothing is known. */
interface Comparison {
  differences: Difference[];
  untold: string[];
}

function conclude(judgement: Judgement, untold: string[]): Judgement {
  if (untold.length === 0) return judgement;
  return {
    verdict: 'not observed',
    differences: [],
    why: `nothing contradicts it, but a test service does not tell ${untold.join(', ')}`
  };
}

function compareWithObserved(...parameters: Parameters<typeof compare>): Comparison {
  return { differences: compare(...parameters), untold: [] };
}

/**
 * A test service tells types, data and ids of the events of a stream; the server's log has the requests. That a source has opened, or is
 * connecting again, shows in what comes of it: only where nothing else is expected, or that it is closed, is it not told.
 */
function compareWithReported(
  expected: Expectation,
  observation: Observation,
  requests: RequestRecord[],
  names: Names
): Comparison {
  const untold = new Set<string>();
  for (const member of ['url', 'withCredentials', 'throws', 'log'] as const)
    if (expected[member] !== undefined) untold.add(member);
  const events = expected.events ?? [];
  const isClosed = [expected, ...events].some(({ readyState }) => readyState === 2);
  if (isClosed) untold.add('that the source is closed');
  const told: ExpectedEvent[] = [];
  const tellable = ['type', 'data', 'dataLength', 'lastEventId', 'readyState'];
  for (const each of events) {
    for (const member of Object.keys(each))
      if (!tellable.includes(member)) untold.add(`${member} of an event`);
    const { type, data, dataLength, lastEventId } = each;
    if (data === undefined && dataLength === undefined && ['open', 'error'].includes(type)) continue;
    const event: ExpectedEvent = { type };
    if (data !== undefined) event.data = data;
    if (dataLength !== undefined) event.dataLength = dataLength;
    // It may tell the event's own id only, or none.
    if (lastEventId && !observation.reported![told.length]?.lastEventId) untold.add('the last event ID');
    else if (lastEventId !== undefined) event.lastEventId = lastEventId;
    told.push(event);
  }
  const wanted = expected.requests ?? [];
  if (told.length === 0 && wanted.length < 2 && wanted.every((one) => Object.keys(one).length === 0))
    untold.add('open and error');
  // The case may have been over before, at an event that is not told.
  const isOpenEnded = observation.over === 'limit' && !isClosed;
  const reported = isOpenEnded ? observation.reported!.slice(0, told.length) : observation.reported!;
  if (expected.events && reported.length < observation.reported!.length) untold.add('when the case was over');
  const differences = compare(
    { ...(expected.events && { events: told }), ...(expected.requests && { requests: wanted }) },
    { ...observation, events: reported as ObservedEvent[] },
    // It may be late: only a closed source must not have sent more.
    isClosed ? requests : requests.filter(({ method }) => method !== 'OPTIONS').slice(0, wanted.length),
    names
  );
  // What the service says of a stream that nobody has asked for is not of this client.
  if (requests.length === 0 && told.length > 0)
    differences.push({ what: 'requests[0]', expected: 'a request', observed: 'none' });
  return { differences, untold: [...untold] };
}

/** Replaces the placeholders of a string. */
export function resolveNames(text: string, names: Names): string {
  return text
    .replaceAll('{url}', names.url)
    .replaceAll('{origin}', names.origin)
    .replaceAll('{other-url}', names.otherUrl)
    .replaceAll('{other-origin}', names.otherOrigin);
}

function compare(
  expected: Expectation,
  observation: Observation,
  requests: RequestRecord[],
  names: Names
): Difference[] {
  const differences: Difference[] = [];
  const differ = (what: string, expectedValue: unknown, observed: unknown) => {
    differences.push({ what, expected: show(expectedValue), observed: show(observed) });
  };
  const differInNames = (what: string, expectedName: string, observedName: string) => {
    differences.push({ what, expected: expectedName, observed: observedName });
  };
  const equal = (what: string, expectedValue: unknown, observed: unknown) => {
    if (!deepEqual(expectedValue, observed)) differ(what, expectedValue, observed);
  };

  if (expected.throws) {
    if (!observation.threw) differ('throws', expected.throws, 'nothing was thrown');
    else {
      equal('throws.name', expected.throws.name, observation.threw.name);
      if (expected.throws.code !== undefined)
        equal('throws.code', expected.throws.code, observation.threw.code);
    }
  } else if (observation.threw) {
    differ('throws', 'nothing', `${observation.threw.name}: ${observation.threw.message}`);
  }
  if (expected.url !== undefined) equal('url', resolveNames(expected.url, names), observation.url);
  if (expected.withCredentials !== undefined) {
    equal('withCredentials', expected.withCredentials, observation.withCredentials);
  }
  if (expected.log) equal('log', resolveAll(expected.log, names), observation.log);
  if (expected.events) {
    compareLists(
      'events',
      expected.events,
      observation.events,
      differInNames,
      eventName,
      (what, event, observed) => {
        compareEvent(what, event, observed, equal, names);
      }
    );
  }
  if (expected.readyState !== undefined) equal('readyState', expected.readyState, observation.readyState);
  if (expected.requests) {
    const sent = requests.filter((request) => request.method !== 'OPTIONS');
    // By the server's clock, or later: the source was there before its first request.
    const over = (sent[0]?.at ?? 0) + observation.at;
    const isMissing = ({ optional }: ExpectedRequest, index: number) => optional && index >= sent.length;
    compareLists(
      'requests',
      expected.requests.filter((request, index) => !isMissing(request, index)),
      sent,
      differInNames,
      requestName,
      (what, request, observed, index) => {
        compareRequest(what, request, observed, sent[index - 1], over, equal, differ, names);
      }
    );
  }
  return differences;
}

function compareLists<Expected, Observed>(
  what: string,
  expected: Expected[],
  observed: Observed[],
  differ: (what: string, expected: string, observed: string) => void,
  name: (item: Expected | Observed) => string,
  compareItem: (what: string, expected: Expected, observed: Observed, index: number) => void
): void {
  for (let i = 0; i < Math.max(expected.length, observed.length); i++) {
    const one = expected[i];
    const other = observed[i];
    if (one === undefined) differ(`${what}[${i}]`, 'none', name(other as Observed));
    else if (other === undefined) differ(`${what}[${i}]`, name(one), 'none');
    else compareItem(`${what}[${i}]`, one, other, i);
  }
}

function compareEvent(
  what: string,
  expected: ExpectedEvent,
  observed: ObservedEvent,
  equal: (what: string, expected: unknown, observed: unknown) => void,
  names: Names
): void {
  for (const [key, value] of Object.entries(expected)) {
    if (key === 'dataLength') {
      const length = typeof observed.data === 'string' ? observed.data.length : undefined;
      equal(`${what}.dataLength`, value, observed.dataLength ?? length);
    } else if (key === 'origin') {
      equal(`${what}.origin`, resolveNames(String(value), names), observed.origin);
    } else if (key !== 'kind' || observed.kind !== undefined) {
      equal(`${what}.${key}`, value, observed[key as keyof ObservedEvent]);
    }
  }
}

function compareRequest(
  what: string,
  expected: ExpectedRequest,
  observed: RequestRecord,
  before: RequestRecord | undefined,
  over: number,
  equal: (what: string, expected: unknown, observed: unknown) => void,
  differ: (what: string, expected: unknown, observed: unknown) => void,
  names: Names
): void {
  if (expected.method !== undefined) equal(`${what}.method`, expected.method, observed.method);
  if (expected.origin !== undefined) {
    equal(`${what}.origin`, resolveNames(expected.origin, names), observed.origin);
  }
  if (expected.query !== undefined) {
    const [, query = null] = /\?(.*)/s.exec(observed.target) ?? [];
    equal(`${what}.query`, expected.query, query);
  }
  for (const [name, value] of Object.entries(expected.headers ?? {})) {
    const values = observed.headers.filter(([key]) => key.toLowerCase() === name.toLowerCase());
    const joined = values.length > 0 ? values.map(([, each]) => each).join(', ') : null;
    const bytes = value === null ? null : Buffer.from(resolveNames(value, names), 'utf8').toString('latin1');
    equal(`${what}.headers.${name}`, bytes, joined);
  }
  if (expected.closed && !(observed.closedAt !== null && observed.closedAt <= over - closedBefore)) {
    const when =
      observed.closedAt === null
        ? 'still open'
        : `${(over - observed.closedAt).toFixed(1)} ms before the end`;
    differ(`${what}.closed`, `${closedBefore} ms before the end`, when);
  }
  if (expected.delay) {
    // The client may know of the end as soon as its bytes were written; the server says that it is done a little later.
    const written = before && (before.writes.at(-1)?.at ?? before.endedAt);
    const ended = before && (before.endedAt ?? written);
    if (written === undefined || written === null || ended === undefined || ended === null) {
      differ(`${what}.delay`, expected.delay, 'unknown: the connection before did not end');
      return;
    }
    const { min = -Infinity, max = Infinity } = expected.delay;
    const longest = observed.at - written;
    const shortest = observed.at - ended;
    if (longest < min) differ(`${what}.delay`, expected.delay, `${longest.toFixed(1)} ms`);
    else if (shortest > max) differ(`${what}.delay`, expected.delay, `${shortest.toFixed(1)} ms`);
  }
}

function resolveAll(value: unknown, names: Names): unknown {
  if (typeof value === 'string') return resolveNames(value, names);
  if (Array.isArray(value)) return value.map((item) => resolveAll(item, names));
  if (value !== null && typeof value === 'object') {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, resolveAll(item, names)]));
  }
  return value;
}

function eventName(event: ExpectedEvent | ObservedEvent): string {
  const length = event.dataLength === undefined ? '' : ` of ${event.dataLength} code units`;
  return event.data === undefined
    ? event.type + length
    : `${event.type} ${JSON.stringify(event.data)}${length}`;
}

function requestName(request: ExpectedRequest | RequestRecord): string {
  return 'target' in request ? `${request.method} ${request.target}` : (request.method ?? 'a request');
}

function show(value: unknown): string {
  return value === undefined ? 'nothing' : JSON.stringify(value);
}

function deepEqual(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (a === null || b === null || typeof a !== 'object' || typeof b !== 'object') return false;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const keys = Object.keys(a);
  if (keys.length !== Object.keys(b).length) return false;
  return keys.every(
    (key) => key in b && deepEqual((a as Record<string, unknown>)[key], (b as Record<string, unknown>)[key])
  );
}
