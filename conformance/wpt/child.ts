import { createRequire } from 'node:module';
import type { DOMWindow } from 'jsdom';

/** The process in which wpt-runner and jsdom run; reports each test to its parent as `{id, passed}`. */
const { directory, fixtures, from } = JSON.parse(process.argv[2] ?? '{}') as {
  /** Of the generated tests. */
  directory: string;
  /** Origin of the fixtures server. */
  fixtures: string;
  /** A file from which wpt-runner can be resolved. */
  from: string;
};

type RunTests = (
  directory: string,
  options: {
    filter(path: string, url: string): boolean;
    setup(window: DOMWindow): void;
    reporter: Record<'startSuite' | 'pass' | 'fail' | 'reportStack', (text: string) => void>;
  }
) => Promise<number>;
interface Dispatcher {
  compose(wrap: (dispatch: Dispatch) => Dispatch): Dispatcher;
}
type Dispatch = (options: { origin: string; path: string }, handler: Handler) => boolean;
type Headers = Record<string, string | string[] | undefined>;
type Pass = (...all: unknown[]) => void;
interface Handler {
  onRequestStart?: Pass;
  onRequestUpgrade?: Pass;
  onResponseStart?(controller: unknown, status: number, headers: Headers, message?: string): void;
  onResponseData?: Pass;
  onResponseEnd?: Pass;
  onResponseError?: Pass;
}
interface Undici {
  Agent: new (options: object) => Dispatcher;
  setGlobalDispatcher(dispatcher: Dispatcher): void;
  fetch: typeof fetch;
}

const requireThere = createRequire(from);
const runTests = requireThere('wpt-runner') as RunTests;
// The instance that jsdom itself uses.
const undici = createRequire(createRequire(requireThere.resolve('wpt-runner')).resolve('jsdom'))(
  'undici'
) as Undici;

// Cases have listeners that throw, and wpt-runner throws in its server on unknown paths.
process.on('uncaughtException', () => {});
process.on('unhandledRejection', () => {});

let pageOrigin: string | undefined;

/** Makes a redirect to the fixtures server one to the page's origin. Not undici's DecoratorHandler: that one allows no 1xx response. */
function ownRedirects(handler: Handler): Handler {
  return {
    onRequestStart: (...all) => handler.onRequestStart?.(...all),
    onRequestUpgrade: (...all) => handler.onRequestUpgrade?.(...all),
    onResponseStart(controller, status, headers, message) {
      const { location } = headers;
      const isOwn = typeof location === 'string' && location.startsWith(`${fixtures}/`);
      const seen = isOwn ? { ...headers, location: pageOrigin! + location.slice(fixtures.length) } : headers;
      handler.onResponseStart?.(controller, status, seen, message);
    },
    onResponseData: (...all) => handler.onResponseData?.(...all),
    onResponseEnd: (...all) => handler.onResponseEnd?.(...all),
    onResponseError: (...all) => handler.onResponseError?.(...all)
  };
}

// The page has one origin, wpt-runner's: what is not a test or the harness itself is answered by the fixtures server.
undici.setGlobalDispatcher(
  new undici.Agent({ bodyTimeout: 0, headersTimeout: 0 }).compose((dispatch) => (options, handler) => {
    if (options.origin !== pageOrigin || /^\/(resources\/|\w+\.html)/.test(options.path)) {
      return dispatch(options, handler);
    }
    return dispatch({ ...options, origin: fixtures }, ownRedirects(handler));
  })
);

/** jsdom has no fetch: this one is undici's, with URLs of the document and signals of the window. No CORS, no cookies. */
function giveFetch(window: DOMWindow): void {
  window.fetch = ((input: unknown, init: RequestInit = {}) => {
    const { signal, ...rest } = init;
    const controller = new AbortController();
    if (signal) {
      if (signal.aborted) controller.abort();
      signal.addEventListener('abort', () => controller.abort());
    }
    return undici.fetch(new URL(String(input), window.document.baseURI), {
      ...rest,
      signal: controller.signal
    });
  }) as typeof fetch;
  for (const name of ['TextDecoder', 'ReadableStream', 'Headers', 'Request', 'Response'] as const) {
    window[name] ??= globalThis[name] as never;
  }
}

const report = (name: string, passed: boolean): void => {
  process.send?.({ id: name.slice(0, name.indexOf(': ')), passed });
};

await runTests(directory, {
  filter: (_path: string, url: string) => {
    pageOrigin = new URL(url).origin;
    return true;
  },
  setup: giveFetch,
  reporter: {
    startSuite() {},
    pass: (name: string) => report(name, true),
    fail: (name: string) => report(name, false),
    reportStack() {}
  }
});
process.disconnect?.();
