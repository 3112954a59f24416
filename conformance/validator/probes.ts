import type { Header, Limits, OutgoingRequest } from './connect.ts';
import { headersOf, type Exchange, type ObserveOptions } from './observe.ts';
import type { Injected, Injection, Observations, Probe } from './rule.ts';

/** For answers after the first, ms. */
export const answerTimeout = 1500;
const parallelStreams = 7;
export const madeUpOrigin = 'https://origin.example';
const bogusId = 'no-such-id-zzz';

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
  /** Whether the plain stream ended by itself. */
  isOver: boolean;
  /** The argument of `--inject`. */
  argument: string;
  /** The plain request with these headers, in place of its own of the same name; or by another method. */
  request(extra?: Header[], method?: string): OutgoingRequest;
  ask(
    request: OutgoingRequest,
    how?: Partial<Pick<Limits, 'duration'> & Pick<ObserveOptions, 'observers' | 'onHead' | 'until'>>
  ): Promise<Exchange>;
}

interface ProbeDefinition {
  waitingFor: string;
  /** Only if it is asked for. */
  onDemand?: true;
  /** It repeats the method of the plain request. */
  repeats?: true;
  run(asking: Asking): Promise<Exchange | Exchange[] | Injection>;
}

const stopAtHead = { onHead: () => true };

/** In the order in which they are run, one after the other. */
export const probes: Record<Exclude<Probe, 'plain'>, ProbeDefinition> = {
  again: {
    waitingFor: 'the stream again, as a client reconnects',
    repeats: true,
    run({ plain, took, isOver, request, ask }) {
      const firstEvent = plain.firstEventAt === undefined ? 300 : plain.firstEventAt - plain.sentAt;
      return ask(request(ofReconnection(plain, plain.trace?.lastEventId ?? '')), {
        duration: isOver ? took * 1.2 + 500 : Math.min(firstEvent + 500, answerTimeout),
        ...(!isOver && { until: ({ events }) => events.length > 0 })
      });
    }
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
        stopAtHead
      )
  },
  'origin-request': {
    waitingFor: 'an answer to a request from another origin',
    repeats: true,
    run: ({ observations, request, ask }) =>
      ask(
        request([
          { name: 'Origin', value: observations.sentOrigin },
          { name: 'Accept', value: '*/*' }
        ]),
        stopAtHead
      )
  },
  'head-request': {
    waitingFor: 'an answer to HEAD',
    run: ({ request, ask }) => ask(request([], 'HEAD'), stopAtHead)
  },
  compressed: {
    waitingFor: 'an answer that may be compressed',
    repeats: true,
    run({ plain, request, ask }) {
      const due = plain.firstEventAt === undefined ? 0 : plain.firstEventAt - plain.sentAt;
      return ask(request([{ name: 'Accept-Encoding', value: 'gzip, deflate, br' }]), {
        duration: due + 900,
        onHead: ({ head }) => headersOf(head, 'content-encoding').length === 0,
        until: ({ events }) => events.length > 0
      });
    }
  },
  'bogus-id': {
    waitingFor: 'an answer to an unknown Last-Event-ID',
    repeats: true,
    run: ({ request, ask }) => ask(request([{ name: 'Last-Event-ID', value: bogusId }]), stopAtHead)
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
      if (!harmless.reflected) return { harmless, lineFeed: harmless, carriageReturn: harmless };
      return {
        harmless,
        lineFeed: await sendValue(asking, injectedValues.lineFeed),
        carriageReturn: await sendValue(asking, injectedValues.carriageReturn)
      };
    }
  }
};

/** What a client that reconnects sends: the last event ID, and the cookies that it was set. */
function ofReconnection(plain: Exchange, id: string): Header[] {
  const cookies = headersOf(plain.head, 'set-cookie').map((value) => value.split(';')[0]!.trim());
  return [
    ...(id ? [{ name: 'Last-Event-ID', value: headerValue(id) }] : []),
    ...(cookies.length > 0 ? [{ name: 'Cookie', value: headerValue(cookies.join('; ')) }] : [])
  ];
}

/** Fetch's rules for values: no line ends, no NUL. */
function headerValue(text: string): string {
  return text.replace(/[\0\r\n]/g, '').trim();
}

async function sendValue({ argument, request, ask }: Asking, value: string): Promise<Injected> {
  const seen: Omit<Injected, 'exchange'> = {};
  const sent = request();
  const url = new URL(sent.url);
  url.searchParams.set(argument, value);
  const exchange = await ask(
    { ...sent, url },
    {
      observers: [
        {
          line(line) {
            if (line.text.startsWith(injectedField)) seen.injected ??= line;
            else if (line.text.includes(reflectedValue)) seen.reflected ??= line;
          }
        }
      ],
      until: ({ events }) => seen.reflected !== undefined && events.length > 0
    }
  );
  return { exchange, ...seen };
}
