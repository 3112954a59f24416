import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { nodeResolve } from '@rollup/plugin-node-resolve';
import { build } from 'esbuild';
import { JSDOM } from 'jsdom';
import { rollup } from 'rollup';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import webpack from 'webpack';
import { chromium } from '../../conformance/engines/chromium.ts';
import { openPage, whyMissing } from '../../conformance/open-page.ts';
import { createFixturesServer, type FixturesServer } from '../../fixtures-server/server.ts';

// The package as npm packs it, in projects that know nothing of this repository.

const run = promisify(execFile);
const root = fileURLToPath(new URL('../..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'truesource-package-'));

/** Code of a page, written against lib.dom: it reads one message and tells it. */
const page = `
function listen(url: string, tell: (text: string) => void): EventSource {
  const source: EventSource = new EventSource(new URL(url), { withCredentials: false });
  source.onerror = function (this: EventSource, event: Event) {
    if (this.readyState === EventSource.CLOSED) tell('closed by ' + event.type);
  };
  const onMessage = (event: MessageEvent<string>): void => {
    source.removeEventListener('message', onMessage);
    source.close();
    tell([event.data, event.lastEventId, source.readyState === source.CLOSED].join(' '));
  };
  source.addEventListener('message', onMessage);
  source.addEventListener('custom', (event) => tell(event.data), { once: true });
  source.addEventListener('open', { handleEvent: (event: Event) => void event.target });
  return source;
}
declare const process: { argv: string[] };
listen(process.argv[2]!, (text) => console.log(text));
`;
const withTheImport = `import { EventSource } from 'truesource';\n${page}`;

const node = (imports: string) => `${imports}
const source = new EventSource(process.argv[2], { lastEventId: '6' });
source.onmessage = (event) => {
  source.close();
  const isRight = source instanceof EventSource && typeof globalThis.EventSource === 'function';
  console.log(event.data, event.lastEventId, isRight, typeof StandardEventSource, typeof readEvents);
};
`;
const typescript = (module: string, more: object = {}) =>
  JSON.stringify({
    compilerOptions: {
      target: 'es2022',
      module,
      lib: ['es2022', 'dom'],
      types: [],
      strict: true,
      exactOptionalPropertyTypes: true,
      noUncheckedIndexedAccess: true,
      // The package's types are looked at too.
      skipLibCheck: false,
      outDir: 'out',
      ...more
    },
    include: ['*.ts']
  });

const files: Record<string, string> = {
  'package.json': '{ "private": true }',
  'esm/package.json': '{ "type": "module" }',
  'esm/index.js': node(`import { EventSource, StandardEventSource } from 'truesource';
import 'truesource/polyfill';
import { readEvents } from 'truesource/stream';`),
  'esm/servers.js': `import { createFixturesServer } from 'truesource/fixtures-server';
import { validate } from 'truesource/validator';
const server = await createFixturesServer();
await server.close();
console.log(typeof validate, server.origins.length);`,
  'cjs/package.json': '{}',
  'cjs/index.js': node(`const { EventSource, StandardEventSource } = require('truesource');
require('truesource/polyfill');
const { readEvents } = require('truesource/stream');`),
  // Both halves in a scope of their own: the code is the same with lib.dom alone.
  'typescript-esm/package.json': '{ "type": "module" }',
  'typescript-esm/tsconfig.json': typescript('node16'),
  'typescript-esm/index.ts': withTheImport,
  'typescript-esm/dom.ts': `${page}export {};\n`,
  'typescript-cjs/package.json': '{}',
  'typescript-cjs/tsconfig.json': typescript('node16'),
  'typescript-cjs/index.ts': withTheImport,
  'typescript-bundler/package.json': '{}',
  'typescript-bundler/tsconfig.json': typescript('esnext', { moduleResolution: 'bundler' }),
  'typescript-bundler/index.ts': withTheImport,
  // The default of TypeScript 5 for CommonJS: it reads no `exports`.
  'typescript-node10/package.json': '{}',
  'typescript-node10/tsconfig.json': typescript('commonjs', {
    moduleResolution: 'node10',
    ignoreDeprecations: '6.0'
  }),
  'typescript-node10/index.ts': `import 'truesource/polyfill';
import { createEventStream } from 'truesource/stream';
createEventStream({ lastEventId: '' });
${withTheImport}`,
  // Without lib.dom.
  'typescript-node/package.json': '{ "type": "module" }',
  'typescript-node/tsconfig.json': typescript('node16', {
    lib: ['es2023'],
    types: ['node'],
    typeRoots: [join(root, 'node_modules/@types')]
  }),
  'typescript-node/index.ts': `import { EventSource, type EventSourceEventMap } from 'truesource';
import { readEvents } from 'truesource/stream';
interface Events extends EventSourceEventMap {
  token: MessageEvent;
}
const source = new EventSource<Events>(process.argv[2]!, { headers: () => Promise.resolve([['a', 'b']]), fetch });
source.addEventListener('token', ({ lastEventId }) => lastEventId.length, { once: true });
source.addEventListener('other', { handleEvent: (event) => event.type }, { capture: true });
source.onerror = ({ status }) => status?.toFixed();
source.onmessage = ({ data, lastEventId }) => {
  source.close();
  console.log(data, lastEventId, source.readyState === source.CLOSED && typeof readEvents === 'function');
};
// @ts-expect-error -- no headers
void (() => new EventSource('', { headers: 5 }));
// @ts-expect-error -- no option of a listener
void (() => source.addEventListener('token', () => {}, { once: 5 }));
`,
  'browser/package.json': '{ "type": "module" }',
  'browser/index.js': `import { EventSource, StandardEventSource } from 'truesource';
import { readEvents } from 'truesource/stream';
const source = new EventSource(location.origin + path, { lastEventId: '6' });
source.onmessage = (event) => {
  source.close();
  const isRight = source instanceof EventSource && !(source instanceof StandardEventSource);
  tell([event.data, event.lastEventId, isRight, typeof readEvents].join(' '));
};
`
};

let server: FixturesServer;
const scripts = new Map<string, string>();
const told: Record<string, string> = {};

beforeAll(async () => {
  server = await createFixturesServer({
    cases: [{ id: 'hello', connections: [{ stream: ['id: 7\ndata: hello\n\n'] }] }],
    routes: [
      {
        method: 'GET',
        path: '/bundles',
        handle(_request, response) {
          const frames = [...scripts.keys()].map((name) => `<iframe src="/bundle/${name}"></iframe>`);
          response.writeHead(200, { 'Content-Type': 'text/html' }).end(`<!doctype html>${frames.join('')}`);
        }
      },
      {
        method: 'GET',
        path: '/bundle/',
        handle(_request, response, { pathname }) {
          const name = pathname.slice('/bundle/'.length);
          response.writeHead(200, { 'Content-Type': 'text/html' }).end(`<!doctype html><script>
const path = '/sse/chromium-${name}/hello';
const tell = (text) => fetch('/tell/${name}', { method: 'POST', body: text });
</script><script>${scripts.get(name)!.replaceAll('</script', '<\\/script')}</script>`);
        }
      },
      {
        method: 'POST',
        path: '/tell/',
        async handle(request, response, { pathname }) {
          told[pathname.slice('/tell/'.length)] = await text(request);
          response.end();
        }
      }
    ]
  });
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(join(folder, name, '..'), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  const pack = ['pack', '--ignore-scripts', '--json', '--pack-destination', folder];
  const [{ filename }] = JSON.parse((await run('npm', pack, { cwd: root })).stdout) as [{ filename: string }];
  // It has no dependencies: no registry is asked.
  await run('npm', ['install', '--offline', '--no-audit', '--no-fund', `./${filename}`], { cwd: folder });
});
afterAll(async () => {
  await server.close();
  rmSync(folder, { recursive: true });
});

async function execute(file: string, token: string): Promise<string> {
  const url = `${server.origins[0]}/sse/${token}/hello`;
  const { stdout } = await run(process.execPath, ['--no-warnings', join(folder, file), url]);
  return stdout.trim();
}

it.each(['esm', 'cjs'])('runs in a project of %s', async (project) => {
  expect(await execute(`${project}/index.js`, project)).toBe('hello 7 true function function');
});

it('brings its servers and its command', async () => {
  expect((await run(process.execPath, [join(folder, 'esm/servers.js')])).stdout).toBe('function 1\n');
  const { stdout } = await run(join(folder, 'node_modules/.bin/truesource'), ['--version']);
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
  expect(stdout.trim()).toBe(version);
});

it.concurrent.each([
  'typescript-esm',
  'typescript-cjs',
  'typescript-bundler',
  'typescript-node10',
  'typescript-node'
])(
  'code written against lib.dom, or the types of Node, compiles unchanged in %s, and runs',
  async (project) => {
    const tsc = join(root, 'node_modules/typescript/bin/tsc');
    const compiled = run(process.execPath, [tsc, '-p', join(folder, project)]);
    expect(await compiled.catch(({ stdout }: { stdout: string }) => stdout)).toMatchObject({ stdout: '' });
    // What is for a bundler Node cannot load as CommonJS.
    if (project === 'typescript-bundler') return;
    expect(await execute(`${project}/out/index.js`, project)).toBe('hello 7 true');
  },
  120_000
);

const entry = join(folder, 'browser/index.js');
const bundlers: Record<string, () => Promise<string>> = {
  async esbuild() {
    const { outputFiles, warnings } = await build({
      ...{ entryPoints: [entry], bundle: true, minify: true, write: false, logLevel: 'silent' },
      format: 'iife'
    });
    expect(warnings).toEqual([]);
    return outputFiles[0]!.text;
  },
  async rollup() {
    const warnings: unknown[] = [];
    const bundle = await rollup({
      input: entry,
      plugins: [nodeResolve({ browser: true })],
      onwarn: (warning) => warnings.push(warning.message)
    });
    const { output } = await bundle.generate({ format: 'iife' });
    expect(warnings).toEqual([]);
    return output[0].code;
  },
  async webpack() {
    const compiler = webpack({
      ...{ mode: 'production', context: join(folder, 'browser'), entry, devtool: false },
      output: { path: join(folder, 'browser/out'), filename: 'webpack.js' }
    });
    const stats = await promisify(compiler.run.bind(compiler))();
    await promisify(compiler.close.bind(compiler))();
    expect(stats!.toJson({ all: false, errors: true, warnings: true })).toMatchObject({
      errors: [],
      warnings: []
    });
    return readFileSync(join(folder, 'browser/out/webpack.js'), 'utf8');
  }
};

describe('bundled for browsers', () => {
  const expected = 'hello 7 true function';

  it.each(Object.keys(bundlers))(
    'by %s, it runs in jsdom',
    async (name) => {
      scripts.set(name, await bundlers[name]!());
      const { window } = new JSDOM('', { url: `${server.origins[0]}/`, runScripts: 'outside-only' });
      const answer = await new Promise((tell) => {
        // What bundlers take for browsers needs fetch, which jsdom has not; what Node's knows are its own classes.
        Object.assign(window, { fetch, AbortController, TextDecoder });
        Object.assign(window, { tell, path: `/sse/jsdom-${name}/hello` });
        window.eval(scripts.get(name)!);
      });
      window.close();
      expect(answer).toBe(expected);
    },
    30_000
  );

  it('it runs in Chromium', async (context) => {
    const why = await whyMissing(chromium);
    if (why !== undefined) context.skip(why);
    const browser = openPage(chromium, `${server.origins[0]}/bundles`);
    try {
      const all = Object.fromEntries(Object.keys(bundlers).map((name) => [name, expected]));
      await expect.poll(() => told, { timeout: 20_000 }).toEqual(all);
    } finally {
      await browser.stop();
    }
  });
});

it('has its modules named in the README', () => {
  const read = (name: string) => readFileSync(join(root, name), 'utf8');
  const { exports } = JSON.parse(read('package.json')) as { exports: object };
  const modules = Object.keys(exports).filter((entry) => /^\.\/[\w-]+$/.test(entry));
  const readme = read('README.md');
  expect(modules.filter((entry) => !readme.includes(entry.replace('.', 'truesource')))).toEqual([]);
});
