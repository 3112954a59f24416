import type { Header, Limits, OutgoingRequest } from './recording.ts';
import {
  browsersCodings,
  dueWithin,
  eventsWithIds,
  headersOf,
  isStreamHead,
  type Exchange,
  type ObserveOptions
} from './observe.ts';
import { decodeUtf8 } from './latin1.ts';
import type { Injected, Injection, Observations, Probe } from './rule.ts';

/** For answers after the first, ms. */
export const answerTimeout = 1500;
/** How much longer than an event takes a compressed stream may say nothing, ms. */
export const compressionGrace = 600;
const parallelStreams = 7;
export const madeUpOrigin = 'https://origin.example';
/** Last-Event-IDs that no server gave out. */
export const bogusIds = ['no-such-id-zzz', '', 'z'.repeat(4096)];
/** Of an argument that stands for the Last-Event-ID where a client cannot send the header. */
const idArguments = ['lastEventId', 'last_event_id', 'last-event-id', 'Last-Event-ID', 'evs_last_event_id'];

/** Five times, as `idArguments`. */
const longestIdOfUrl = 1000;

const reflectedValue = 'truesource-value';
const injectedField = 'truesource-field';
/** What `inject` sends. */
export const injectedValues = {
  harmless: reflectedValue,
  lineFeed: `${reflectedValue}\n${injectedField}: 1`,
  carriageReturn: `${reflectedValue}\r${injectedField}: 1`
};

/** What a probe asks with, and what is known before it does. */
export interface Asking {
  observations: Observations;
  plain: Exchange;
  /** How long the plain stream took, ms. */
  took: number;
  /** How long until its first event, ms. */
  due: number | undefined;
  /** Whether the plain stream ended by itself. */
  isOver: boolean;
  /** The argument of `--inject`. */
  argument: string;
  /** The plain request with these headers, in place of its own of the same name; or by another method. */
  request(extra?: Header[], method?: string): OutgoingRequest;
  ask(
    request: OutgoingRequest,
    how?: Partial<
      Pick<Limits, 'duration' | 'headTimeout'> & Pick<ObserveOptions, 'observers' | 'onHead' | 'until'>
    >
  ): Promise<Exchange>;
}

interface ProbeDefinition {
  waitingFor: string;
  /** Only if it is asked for. */
  onDemand?: true;
  /** It repeats the method of the plain request. */
  repeats?: true;
  /** What it lacks. */
  lacks?(asking: Omit<Asking, 'ask'>): string | undefined;
  run(asking: Asking): Promise<Exchange | Exchange[] | Injection>;
}

const stopAtHead = { onHead: () => true };

/** `due`: how long the first event took in the plain stream, ms. */
function untilFirstEvent(due = 300) {
  return {
    duration: Math.min(due + 500, answerTimeout),
    until: ({ events }: Exchange) => events.length > 0
  };
}

function isCredential({ name }: Header): boolean {
  return /^(authorization|cookie)$/i.test(name);
}

/** In the order in which they are run, one after the other. */
export const probes: Record<Exclude<Probe, 'plain'>, ProbeDefinition> = {
  again: {
    waitingFor: 'the stream again, as a client reconnects',
    repeats: true,
    run: ({ plain, took, isOver, due, request, ask }) =>
      ask(
        request(ofReconnection(plain, plain.trace?.lastEventId ?? '')),
        isOver ? { duration: took * 1.2 + 500 } : untilFirstEvent(due)
      )
  },
  compressed: {
    waitingFor: 'an answer that may be compressed',
    repeats: true,
    lacks: ({ observations: { again } }) => (again?.failure ? 'an answer to the reconnection' : undefined),
    run({ plain, observations: { again }, request, ask }) {
      const duration = (dueWithin(plain, [again]) ?? plain.longestSilence) + compressionGrace + 20;
      return ask(request([{ name: 'Accept-Encoding', value: browsersCodings }]), {
        headTimeout: Math.max(answerTimeout, duration),
        duration,
        onHead: ({ head }) => headersOf(head, 'content-encoding').length === 0,
        until: ({ events }) => events.length > 0
      });
    }
  },
  'first-id': {
    waitingFor: 'what comes after the first event',
    repeats: true,
    lacks({ plain, observations: { again } }) {
      if (new Set(eventsWithIds(plain).map(({ id }) => id)).size < 2) return 'two events with different ids';
      return again?.failure ? 'an answer to the reconnection' : undefined;
    },
    run: ({ plain, due, request, ask }) =>
      ask(request(ofReconnection(plain, eventsWithIds(plain)[0]!.id!)), untilFirstEvent(due))
  },
  'query-id': {
    waitingFor: 'what comes after the first event, asked for in the URL',
    repeats: true,
    lacks({ plain, observations }) {
      const first = observations['first-id'];
      if (!first) return observations.missing['first-id'];
      if (eventsWithIds(plain)[0]!.id!.length > longestIdOfUrl) return 'an id that has room in a URL';
      return eventsWithIds(first)[0]?.id === eventsWithIds(plain)[1]!.id
        ? 'a server that does not heed the header'
        : undefined;
    },
    run({ plain, due, request, ask }) {
      const asked = request();
      const url = new URL(asked.url);
      for (const name of idArguments) url.searchParams.set(name, decodeUtf8(eventsWithIds(plain)[0]!.id!));
      return ask({ ...asked, url }, untilFirstEvent(due));
    }
  },
  'origin-request': {
    waitingFor: 'an answer to a request from another origin',
    repeats: true,
    run: ({ observations: { sentOrigin, profile }, request, ask }) =>
      ask(
        request([
          { name: 'Origin', value: sentOrigin },
          // "The client MUST include an Accept header, listing": */* is no client's of MCP.
          ...(profile === 'mcp' ? [] : [{ name: 'Accept', value: '*/*' }])
        ]),
        stopAtHead
      )
  },
  preflight: {
    waitingFor: 'an answer to the preflight (OPTIONS)',
    run: ({ observations, request, ask }) =>
      ask(
        request(
          [
            { name: 'Origin', value: observations.sentOrigin },
            { name: 'Access-Control-Request-Method', value: observations.method },
            { name: 'Access-Control-Request-Headers', value: 'cache-control,last-event-id' }
          ],
          'OPTIONS'
        ),
        {
          duration: 0,
          onHead: ({ head }) => !isStreamHead(head),
          until: ({ decodedBytes }) => decodedBytes > 0
        }
      )
  },
  'other-origin': {
    waitingFor: 'an answer to a request from an origin that nobody knows',
    repeats: true,
    lacks: ({ observations }) =>
      observations.sentOrigin === madeUpOrigin ? 'an origin that is allowed: --origin' : undefined,
    run: ({ request, ask }) => ask(request([{ name: 'Origin', value: madeUpOrigin }]), stopAtHead)
  },
  'without-credentials': {
    waitingFor: 'an answer to a request without credentials',
    repeats: true,
    lacks: ({ request }) =>
      request().headers.some(isCredential)
        ? undefined
        : 'credentials: --header "Cookie: …" or "Authorization: …"',
    run({ observations, request, ask }) {
      const asked = request([{ name: 'Origin', value: observations.sentOrigin }]);
      return ask({ ...asked, headers: asked.headers.filter((header) => !isCredential(header)) }, stopAtHead);
    }
  },
  'bogus-id': {
    waitingFor: 'an answer to an unknown Last-Event-ID',
    repeats: true,
    async run({ request, ask }) {
      const answers: Exchange[] = [];
      for (const value of bogusIds) {
        const askIt = () =>
          ask(request([{ name: 'Last-Event-ID', value }]), {
            duration: 0,
            ...(answers.length > 0 ? stopAtHead : { until: ({ events }) => events.length > 0 })
          });
        let answer = await askIt();
        // What breaks by the id breaks by it again; a busy server may drop a connection once.
        if (answer.failure?.kind === 'closed') answer = await askIt();
        answers.push(answer);
        if (!isStreamHead(answer.head)) break;
      }
      return answers;
    }
  },
  'head-request': {
    waitingFor: 'an answer to HEAD',
    run: ({ request, ask }) => ask(request([], 'HEAD'), stopAtHead)
  },
  'after-head': {
    waitingFor: 'an answer after HEAD',
    repeats: true,
    lacks: ({ observations }) => (observations['head-request']?.head ? undefined : 'an answer to HEAD'),
    run: ({ request, ask }) => ask(request(), stopAtHead)
  },
  parallel: {
    waitingFor: 'seven streams at a time',
    onDemand: true,
    repeats: true,
    run: ({ request, ask }) => Promise.all(Array.from({ length: parallelStreams }, () => ask(request())))
  },
  inject: {
    waitingFor: 'what becomes of a value in the URL',
    onDemand: true,
    repeats: true,
    async run(asking) {
      const harmless = await sendValue(asking, injectedValues.harmless);
      if (harmless.reflected.length === 0) return { harmless, lineFeed: harmless, carriageReturn: harmless };
      return {
        harmless,
        lineFeed: await sendValue(asking, injectedValues.lineFeed, harmless),
        carriageReturn: await sendValue(asking, injectedValues.carriageReturn, harmless)
      };
    }
  }
};

/** What a client that reconnects sends: the last event ID, and the cookies that it was set. */
function ofReconnection(plain: Exchange, id: string): Header[] {
  const cookies = headersOf(plain.head, 'set-cookie')
    .filter((value) => isSentBack(value, plain.request.url))
    .map((value) => value.split(';')[0]!.trim());
  return [
    ...(id ? [{ name: 'Last-Event-ID', value: headerValue(id) }] : []),
    ...(cookies.length > 0 ? [{ name: 'Cookie', value: headerValue(cookies.join('; ')) }] : [])
  ];
}

/** https://www.rfc-editor.org/rfc/rfc6265#section-5.4: not if it is removed, or of another path. */
function isSentBack(cookie: string, { pathname }: URL): boolean {
  const attribute = (name: string) =>
    new RegExp(`;[ \\t]*${name}[ \\t]*=[ \\t]*([^;]*)`, 'i').exec(cookie)?.[1]!.trim();
  const age = attribute('max-age');
  const removed = age === undefined ? Date.parse(attribute('expires') ?? '') <= Date.now() : Number(age) <= 0;
  const path = attribute('path') ?? '/';
  return (
    !removed && (!path.startsWith('/') || `${pathname}/`.startsWith(path.endsWith('/') ? path : `${path}/`))
  );
}

/** Fetch's rules for values: no line ends, no NUL. */
function headerValue(text: string): string {
  return text.replace(/[\0\r\n]/g, '').trim();
}

/** Reads on until there are the places that `harmless` had in all its time. */
async function sendValue(
  { argument, request, ask }: Asking,
  value: string,
  harmless?: Injected
): Promise<Injected> {
  const reflected: Injected['reflected'] = [];
  let last: Injected['reflected'][number] | undefined;
  const sent = request();
  const url = new URL(sent.url);
  url.searchParams.set(argument, value);
  const exchange = await ask(
    { ...sent, url },
    {
      observers: [
        {
          line(line) {
            if (line.text.startsWith(injectedField)) {
              if (last) last.injected ??= line;
            } else if (line.text.includes(reflectedValue)) {
              last = reflected.find((one) => one.line.branch === line.branch);
              if (!last) reflected.push((last = { line }));
            }
          }
        }
      ],
      until: ({ events, trace }) =>
        harmless !== undefined &&
        events.length > 0 &&
        !trace!.pending &&
        harmless.reflected.every(({ line }) => reflected.some((one) => one.line.branch === line.branch))
    }
  );
  return { exchange, reflected };
}
