import type { WebDriver } from 'selenium-webdriver';
import { inPages } from '../case.ts';
import type { Engine, Task } from '../engine.ts';
import { inBrowsers } from '../ours.ts';
import { whenEnding } from '../processes.ts';
import { printable } from '../validator/formats/printable.ts';
import { withoutCredentials } from '../validator/observe.ts';
import { ask } from './ask.ts';

/** Where a session is created: an endpoint of WebDriver, and the capabilities that are asked for. */
export interface WebDriverEndpoint {
  url: string;
  capabilities: Record<string, unknown>;
}

/** Milliseconds that an endpoint has for a session or a page: a grid may have to start a machine. */
const patience = 60_000;
/** Milliseconds that a session has to leave its page: one that a case has hung is not used again. */
const farewell = 5000;
/**
 * Cases at a time in one session. Measured with chromedriver on 2 cores that had other work, too: all cases took one session 29.7 to 43.2 s in
 * five runs, the median 32.1, and two 19.8 to 28.5 s in seven, the median 22.0. With many more at a time a single session leaves nothing for a second.
 */
const lanes = 8;
/** What engines are called here, where endpoints have another name for them. */
const engineNames: Record<string, string> = { chrome: 'chromium', MiniBrowser: 'webkitgtk' };

/** Endpoints with the same capabilities are one engine, whose sessions share the cases out. */
export function createWebDriverEngines(endpoints: WebDriverEndpoint[], wait = patience): Engine[] {
  const groups = new Map<string, WebDriverEndpoint[]>();
  for (const endpoint of endpoints) {
    const key = JSON.stringify(endpoint.capabilities);
    groups.set(key, [...(groups.get(key) ?? []), endpoint]);
  }
  const names = new Map<string, number>();
  return [...groups.values()].map((group) => {
    const browser = String(group[0]!.capabilities.browserName ?? 'browser');
    const name = engineNames[browser] ?? browser.replaceAll(' ', '-');
    const nth = (names.get(name) ?? 0) + 1;
    names.set(name, nth);
    return createEngine(`${name} by webdriver${nth > 1 ? ` ${nth}` : ''}`, group, wait, groups.size === 1);
  });
}

/** `isOnly`: no other engine may need the place that its sessions take at an endpoint. */
function createEngine(name: string, endpoints: WebDriverEndpoint[], wait: number, isOnly: boolean): Engine {
  let found: Promise<{ version: string } | { missing: string }> | undefined;
  /**
   * Sessions that wait for a page, their first or that of the next column: to create one may take a grid a minute, and chromedriver, where two
   * columns of two sessions shared 2 loaded cores, took 6 to 7 s.
   */
  const unused = new Map<WebDriverEndpoint, Session>();

  async function look(): Promise<{ version: string } | { missing: string }> {
    try {
      await Promise.all(endpoints.map(({ url }) => checkStatus(url, wait)));
      const sessions = await Promise.allSettled(
        endpoints.map(async (endpoint) => {
          const session = await createSession(endpoint, wait);
          unused.set(endpoint, session);
          const capabilities = await session.driver.getCapabilities();
          return `${String(capabilities.get('browserName'))} ${String(capabilities.get('browserVersion'))}`;
        })
      );
      const versions = sessions.map((session) => {
        if (session.status === 'rejected') throw session.reason;
        return session.value;
      });
      if (!isOnly) await close();
      return { version: [...new Set(versions)].join(', ') };
    } catch (error) {
      await close();
      return { missing: (error as Error).message };
    }
  }

  async function close(): Promise<void> {
    const sessions = [...unused.values()];
    unused.clear();
    await Promise.all(sessions.map((session) => session.end()));
  }

  /** Keeps a session whose page can be left for what comes next. */
  async function release(endpoint: WebDriverEndpoint, session: Session): Promise<void> {
    const leave = () => within(session.driver.get('about:blank'), farewell, endpoint.url, 'an empty page');
    if (isOnly && (await succeeds(leave()))) unused.set(endpoint, session);
    else await session.end();
  }

  return {
    name,
    address: [...new Set(endpoints.map(({ url }) => withoutCredentials(url)))].join(' and '),
    implementations: inBrowsers,
    features: () => inPages,
    lanes,
    sessions: endpoints.length,
    isOnePlace: true,
    find: () => (found ??= look()),
    close,
    open(task: Task) {
      let isStopped = false;
      const sessions = new Map<WebDriverEndpoint, Session>();
      const urls = [task.url, ...(task.furtherUrls ?? [])];
      const start = async (endpoint: WebDriverEndpoint, nth: number): Promise<void> => {
        const kept = unused.get(endpoint);
        unused.delete(endpoint);
        const open = async (session: Session): Promise<void> => {
          sessions.set(endpoint, session);
          if (isStopped) return;
          const url = urls[nth]!;
          const page = session.driver.get(url).catch((error: Error) => {
            throw explain(error, endpoint.url, `does not open ${new URL(url).origin}`);
          });
          await within(page, wait, endpoint.url, 'a page');
        };
        // Endpoints end what has waited too long.
        if (kept && (await succeeds(open(kept)))) return;
        await kept?.end();
        await open(await createSession(endpoint, wait));
      };
      // What is run one by one needs no other session.
      const starts = (task.lanes === 1 ? endpoints.slice(0, 1) : endpoints).map(start);
      const started = Promise.all(starts);
      return {
        ended: new Promise((resolve) => started.catch((error: Error) => resolve(error.message))),
        async stop() {
          isStopped = true;
          await Promise.allSettled(starts);
          await Promise.all([...sessions].map(([endpoint, session]) => release(endpoint, session)));
        }
      };
    }
  };
}

/** Rejects with an Error that names the endpoint and says what it answered. */
async function checkStatus(url: string, wait: number): Promise<void> {
  const name = withoutCredentials(url);
  const { response, text } = await ask(
    `the WebDriver endpoint ${name}`,
    'GET /status',
    addressOf(url, '/status'),
    {},
    wait
  );
  const value = readValue(text);
  if (typeof value?.ready !== 'boolean')
    throw new Error(
      `${name} is no WebDriver endpoint: it answers ${response.status} to GET /status, with ${JSON.stringify(printable(text.slice(0, 100)))}`
    );
  if (!value.ready)
    throw new Error(
      `the WebDriver endpoint ${name} is not ready: ${printable(String(value.message ?? 'it says no more')).slice(0, 200)}`
    );
}

function addressOf(url: string, path: string): string {
  return url.replace(/\/$/, '') + path;
}

function readValue(text: string): { ready?: unknown; message?: unknown } | undefined {
  try {
    return (JSON.parse(text) as { value?: { ready?: unknown; message?: unknown } } | null)?.value;
  } catch {
    return undefined;
  }
}

/** Of the library, which has no types for it. */
interface HttpRequest {
  method: string;
  path: string;
  data: object;
  headers: Map<string, string>;
}

interface Session {
  driver: WebDriver;
  /** Ends it, with this process too; never rejects. */
  end(): Promise<void>;
}

async function createSession({ url, capabilities }: WebDriverEndpoint, wait: number): Promise<Session> {
  // Only when it is needed: it is large.
  const { WebDriver } = await import('selenium-webdriver/lib/webdriver.js');
  const { Capabilities } = await import('selenium-webdriver/lib/capabilities.js');
  // @ts-expect-error its types are those of another file
  const http = (await import('selenium-webdriver/lib/http.js')) as typeof import('selenium-webdriver/http');
  // Milliseconds that it may come too late and still be ended: this process stays for it.
  const late = Math.round(wait / 6);
  // What is still awaited of a session that is over would keep this process.
  const over = new AbortController();
  // Unlike the library's own, which has Node warn of url.parse.
  const client = {
    async send(sent: object) {
      const { method, path, data, headers } = sent as HttpRequest;
      const { response, text } = await ask(
        'it',
        `${method} ${path}`,
        addressOf(url, path),
        {
          method,
          headers: [...headers, ['Content-Type', 'application/json; charset=utf-8']],
          signal: over.signal,
          ...(method === 'POST' && { body: JSON.stringify(data) })
        },
        wait + late
      );
      return new http.Response(response.status, Object.fromEntries(response.headers), text);
    }
  };
  const driver = WebDriver.createSession(new http.Executor(client), new Capabilities(capabilities));
  const created = driver.getCapabilities().catch((error: Error) => {
    throw explain(error, url, 'gives no session');
  });
  const end = async (): Promise<void> => {
    await within(driver.quit(), wait, url, 'an end').catch(() => {});
    over.abort();
    forget();
  };
  const forget = whenEnding(end);
  await within(
    created,
    wait,
    url,
    'a session',
    `; one that comes within ${late / 1000} s more is ended, a later one is the endpoint's to end`
  ).catch((error: unknown) => {
    created.then(end, forget);
    throw error;
  });
  return { driver, end };
}

function explain(error: Error, url: string, what: string): Error {
  const why = printable(error.message.split('\n')[0]!).slice(0, 300);
  return new Error(`the WebDriver endpoint ${withoutCredentials(url)} ${what}: ${why}`, { cause: error });
}

function succeeds(promise: Promise<unknown>): Promise<boolean> {
  return promise.then(
    () => true,
    () => false
  );
}

async function within<T>(
  promise: Promise<T>,
  wait: number,
  url: string,
  what: string,
  more = ''
): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(
      () =>
        reject(
          new Error(
            `the WebDriver endpoint ${withoutCredentials(url)} did not give ${what} in ${wait / 1000} s${more}`
          )
        ),
      wait
    );
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}
