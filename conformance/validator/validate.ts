import { createClientObserver, describeClients } from './clients.ts';
import type { Header, OutgoingRequest } from './recording.ts';
import { Judging } from './judging.ts';
import {
  basicCredentials,
  hasEnded,
  isStreamHead,
  observe,
  parseHeader,
  withoutCredentials,
  type Exchange,
  type ObserveOptions
} from './observe.ts';
import { answerTimeout, madeUpOrigin, probes, type Asking } from './probes.ts';
import { count, describeStream, headlineOf, type Result } from './result.ts';
import { profiles, type Finding, type Observations, type Probe, type Profile, type Rule } from './rule.ts';
import { mayAnswerJson } from './rules/dialects.ts';
import { rules } from './rules/index.ts';
import { Trace } from './trace.ts';
import { version } from '../version.ts';

export interface LintOptions {
  /** Default `plain`. */
  profile?: Profile;
  /** The event types that the page listens to. */
  expectTypes?: string[];
  /** Ids of rules to leave out. */
  ignore?: string[];
}

export interface ValidateOptions extends LintOptions {
  /** Sent in place of the validator's own of the same name. */
  headers?: Header[];
  /** Default GET; others are sent once only. */
  method?: string;
  body?: string | Uint8Array;
  /** Origin of pages that are meant to read the stream from elsewhere. */
  origin?: string;
  /** How long the plain stream is watched, ms. Default 2000. */
  duration?: number;
  /** Most bytes read of one body, decoded. Default 16 MiB. */
  maxBytes?: number;
  /** Which requests follow the plain one. Default: all but `parallel`. */
  probes?: Probe[];
  /** Name of an argument of the URL whose value comes back in the stream: hostile values are sent in it. Only for servers of your own. */
  inject?: string;
  /** Ends the validation early; what was observed is judged. */
  signal?: AbortSignal;
}

export type ValidationEvent =
  | { type: 'progress'; waitingFor: string }
  | { type: 'finding'; finding: Finding; at: number }
  | { type: 'result'; result: Result };

/** What comes while it validates, and in the end the result; or only the result: `await validation.result`. */
export interface Validation extends AsyncIterable<ValidationEvent> {
  result: Promise<Result>;
}

/** Those that can be chosen, in the order in which they are run. */
export const probeNames = Object.keys(probes) as (keyof typeof probes)[];

export const defaultDuration = 2000;
export const defaultMaxBytes = 16 * 1024 * 1024;
/** ms. */
const longestTimer = 2 ** 31 - 1;
/** For all that follows the plain stream, ms. */
const probesTime = 2700;
const connectTimeout = 3000;
const headTimeout = 2500;

/** A misspelt choice would leave a test without what it is for. */
function refuseUnknown(option: string, values: readonly string[], known: readonly string[]): void {
  const wrong = values.find((value) => !known.includes(value));
  if (wrong !== undefined)
    throw new TypeError(`${option} must be of ${known.join(', ')}, not ${JSON.stringify(wrong)}`);
}

function chooseRules({ ignore = [], profile = 'plain' }: LintOptions): Rule[] {
  refuseUnknown('profile', [profile], profiles);
  refuseUnknown(
    'ignore',
    ignore,
    rules.map(({ id }) => id)
  );
  return rules.filter(
    ({ id, judge, profiles }) =>
      !('undecided' in judge) && !ignore.includes(id) && (!profiles || profiles.includes(profile))
  );
}

/** A queue that is written and read at the same time. */
function createQueue<T>() {
  const waiting: T[] = [];
  let wake: (() => void) | undefined;
  let over = false;
  return {
    push(item: T) {
      waiting.push(item);
      wake?.();
    },
    end() {
      over = true;
      wake?.();
    },
    async *[Symbol.asyncIterator](): AsyncGenerator<T> {
      for (;;) {
        while (waiting.length > 0) yield waiting.shift()!;
        if (over) return;
        await new Promise<void>((resolve) => (wake = resolve));
      }
    }
  };
}

/**
 * Asks an event-stream server, a handful of times and one after the other, and says what clients will lose, and why.
 * Never rejects for what a server does: a server that cannot be reached is a result with a `failure`.
 * Throws a TypeError on a URL that is not http or https, and rejects with one on options that mean nothing.
 */
export function validate(target: string | URL, options: ValidateOptions = {}): Validation {
  const url = new URL(target);
  if (!/^https?:$/.test(url.protocol))
    throw new TypeError(`the URL must be http or https, not ${url.protocol}`);
  url.hash = '';
  const queue = createQueue<ValidationEvent>();
  const result = run(url, options, (event) => queue.push(event)).finally(() => queue.end());
  result.catch(() => {});
  return {
    result,
    async *[Symbol.asyncIterator]() {
      yield* queue;
      await result;
    }
  };
}

async function run(
  url: URL,
  options: ValidateOptions,
  emit: (event: ValidationEvent) => void
): Promise<Result> {
  const start = performance.now();
  const clock = () => performance.now() - start;
  const {
    duration = defaultDuration,
    maxBytes = defaultMaxBytes,
    profile = 'plain',
    expectTypes,
    method = 'GET',
    origin
  } = options;
  const chosen = chooseRules(options);
  refuseUnknown('probes', options.probes ?? [], probeNames);
  for (const [option, number] of Object.entries({ duration, maxBytes })) {
    if (!(number > 0)) throw new TypeError(`${option} must be a number above 0, not ${number}`);
  }
  if (duration > longestTimer) throw new TypeError(`duration must be at most ${longestTimer} ms`);
  for (const { name, value } of options.headers ?? []) parseHeader(`${name}: ${value}`);
  const body = options.body === undefined ? undefined : Buffer.from(options.body);
  const judging = new Judging(chosen, (finding) => emit({ type: 'finding', finding, at: clock() }));
  const observations: Observations = {
    url,
    profile,
    sentOrigin: origin ?? madeUpOrigin,
    method,
    missing: {},
    ...(options.ignore && { ignored: options.ignore }),
    ...(origin !== undefined && { origin })
  };
  const requests: Result['requests'] = [];
  judging.settle('url', observations);

  const request = (extra: Header[] = [], verb = method): OutgoingRequest => {
    const repeats = verb === method;
    const own: Header[] = [
      {
        name: 'Accept',
        value:
          repeats && mayAnswerJson(observations) ? 'application/json, text/event-stream' : 'text/event-stream'
      },
      { name: 'Accept-Encoding', value: 'identity' },
      { name: 'Cache-Control', value: 'no-store' },
      { name: 'Connection', value: 'keep-alive' },
      { name: 'User-Agent', value: `truesource-validator/${version}` },
      // What these APIs take is JSON.
      ...(body && profile !== 'plain' ? [{ name: 'Content-Type', value: 'application/json' }] : []),
      ...basicCredentials(url)
    ];
    const headers = [...own, ...extra, ...(options.headers ?? [])].filter(
      ({ name }) => repeats || !/^content-/i.test(name)
    );
    const last = headers.filter(
      ({ name }, index) =>
        !headers.slice(index + 1).some((later) => later.name.toLowerCase() === name.toLowerCase())
    );
    return {
      url,
      method: verb,
      headers: last,
      ...(body && repeats && { body })
    };
  };
  const limits = { connectTimeout, headTimeout: answerTimeout, duration: answerTimeout, maxBytes };
  const ask = async (probe: Probe, asked: Omit<ObserveOptions, 'clock'>): Promise<Exchange> => {
    emit({ type: 'progress', waitingFor: probe === 'plain' ? 'the stream' : probes[probe].waitingFor });
    const exchange = await observe({ ...asked, clock });
    requests.push({
      probe,
      method: asked.request.method,
      url: withoutCredentials(exchange.request.url),
      ...(exchange.head && { status: exchange.head.status }),
      ...(exchange.failure && { failure: exchange.failure }),
      duration: exchange.endedAt - exchange.startedAt
    });
    return exchange;
  };

  const watchers = judging.watch({ profile, ...(expectTypes && { expectTypes }), captured: false });
  const seenByClients = createClientObserver();
  // Redirects and all.
  const whole = AbortSignal.timeout(Math.ceil(Math.max(duration, headTimeout) + connectTimeout));
  const plain = await ask('plain', {
    request: request(),
    limits: { ...limits, headTimeout: Math.max(duration, headTimeout), duration },
    observers: [...watchers, seenByClients],
    signal: options.signal ? AbortSignal.any([options.signal, whole]) : whole,
    onHead(exchange) {
      observations.plain = exchange;
      judging.settle('head', observations);
      emit({
        type: 'progress',
        waitingFor: isStreamHead(exchange.head)
          ? `what the stream brings, for ${duration / 1000} s`
          : 'the end of the answer'
      });
      return undefined;
    }
  });
  observations.plain = plain;
  // Pages of its own origin are who follows a redirect to another.
  if (origin === undefined && plain.request.url.origin !== url.origin) observations.sentOrigin = url.origin;
  const stream = plain.undecodable === undefined ? plain.trace : undefined;
  if (stream) {
    judging.endOfStream({ trace: stream, ended: hasEnded(plain), captured: false, at: plain.endedAt });
  }
  judging.settle('head', observations);
  judging.settle('plain', observations);

  // A stream that ended late is watched to its end once more, and who has time for a slow one has it for its probes.
  const took = plain.endedAt - plain.sentAt;
  const out = AbortSignal.timeout(
    Math.ceil(
      probesTime + (duration > defaultDuration || (hasEnded(plain) && took > defaultDuration) ? took : 0)
    )
  );
  const signal = options.signal ? AbortSignal.any([options.signal, out]) : out;
  const known: Omit<Asking, 'ask'> = {
    observations,
    plain,
    took,
    due: plain.firstEventAt === undefined ? undefined : plain.firstEventAt - plain.sentAt,
    isOver: plain.ending !== 'time limit' && plain.ending !== 'byte limit',
    argument: options.inject ?? '',
    request
  };
  for (const probe of probeNames) {
    const reason = whyNot(probe);
    if (reason !== undefined) observations.missing[probe] = reason;
    else {
      const until = probe === 'inject' ? options.signal : signal;
      const observed = await probes[probe].run({
        ...known,
        ask: (asked, { duration = answerTimeout, headTimeout = answerTimeout, ...how } = {}) =>
          ask(probe, {
            request: asked,
            limits: { ...limits, duration, headTimeout },
            ...(until && { signal: until }),
            ...how
          })
      });
      Object.assign(observations, { [probe]: observed });
    }
    judging.settle(probe, observations);
  }

  function whyNot(probe: (typeof probeNames)[number]): string | undefined {
    const { onDemand, repeats, lacks } = probes[probe];
    if (probe === 'inject') {
      if (options.inject === undefined) return 'the leave to send hostile values: --inject ARGUMENT';
    } else if (options.probes ? !options.probes.includes(probe) : onDemand)
      return `the probe ${probe}: --probes ${probe}`;
    else if (!options.probes && repeats && method !== 'GET')
      return `the probe ${probe}, which would repeat the ${method}: --probes ${probe}`;
    // Whether a head came late, or is not to be had at all.
    if (probe === 'head-request' && plain.failure?.kind === 'timeout' && !Number.isNaN(plain.sentAt))
      return undefined;
    if (!plain.head) return 'an answer';
    if (options.signal?.aborted) return 'more time: it was interrupted';
    if (signal.aborted && probe !== 'inject')
      return `more time: the probes had ${probesTime / 1000} s, and ${probe} was left`;
    const isAnswered = isStreamHead(plain.head) || (probe === 'origin-request' && plain.head.status < 500);
    return isAnswered ? lacks?.(known) : 'an event stream';
  }

  const { findings, verdicts } = judging.conclude(() => {
    if (!plain.head) return { verdict: 'not observed', needed: 'an answer' };
    if (isStreamHead(plain.head) && plain.undecodable !== undefined)
      return { verdict: 'not observed', needed: 'a Content-Encoding that can be undone here' };
    return { verdict: 'not applicable', because: 'the answer is no event stream' };
  });
  const result: Result = {
    subject: withoutCredentials(url),
    headline: '',
    ...(plain.failure && { failure: plain.failure }),
    findings,
    counts: count(findings),
    verdicts,
    ...(stream && { stream: describeStream(stream, plain.ending!) }),
    clients: describeClients(stream, findings, seenByClients, plain, origin),
    requests,
    duration: clock()
  };
  result.headline = headlineOf(result, plain, observations.compressed);
  emit({ type: 'result', result });
  return result;
}

/**
 * Holds the rules of format, ids and dialects against captured bytes of one response body, in as many pieces as there are.
 * Rules of time, heads and reconnections are not among its verdicts.
 */
export async function lint(
  bytes: Uint8Array | Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  options: LintOptions & { subject?: string } = {}
): Promise<Result> {
  if (typeof bytes === 'string') throw new TypeError('lint takes bytes, as Buffer.from(text)');
  const start = performance.now();
  const { profile = 'plain', expectTypes, subject = 'bytes' } = options;
  const judging = new Judging(
    chooseRules(options).filter(({ judge }) => 'watch' in judge),
    () => {}
  );
  const seenByClients = createClientObserver();
  const trace = new Trace([
    ...judging.watch({ profile, ...(expectTypes && { expectTypes }), captured: true }),
    seenByClients
  ]);
  for await (const piece of bytes instanceof Uint8Array ? [bytes] : bytes) {
    trace.push(Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength), 0);
    if (trace.overflow) break;
  }
  // A capture may be cut within a character.
  trace.end(0, false);
  judging.endOfStream({ trace, ended: !trace.overflow, captured: true, at: 0 });
  const { findings, verdicts } = judging.conclude(() => ({ verdict: 'ok' }));
  for (const finding of findings) delete finding.at;
  const result: Result = {
    subject,
    headline: '',
    findings,
    counts: count(findings),
    verdicts,
    stream: describeStream(trace, 'end of file'),
    clients: describeClients(trace, findings, seenByClients),
    requests: [],
    duration: performance.now() - start
  };
  result.headline = headlineOf(result);
  return result;
}
