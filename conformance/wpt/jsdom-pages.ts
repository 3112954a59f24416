import { createRequire } from 'node:module';
import type { DOMWindow, JSDOM } from 'jsdom';
import type { DriverResult, DriverTest, HarnessTest } from './driver.ts';

/** The process in which jsdom runs the upstream tests: it does what the driver does in a browser. */
const { url, lanes, from } = JSON.parse(process.argv[2] ?? '{}') as {
  /** Of the driver's page. */
  url: string;
  lanes: number;
  /** A file from which jsdom can be resolved. */
  from: string;
};

interface Harness extends DOMWindow {
  /** testharness.js calls it. */
  completion_callback(tests: HarnessTest[], status: { status: number; message: string | null }): void;
}
type Lookup = (
  host: string,
  options: { all?: boolean },
  callback: (error: null, address: string | { address: string; family: number }[], family?: number) => void
) => void;

const require = createRequire(createRequire(from).resolve('wpt-runner'));
const { JSDOM: Document, VirtualConsole } = require('jsdom') as typeof import('jsdom');
// The instance that jsdom itself uses.
const { Agent, setGlobalDispatcher } = createRequire(require.resolve('jsdom'))('undici') as {
  Agent: new (options: object) => unknown;
  setGlobalDispatcher(dispatcher: unknown): void;
};
const lookup: Lookup = (_host, { all }, callback) =>
  all ? callback(null, [{ address: '127.0.0.1', family: 4 }]) : callback(null, '127.0.0.1', 4);
setGlobalDispatcher(new Agent({ bodyTimeout: 0, headersTimeout: 0, connect: { lookup } }));

// A request of a window that is closed.
process.on('uncaughtException', () => {});
process.on('unhandledRejection', () => {});

const { origin, port } = new URL(url);

async function next(result: Partial<DriverResult>): Promise<DriverTest | { id?: undefined }> {
  const here = url.replace(origin, `http://127.0.0.1:${port}`);
  const response = await fetch(`${here}next`, { method: 'POST', body: JSON.stringify(result) });
  return (await response.json()) as DriverTest;
}

async function run(test: DriverTest): Promise<DriverResult> {
  let opened: JSDOM | undefined;
  let timer: NodeJS.Timeout | undefined;
  const result = await new Promise<DriverResult>((resolve) => {
    timer = setTimeout(() => resolve({ id: test.id, lane: origin, tests: [] }), test.limit);
    void Document.fromURL(origin + test.url, {
      runScripts: 'dangerously',
      resources: 'usable',
      pretendToBeVisual: true,
      virtualConsole: new VirtualConsole(),
      beforeParse(window) {
        (window as Harness).completion_callback = (tests, { status, message }) =>
          resolve({
            id: test.id,
            lane: origin,
            harness: { status, message },
            tests: tests.map(({ name, status, message }) => ({ name, status, message }))
          });
      }
    }).then((document) => (opened = document));
  });
  clearTimeout(timer);
  opened?.window.close();
  return result;
}

await Promise.all(
  Array.from({ length: lanes }, async () => {
    let test = await next({});
    while (test.id !== undefined) test = await next(await run(test));
  })
);
