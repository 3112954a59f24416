import { readFileSync } from 'node:fs';
import { type Failure, type Header, type Limits, type OutgoingRequest } from './connect.ts';
import { createClientObserver, describeClients, type ClientView } from './clients.ts';
import { Judging, rankOf, type RuleVerdict } from './judging.ts';
import { hasEnded, headersOf, isStreamHead, observe, type Exchange, type ObserveOptions } from './observe.ts';
import type { Finding, Injected, Observations, Probe, Profile, Rule, Severity } from './rule.ts';
import { rules } from './rules/index.ts';
import { Trace } from './trace.ts';

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
  body?: Buffer;
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

export interface Result {
  /** The URL, or the name of what was linted. */
  subject: string;
  /** One sentence. */
  headline: string;
  /** Why nothing could be judged. */
  failure?: Failure;
  /** By severity, then kind. */
  findings: Finding[];
  counts: Record<Severity, number>;
  /** Of every rule that was held against it. */
  verdicts: RuleVerdict[];
  /** Of the stream that was judged. */
  stream?: {
    bytes: number;
    lines: number;
    events: number;
    comments: number;
    lastEventId: string;
    reconnectionTime?: number;
    ending: string;
  };
  /** What each family of clients makes of the stream that was seen. */
  clients: ClientView[];
  requests: {
    probe: Probe;
    method: string;
    url: string;
    status?: number;
    failure?: Failure;
    duration: number;
  }[];
  /** ms. */
  duration: number;
}

export type ValidationEvent =
  | { type: 'progress'; waitingFor: string }
  | { type: 'finding'; finding: Finding; at: number }
  | { type: 'result'; result: Result };

/** What comes while it validates, and in the end the result; or only the result: `await validation.result`. */
export interface Validation extends AsyncIterable<ValidationEvent> {
  result: Promise<Result>;
}

export const probes: Probe[] = [
  'again',
  'preflight',
  'origin-request',
  'head-request',
  'compressed',
  'bogus-id',
  'parallel',
  'inject'
];
const defaultProbes = probes.filter((probe) => probe !== 'parallel' && probe !== 'inject');
/** These repeat the method of the plain request. */
const repeating: Probe[] = ['again', 'origin-request', 'compressed', 'bogus-id', 'parallel', 'inject'];

const descriptions: Record<Probe, string> = {
  plain: 'the stream',
  again: 'the stream again, as a client reconnects',
  preflight: 'an answer to the preflight (OPTIONS)',
  'origin-request': 'an answer to a request from another origin',
  'head-request': 'an answer to HEAD',
  compressed: 'an answer that may be compressed',
  'bogus-id': 'an answer to an unknown Last-Event-ID',
  parallel: 'seven streams at a time',
  inject: 'what becomes of a value in the URL'
};

const defaultDuration = 2000;
/** For all that follows the plain stream, ms. */
const probesTime = 3000;
const connectTimeout = 3000;
const headTimeout = 2500;
/** For answers after the first. */
const answerTimeout = 1500;
const parallelStreams = 7;
const madeUpOrigin = 'https://origin.example';
const bogusId = 'no-such-id-zzz';

const reflectedValue = 'truesource-value';
const injectedField = 'truesource-field';
/** What `inject` sends. */
export const injectedValues = {
  harmless: reflectedValue,
  lineFeed: `${reflectedValue}\n${injectedField}: 1`,
  carriageReturn: `${reflectedValue}\r${injectedField}: 1`
};

const { version } = JSON.parse(
  readFileSync(
    new URL(import.meta.url.endsWith('.ts') ? '../../package.json' : '../package.json', import.meta.url),
    'utf8'
  )
) as { version: string };

function chooseRules({ ignore = [], profile = 'plain' }: LintOptions): Rule[] {
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
 * Throws a TypeError on a URL that is not http or https.
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
    maxBytes = 16 * 1024 * 1024,
    profile = 'plain',
    expectTypes,
    method = 'GET',
    origin
  } = options;
  const chosen = chooseRules(options);
  const judging = new Judging(chosen, (finding) => emit({ type: 'finding', finding, at: clock() }));
  const observations: Observations = {
    url,
    profile,
    sentOrigin: origin ?? madeUpOrigin,
    method,
    missing: {},
    ...(origin !== undefined && { origin })
  };
  const requests: Result['requests'] = [];
  judging.settle('url', observations);

  const request = (extra: Header[] = [], verb = method): OutgoingRequest => {
    const own: Header[] = [
      { name: 'Accept', value: 'text/event-stream' },
      { name: 'Accept-Encoding', value: 'identity' },
      { name: 'Cache-Control', value: 'no-store' },
      { name: 'Connection', value: 'keep-alive' },
      { name: 'User-Agent', value: `truesource-validator/${version}` }
    ];
    const headers = [...own, ...extra, ...(options.headers ?? [])];
    const last = headers.filter(
      ({ name }, index) =>
        !headers.slice(index + 1).some((later) => later.name.toLowerCase() === name.toLowerCase())
    );
    return {
      url,
      method: verb,
      headers: last,
      ...(options.body && verb === method && { body: options.body })
    };
  };
  const limits = (changes: Partial<Limits> = {}): Limits => ({
    connectTimeout,
    headTimeout: answerTimeout,
    duration: answerTimeout,
    maxBytes,
    ...changes
  });
  const ask = async (probe: Probe, asked: Omit<ObserveOptions, 'clock'>): Promise<Exchange> => {
    emit({ type: 'progress', waitingFor: descriptions[probe] });
    const exchange = await observe({ ...asked, clock });
    requests.push({
      probe,
      method: asked.request.method,
      url: exchange.request.url.href,
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
    limits: limits({ headTimeout: Math.max(duration, headTimeout), duration }),
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
  if (plain.trace) {
    judging.endOfStream({ trace: plain.trace, ended: hasEnded(plain), captured: false, at: plain.endedAt });
  }
  judging.settle('head', observations);
  judging.settle('plain', observations);

  // A stream that ended late is watched to its end once more.
  const took = plain.endedAt - plain.sentAt;
  const out = AbortSignal.timeout(
    Math.ceil(probesTime + (hasEnded(plain) && took > defaultDuration ? took : 0))
  );
  const signal = options.signal ? AbortSignal.any([options.signal, out]) : out;
  const wanted: Probe[] = [
    ...(options.probes ??
      (method === 'GET' ? defaultProbes : defaultProbes.filter((probe) => !repeating.includes(probe)))),
    ...(options.inject !== undefined ? (['inject'] as const) : [])
  ];
  for (const probe of probes) {
    const reason = whyNot(probe);
    if (reason !== undefined) observations.missing[probe] = reason;
    else await runProbe(probe);
    judging.settle(probe, observations);
  }

  function whyNot(probe: Probe): string | undefined {
    if (probe === 'inject' && options.inject === undefined)
      return 'the leave to send hostile values: --inject ARGUMENT';
    if (!wanted.includes(probe)) {
      return options.probes || method === 'GET'
        ? `the probe ${probe}: --probes ${probe}`
        : `the probe ${probe}, which would repeat the ${method}: --probes ${probe}`;
    }
    // Whether a head came late, or is not to be had at all.
    if (probe === 'head-request' && plain.failure?.kind === 'timeout' && !Number.isNaN(plain.sentAt))
      return undefined;
    if (!plain.head) return 'an answer';
    if (options.signal?.aborted) return 'more time: it was interrupted';
    if (signal.aborted && probe !== 'inject')
      return `more time: the probes had ${probesTime / 1000} s, and ${probe} was left`;
    const isAnswered = isStreamHead(plain.head) || (probe === 'origin-request' && plain.head.status < 500);
    return isAnswered ? undefined : 'an event stream';
  }

  async function runProbe(probe: Probe): Promise<void> {
    const common = { signal };
    const stopAtHead = () => true;
    switch (probe) {
      case 'again': {
        const cookies = headersOf(plain.head, 'set-cookie').map((value) => value.split(';')[0]!.trim());
        const id = plain.trace?.lastEventId ?? '';
        const isOver = plain.ending !== 'time limit' && plain.ending !== 'byte limit';
        const firstEvent = plain.firstEventAt === undefined ? 300 : plain.firstEventAt - plain.sentAt;
        observations.again = await ask('again', {
          ...common,
          request: request([
            ...(id
              ? [{ name: 'Last-Event-ID', value: Buffer.from(headerValue(id), 'latin1').toString('latin1') }]
              : []),
            ...(cookies.length > 0 ? [{ name: 'Cookie', value: headerValue(cookies.join('; ')) }] : [])
          ]),
          limits: limits({
            duration: isOver ? took * 1.2 + 500 : Math.min(firstEvent + 500, answerTimeout)
          }),
          ...(!isOver && { until: (exchange: Exchange) => exchange.events.length > 0 })
        });
        return;
      }
      case 'head-request':
        observations[probe] = await ask(probe, {
          ...common,
          request: request([], 'HEAD'),
          limits: limits(),
          onHead: stopAtHead
        });
        return;
      case 'preflight':
        observations[probe] = await ask(probe, {
          ...common,
          request: request(
            [
              { name: 'Origin', value: observations.sentOrigin },
              { name: 'Access-Control-Request-Method', value: method },
              { name: 'Access-Control-Request-Headers', value: 'cache-control,last-event-id' }
            ],
            'OPTIONS'
          ),
          limits: limits(),
          onHead: stopAtHead
        });
        return;
      case 'origin-request':
        observations[probe] = await ask(probe, {
          ...common,
          request: request([
            { name: 'Origin', value: observations.sentOrigin },
            { name: 'Accept', value: '*/*' }
          ]),
          limits: limits(),
          onHead: stopAtHead
        });
        return;
      case 'bogus-id':
        observations[probe] = await ask(probe, {
          ...common,
          request: request([{ name: 'Last-Event-ID', value: bogusId }]),
          limits: limits(),
          onHead: stopAtHead
        });
        return;
      case 'compressed': {
        const due = plain.firstEventAt === undefined ? 0 : plain.firstEventAt - plain.sentAt;
        observations[probe] = await ask(probe, {
          ...common,
          request: request([{ name: 'Accept-Encoding', value: 'gzip, deflate, br' }]),
          limits: limits({ duration: due + 900 }),
          onHead: ({ head }) => headersOf(head, 'content-encoding').length === 0,
          until: (exchange) => exchange.events.length > 0
        });
        return;
      }
      case 'parallel':
        observations.parallel = await Promise.all(
          Array.from({ length: parallelStreams }, () =>
            ask(probe, { ...common, request: request(), limits: limits({ duration: answerTimeout }) })
          )
        );
        return;
      case 'inject': {
        const harmless = await sendValue('harmless');
        observations.inject = { harmless, lineFeed: harmless, carriageReturn: harmless };
        if (!harmless.reflected) return;
        observations.inject = {
          harmless,
          lineFeed: await sendValue('lineFeed'),
          carriageReturn: await sendValue('carriageReturn')
        };
        return;
      }
      case 'plain':
    }
  }

  async function sendValue(which: keyof typeof injectedValues): Promise<Injected> {
    const seen: Omit<Injected, 'exchange'> = {};
    const target = new URL(url);
    target.searchParams.set(options.inject!, injectedValues[which]);
    const exchange = await ask('inject', {
      ...(options.signal && { signal: options.signal }),
      request: { ...request(), url: target },
      limits: limits(),
      observers: [
        {
          line(line) {
            if (line.text.startsWith(injectedField)) seen.injected ??= line;
            else if (line.text.includes(reflectedValue)) seen.reflected ??= line;
          }
        }
      ],
      until: ({ events }) => seen.reflected !== undefined && events.length > 0
    });
    return { exchange, ...seen };
  }

  const { findings, verdicts } = judging.conclude(() =>
    plain.head
      ? { verdict: 'not applicable', because: 'the answer is no event stream' }
      : { verdict: 'not observed', needed: 'an answer' }
  );
  const result: Result = {
    subject: url.href,
    headline: '',
    ...(plain.failure && { failure: plain.failure }),
    findings,
    counts: count(findings),
    verdicts,
    ...(plain.trace && { stream: describeStream(plain.trace, plain.ending!) }),
    clients: describeClients(plain.trace, findings, seenByClients, plain),
    requests,
    duration: clock()
  };
  result.headline = headlineOf(result, plain);
  emit({ type: 'result', result });
  return result;
}

/** Fetch's rules for values: no line ends, no NUL. */
function headerValue(text: string): string {
  return text.replace(/[\0\r\n]/g, '').trim();
}

/**
 * Holds the rules of format, ids and dialects against captured bytes of one response body, in as many pieces as there are.
 * Rules of time, heads and reconnections are not among its verdicts.
 */
export async function lint(
  bytes: Uint8Array | Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  options: LintOptions & { subject?: string } = {}
): Promise<Result> {
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
  trace.end(0);
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

function count(findings: Finding[]): Record<Severity, number> {
  const counts = { error: 0, warning: 0, information: 0 };
  for (const { severity } of findings) counts[severity]++;
  return counts;
}

function describeStream(trace: Trace, ending: string): NonNullable<Result['stream']> {
  const { bytes, lines, events, comments, lastEventId, reconnectionTime } = trace;
  return {
    bytes,
    lines,
    events,
    comments,
    lastEventId,
    ...(reconnectionTime !== undefined && { reconnectionTime }),
    ending
  };
}

function headlineOf({ findings, failure, stream }: Result, plain?: Exchange): string {
  if (failure) {
    const wasSent = plain !== undefined && !Number.isNaN(plain.sentAt);
    return `${wasSent ? 'No answer' : 'Could not connect'} (${failure.kind}): ${failure.message}.`;
  }
  const refused = findings.find(
    ({ rule, severity }) => severity === 'error' && /^(H01|H06|H07|H25|T17)$/.test(rule)
  );
  if (refused) return 'No client gets a stream.';
  if (plain?.head?.status === 204) return 'The answer is 204: clients stop, and do not come back.';
  if (!stream) return 'There is no event stream.';
  const undelivered = findings.find(({ rule }) => rule === 'F01' || rule === 'F02');
  if (undelivered && stream.events === 0)
    return undelivered.rule === 'F01'
      ? 'No message will ever be delivered: the block is not ended by a blank line.'
      : 'No message will ever be delivered: there is no blank line.';
  if (findings.some(({ rule, severity }) => rule === 'T25' && severity === 'error'))
    return 'No message will ever be delivered: the body cannot be decoded.';
  if (stream.bytes === 0) {
    return plain && !hasEnded(plain)
      ? `No byte of the stream came within ${((plain.endedAt - plain.sentAt) / 1000).toFixed(1)} s.`
      : 'The stream is empty.';
  }
  const some = `${stream.events} ${stream.events === 1 ? 'event' : 'events'} in ${stream.bytes} bytes`;
  if (findings.some(({ severity }) => severity === 'error'))
    return `${some}; clients lose events, or the connection.`;
  if (findings.some(({ severity }) => severity === 'warning')) return `${some}; it works, with reservations.`;
  return stream.events === 0 ? `${some}; nothing is wrong with what was seen.` : `${some}; all is well.`;
}

/** Whether a finding is at or above this severity. */
export function isAtLeast(finding: Finding, severity: Severity): boolean {
  return rankOf(finding.severity) <= rankOf(severity);
}

/** Throws an Error that says each finding at or above this severity, or why there was no answer. For tests of servers. */
export function assertNoFindings(result: Result, failOn: Severity = 'error'): void {
  const { failure, findings, headline, subject } = result;
  const bad = findings.filter((finding) => isAtLeast(finding, failOn));
  if (!failure && bad.length === 0) return;
  const lines = bad.map(
    ({ rule, severity, message, line, advice }) =>
      `${severity} ${rule}${line === undefined ? '' : ` in line ${line}`}: ${message}. ${advice}`
  );
  throw new Error([`${subject}: ${headline}`, ...lines].join('\n'));
}
