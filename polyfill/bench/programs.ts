import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { noJobs, type Engine } from '../../conformance/engine.ts';
import { createTemporaryDirectory, removeTemporaryDirectory } from '../../conformance/processes.ts';
import type { ClientJob, ClientResult, Mark } from './client.ts';
import { createBenchServer } from './server.ts';
import { readUsageOfChildren, type Usage } from './usage.ts';

export type Implementation = keyof typeof modules;

/** Imports that give an implementation a name. */
const modules = {
  'raw fetch': `import { RawFetch as Source } from './polyfill/bench/raw-fetch.ts'`,
  native: 'const Source = globalThis.EventSource',
  truesource: `import { EventSource as Source } from './dist/full.js'`,
  'truesource over XHR': 'const Source = globalThis.EventSource',
  eventsource: `import { EventSource as Source } from 'eventsource'`,
  'event-source-polyfill': `import { EventSourcePolyfill as Source } from 'event-source-polyfill'`
};

export interface Run extends ClientResult {
  usage: Record<string, Usage>;
}

const root = fileURLToPath(new URL('../..', import.meta.url));
/** ms */
const patience = 150_000;
const bundles = new Map<string, Promise<string>>();

/** Has one new process of the engine do the job. Rejects if that fails, or takes far too long. */
export async function runProgram(
  engine: Engine,
  implementation: Implementation,
  job: ClientJob
): Promise<Run> {
  const isPage = engine.globals !== undefined;
  // A page loads one of the scripts that are built for pages, where its own EventSource is gone.
  const script =
    isPage && implementation.startsWith('truesource')
      ? implementation === 'truesource over XHR'
        ? 'truesource.min.js'
        : 'truesource.fetch.min.js'
      : '';
  const source = script ? modules.native : modules[implementation];
  const key = `${source} ${isPage}`;
  if (!bundles.has(key)) bundles.set(key, bundle(source, isPage));
  const program = await bundles.get(key)!;

  const files = new Map([
    ['/', page(script, implementation)],
    ['/program.js', program]
  ]);
  if (script) files.set(`/${script}`, await readFile(join(root, 'dist', script), 'utf8'));
  const usage: Run['usage'] = {};
  let resolve!: (result: ClientResult) => void;
  let reject!: (error: Error) => void;
  const end = new Promise<ClientResult>((...both) => ([resolve, reject] = both));
  const server = await createBenchServer(files, (body) => {
    const mark = JSON.parse(body) as Mark;
    usage[mark.name] = mark.usage ?? readUsageOfChildren();
    if (mark.error !== undefined) reject(new Error(`${engine.name} ${implementation}: ${mark.error}`));
    if (mark.result) resolve(mark.result);
  });
  const directory = createTemporaryDirectory();
  // Where a process engine has its client.
  await writeFile(join(directory, 'node-client.js'), program);
  await writeFile(join(directory, 'package.json'), '{"type":"module"}');
  const running = engine.open({
    ...noJobs,
    url: `${server.origin}/#${encodeURIComponent(JSON.stringify(job))}`,
    origins: [server.origin],
    implementation,
    lanes: 1,
    dist: directory
  });
  const timer = setTimeout(
    () => reject(new Error(`${engine.name} ${implementation} ${job.task}: no end in ${patience} ms`)),
    patience
  );
  void running.ended.then((how) => reject(new Error(`${engine.name} ${implementation} ended: ${how}`)));
  try {
    return { ...(await end), usage };
  } finally {
    clearTimeout(timer);
    await running.stop();
    server.close();
    removeTemporaryDirectory(directory);
  }
}

function page(script: string, implementation: Implementation): string {
  const removed = [
    ...(script ? ['EventSource'] : []),
    ...(implementation === 'truesource over XHR' ? ['fetch'] : [])
  ];
  return `<!doctype html><meta charset="utf-8"><script>
    var request = window.fetch.bind(window);
    ${removed.map((name) => `delete window.${name};`).join(' ')}
    </script>${script && `<script src="${script}"></script>`}<script src="program.js"></script>`;
}

async function bundle(source: string, isPage: boolean): Promise<string> {
  const { outputFiles } = await build({
    stdin: {
      contents: `${source};
        import { run } from './polyfill/bench/client.ts';
        void run(Source);`,
      resolveDir: root
    },
    bundle: true,
    write: false,
    format: isPage ? 'iife' : 'esm',
    platform: isPage ? 'browser' : 'node',
    banner: isPage ? {} : { js: "import process from 'node:process';" },
    logLevel: 'error'
  });
  return outputFiles[0]!.text;
}
