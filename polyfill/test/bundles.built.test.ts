import { execFile, execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createFixturesServer, type FixturesServer } from '../../fixtures-server/server.ts';

const dist = fileURLToPath(new URL('../../dist/', import.meta.url));

/** What a bundle holds that uses one export of dist/index.js, and nothing else. */
async function bundle(name: string): Promise<string> {
  const { outputFiles } = await build({
    stdin: { contents: `import { ${name} } from './index.js'; globalThis.used = ${name};`, resolveDir: dist },
    bundle: true,
    minify: true,
    format: 'esm',
    write: false
  });
  return outputFiles[0]!.text;
}

/** Bytes after gzip -9, which is not quite what zlib makes, and writes the name of a file into its output. */
const limits = {
  'truesource.min.js': 3400,
  'truesource.fetch.min.js': 3000,
  'index.js, StandardEventSource': 3000
};

it.each(Object.entries(limits))('%s takes at most %d bytes', async (name, limit) => {
  const [file, used] = name.split(', ');
  const size = (
    used === undefined
      ? execFileSync('gzip', ['-9', '--stdout', dist + file!])
      : execFileSync('gzip', ['-9'], { input: await bundle(used) })
  ).length;
  process.stdout.write(`${name}: ${size} of ${limit} bytes\n`);
  expect(size).toBeLessThanOrEqual(limit);
});

// It is for browsers, and a bundler's choice of conditions, or a path, may bring it anywhere.
let server: FixturesServer;
beforeAll(async () => {
  const redirect = { status: 302, headers: { Location: '{url}' }, end: 'close' } as const;
  server = await createFixturesServer({
    cases: [{ id: 'a', connections: [redirect, { stream: ['data: a\n\n'] }] }]
  });
});
afterAll(() => server.close());

it.each([
  ['as it is', '', 'open, message a'],
  ['without MessageChannel', 'delete globalThis.MessageChannel', 'open, message a'],
  ['without setImmediate', 'delete globalThis.setImmediate', 'open, message a'],
  ['with a location without a URL', 'globalThis.location = { reload() {} }', 'open, message a'],
  ['without fetch', 'delete globalThis.fetch', 'error 2'],
  ['without AbortController', 'delete globalThis.AbortController', 'error 2']
])(
  'index.js runs in Node %s, with the credentials of a URL that is redirected',
  async (how, change, seen) => {
    const { stdout } = await promisify(execFile)(process.execPath, [
      '--input-type=module',
      '--eval',
      `${change};
    const { StandardEventSource } = await import(${JSON.stringify(dist + 'index.js')});
    const source = new StandardEventSource('${server.origins[0]!.replace('//', '//me:pass@')}/sse/${how.replaceAll(' ', '-')}/a');
    const seen = [];
    source.onopen = () => seen.push('open');
    const end = (word) => {
      seen.push(word);
      source.close();
      console.log(seen.join(', '));
      // The channel that stands in for setImmediate keeps Node alive.
      if (!globalThis.setImmediate) process.exit();
    };
    source.onmessage = ({ data }) => end('message ' + data);
    source.onerror = () => end('error ' + source.readyState);`
    ]);
    expect(stdout).toBe(seen + '\n');
  }
);

it.each(['index.js', 'truesource.fetch.js', 'truesource.fetch.min.js'])(
  '%s cancels the body of a fetch that takes no notice of its signal',
  async (file) => {
    const { stdout } = await promisify(execFile)(process.execPath, [
      '--input-type=module',
      '--eval',
      `delete globalThis.EventSource;
    globalThis.fetch = () =>
      Promise.resolve(
        new Response(new ReadableStream({ cancel: () => console.log('cancelled') }), {
          headers: { 'Content-Type': 'text/event-stream' }
        })
      );
    const exported = await import(${JSON.stringify(dist + file)});
    const source = new (exported.StandardEventSource || EventSource)('http://127.0.0.1/');
    source.onopen = () => source.close();`
    ]);
    expect(stdout).toBe('cancelled\n');
  }
);
