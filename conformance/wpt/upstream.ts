import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { noJobs, type Engine } from '../engine.ts';
import { embedJson } from '../embed-json.ts';
import { ours } from '../ours.ts';
import type { GlobalKind } from '../report.ts';
import { createDistRoute } from '../session-routes.ts';
import { createFixturesServer, type Route } from '../../fixtures-server/server.ts';
import { createCheckoutRoutes } from '../../fixtures-server/wpt/checkout.ts';
import { createWptHandlers, createWptRoutes } from '../../fixtures-server/wpt/index.ts';
import { parseMeta, parsePageMeta } from '../../fixtures-server/wpt/wrappers.ts';
import type { DriverResult, DriverSession, DriverTest } from './driver.ts';

/** One page of the upstream tests. */
export interface UpstreamTest {
  /** Path and query below eventsource/, or below generated/, as the upstream server names it: `format-bom.any.worker.html`. */
  file: string;
  /** Path and query. */
  url: string;
  /** Where the EventSource of the test is. */
  global: GlobalKind;
  isLong: boolean;
}

/** Of testharness.js, by number. */
const statuses = ['pass', 'fail', 'timeout', 'not run', 'precondition failed'] as const;

export interface UpstreamResult {
  file: string;
  /** Name of the test in the file; null for the file itself, if its harness ended in an error or not at all. */
  subtest: string | null;
  status: (typeof statuses)[number] | 'error';
  message: string;
}

export interface UpstreamColumn {
  engine: string;
  /** Of the engine; empty if it is missing. */
  version: string;
  implementation: string;
  status: 'ran' | 'missing' | 'broken';
  /** Why it is missing or broken. */
  note?: string;
  /** ms */
  time: number;
  results: UpstreamResult[];
}

export interface UpstreamOptions {
  /** Folder of a checkout of web-platform-tests: eventsource, resources, common and, for the Web IDL tests, interfaces. */
  directory: string;
  engines: Engine[];
  /** Default: all that an engine has. */
  implementations?: string[];
  tests: UpstreamTest[];
  /** The package as built. */
  dist: string;
  onProgress?(text: string): void;
}

const site = 'web-platform.test';
/** Hosts that tests put before their own. */
const subdomains = ['www2', 'xn--lve-6lad'];
const lanes = Array.from({ length: 6 }, (_, index) => `lane${index + 1}.${site}`);
const hosts = [site, ...lanes.flatMap((lane) => [lane, ...subdomains.map((name) => `${name}.${lane}`)])];

/** ms; testharness.js itself gives up after 10 s, or 60 s. */
const limits = { normal: 20_000, long: 70_000 };
/** ms without a word from an engine, after which it is taken for dead. */
const silence = 90_000;

const idlTest = 'idlharness.any.js';
const scopes: Record<string, GlobalKind[]> = {
  window: ['window'],
  dedicatedworker: ['dedicated worker'],
  sharedworker: ['shared worker'],
  // Service workers want a secure context, which these hosts are not.
  worker: ['dedicated worker', 'shared worker']
};
const suffixes: Record<GlobalKind, string> = {
  window: '.html',
  'dedicated worker': '.worker.html',
  'shared worker': '.sharedworker.html'
};

/**
 * Lists the pages of a checkout, and the generated ones of the Web IDL tests if the checkout has what they need.
 * Throws an Error if the folder is no checkout.
 */
export function planUpstreamTests(directory: string): UpstreamTest[] {
  const root = join(directory, 'eventsource');
  for (const path of [root, join(directory, 'resources', 'testharness.js'), join(directory, 'common')]) {
    if (!statSync(path, { throwIfNoEntry: false })) throw new Error(`there is no ${path}`);
  }
  const files = readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(root, join(entry.parentPath, entry.name)).split(sep).join('/'))
    .filter((file) => !/(^|\/)resources\//.test(file))
    .sort();
  const tests = files.flatMap((file) =>
    planFile('/eventsource/', file, readFileSync(join(root, file), 'utf8'))
  );
  const idl = createIdlTest(directory);
  return idl === undefined ? tests : [...tests, ...planFile('/generated/', idlTest, idl)];
}

/** Paths of handlers in a checkout that the server has none for. */
export function findUnknownHandlers(directory: string): string[] {
  const known = createWptHandlers();
  return readdirSync(join(directory, 'eventsource', 'resources'))
    .map((name) => `/eventsource/resources/${name}`)
    .filter((path) => path.endsWith('.py') && !known[path]);
}

function planFile(folder: string, file: string, content: string): UpstreamTest[] {
  const make = (
    name: string,
    global: GlobalKind,
    { isLong, variants }: { isLong: boolean; variants: string[] }
  ) => variants.map((variant) => ({ file: name + variant, url: folder + name + variant, global, isLong }));
  if (/\.html?$/.test(file)) {
    if (!content.includes('/resources/testharness.js')) return [];
    const global = /new SharedWorker\(/.test(content)
      ? 'shared worker'
      : /new Worker\(/.test(content)
        ? 'dedicated worker'
        : 'window';
    return make(file, global, parsePageMeta(content));
  }
  const [, stem, kind] = /^(.*\.(any|window|worker))\.js$/.exec(file) ?? [];
  if (stem === undefined) return [];
  const meta = parseMeta(content);
  if (kind === 'window') return make(`${stem}.html`, 'window', meta);
  if (kind === 'worker') return make(`${stem}.html`, 'dedicated worker', meta);
  const globals = (meta.globals ?? ['window', 'dedicatedworker']).flatMap((name) => scopes[name] ?? []);
  return globals.flatMap((global) => make(stem + suffixes[global], global, meta));
}

/** The checkout's Web IDL tests for EventSource alone; undefined if the checkout has not all of them. The IDL is put in: a page may have no fetch. */
function createIdlTest(directory: string): string | undefined {
  const parser = '/resources/webidl2/lib/webidl2.js';
  const harness = '/resources/idlharness.js';
  const read = (path: string): string | undefined => {
    try {
      return readFileSync(join(directory, path), 'utf8');
    } catch {
      return undefined;
    }
  };
  const html = read('interfaces/html.idl');
  const dom = read('interfaces/dom.idl');
  if (!html || !dom || !read(parser) || !read(harness)) return undefined;
  return `// META: title=EventSource: Web IDL
// META: global=window,worker
// META: script=${parser}
// META: script=${harness}
var idl = new IdlArray();
idl.add_idls(${embedJson(html)}, { only: ['EventSource', 'EventSourceInit'] });
idl.add_dependency_idls(${embedJson(html)});
idl.add_dependency_idls(${embedJson(dom)});
self.source = new EventSource('/eventsource/resources/message.py');
source.close();
idl.add_objects({ EventSource: ['source'] });
idl.test();
`;
}

/** Runs the tests in every engine with every implementation, one column after the other. */
export async function runUpstream(options: UpstreamOptions): Promise<UpstreamColumn[]> {
  const columns: UpstreamColumn[] = [];
  for (const engine of options.engines) {
    const found = await engine.find();
    for (const implementation of engine.implementations) {
      if (options.implementations && !options.implementations.includes(implementation)) continue;
      const globals = engine.globals?.(implementation) ?? [];
      const tests = options.tests.filter(({ global }) => globals.includes(global));
      if (tests.length === 0) continue;
      const about = { engine: engine.name, implementation, time: 0, results: [] };
      if ('missing' in found) {
        columns.push({ ...about, version: '', status: 'missing', note: found.missing });
        continue;
      }
      const start = performance.now();
      const outcome = await runColumn(engine, implementation, tests, options);
      const time = Math.round(performance.now() - start);
      columns.push({ ...about, version: found.version, ...outcome, time });
    }
  }
  return columns;
}

async function runColumn(
  engine: Engine,
  implementation: string,
  tests: UpstreamTest[],
  { directory, dist, onProgress }: UpstreamOptions
): Promise<Pick<UpstreamColumn, 'status' | 'note' | 'results'>> {
  const results: UpstreamResult[] = [];
  let taken = 0;
  let done = 0;
  let finish: (note?: string) => void = () => {};
  const finished = new Promise<string | undefined>((resolve) => (finish = resolve));
  let watchdog: NodeJS.Timeout | undefined;
  const stayAwake = () => {
    clearTimeout(watchdog);
    watchdog = setTimeout(() => finish(`no word from it for ${silence / 1000} s`), silence);
  };

  /** What one lane asks for, with what it has seen. */
  const exchange = (result: Partial<DriverResult>): DriverTest | object => {
    stayAwake();
    if (result.id !== undefined) {
      results.push(...readResult(tests[result.id]!.file, result as DriverResult));
      done++;
      onProgress?.(`${engine.name} ${implementation}: ${done} of ${tests.length} files`);
      if (done === tests.length) finish();
    }
    const test = tests[taken];
    if (!test) return {};
    return { id: taken++, url: test.url, limit: test.isLong ? limits.long : limits.normal };
  };

  // Built before the server is there: a page that did not get it would be run with the native EventSource.
  const preludeText = implementation === 'native' ? undefined : createPrelude(implementation, dist);
  const prelude = preludeText === undefined ? undefined : '/upstream/prelude.js';
  const idl = createIdlTest(directory);
  const server = await createFixturesServer({
    limits: { bodyBytes: 4_000_000 },
    routes: [
      ...createWptRoutes(),
      ...createCheckoutRoutes({
        directory,
        ...(prelude && { prelude }),
        files: idl === undefined ? {} : { [`/generated/${idlTest}`]: idl }
      }),
      ...createDriverRoutes(
        exchange,
        () => preludeText ?? '',
        () => session
      ),
      createDistRoute(dist)
    ]
  });
  const { port } = new URL(server.origins[0]!);
  const session: DriverSession = { path: '/upstream/', lanes: lanes.map((lane) => `http://${lane}:${port}`) };
  stayAwake();
  const running = engine.open({
    ...noJobs,
    url: `http://${site}:${port}${session.path}`,
    origins: server.origins,
    implementation,
    lanes: lanes.length,
    dist,
    hosts
  });
  const note = await Promise.race([finished, running.ended.then((words) => `it ended by itself: ${words}`)]);
  clearTimeout(watchdog);
  await running.stop();
  await server.close();
  results.sort((a, b) => (a.file < b.file ? -1 : a.file > b.file ? 1 : 0));
  return note === undefined ? { status: 'ran', results } : { status: 'broken', note, results };
}

/** The page that shows the tests, the script that every one of them runs first, and where results are handed in. */
function createDriverRoutes(
  exchange: (result: Partial<DriverResult>) => object,
  getPrelude: () => string,
  getSession: () => DriverSession
): Route[] {
  const path = '/upstream/';
  const fresh = { 'Cache-Control': 'no-store' };
  return [
    {
      method: 'GET',
      path,
      exact: true,
      handle(_request, response) {
        response.writeHead(200, { ...fresh, 'Content-Type': 'text/html; charset=utf-8' })
          .end(`<!doctype html><meta charset="utf-8"><title>Upstream tests</title><body>
<script>var truesourceDriver = ${embedJson(getSession())};</script>
<script src="/dist/wpt-driver.js"></script>
`);
      }
    },
    {
      method: 'GET',
      path: `${path}prelude.js`,
      exact: true,
      handle(_request, response) {
        response
          .writeHead(200, { ...fresh, 'Content-Type': 'text/javascript; charset=utf-8' })
          .end(getPrelude());
      }
    },
    {
      method: 'POST',
      path: `${path}next`,
      exact: true,
      async handle(request, response) {
        const body = (await buffer(request)).toString();
        const answer = exchange(JSON.parse(body) as Partial<DriverResult>);
        response.writeHead(200, { ...fresh, 'Content-Type': 'application/json' }).end(JSON.stringify(answer));
      }
    }
  ];
}

/** Takes the native EventSource away, and what else must not be what runs, and installs the script as built. */
function createPrelude(implementation: string, dist: string): string {
  const { script, without } = ours[implementation]!;
  return `${JSON.stringify(without)}.forEach(function (name) {
  delete self[name];
  if (self[name] !== undefined) throw new Error('the native ' + name + ' could not be removed');
});
${readFileSync(join(dist, `${script}.js`), 'utf8')}
`;
}

function readResult(file: string, { lane, harness, tests }: DriverResult): UpstreamResult[] {
  // Names and messages hold the address of a lane, which is different each time.
  const settle = (text: string | null) => (text ?? '').replaceAll(lane.replace('http://', ''), site);
  const results: UpstreamResult[] = tests.map(({ name, status, message }) => ({
    file,
    subtest: settle(name),
    status: statuses[status] ?? 'error',
    message: settle(message)
  }));
  if (!harness) {
    results.push({ file, subtest: null, status: 'timeout', message: 'testharness.js did not complete' });
  } else if (harness.status !== 0 && (harness.message || tests.length === 0)) {
    const status = harness.status === 2 ? 'timeout' : 'error';
    results.push({ file, subtest: null, status, message: settle(harness.message) });
  }
  return results;
}
