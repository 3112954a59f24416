import { spawn } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { findImplementation } from './implementation.ts';
import type { Report } from './report.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'truesource-implementation-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Each is one way to offer an EventSource; the `inner` package is what a page can only get by a bundle. */
const files: Record<string, string> = {
  'installs.js': readFileSync(join(root, 'dist/polyfill.cjs'), 'utf8'),
  'named.mjs': "export { EventSource } from 'inner';\n",
  'default.js': "import { EventSource as Other } from 'inner';\nexport default Other;\n",
  'other-name.mjs': "export { EventSource as Another } from 'inner';\n",
  'function.cjs': "module.exports = require('inner').EventSource;\n",
  'object.cjs': "exports.EventSource = require('inner').EventSource;\n",
  'nothing.mjs': 'export const x = 1;\n',
  'node_modules/inner/package.json': JSON.stringify({
    name: 'inner',
    version: '7.8.9',
    type: 'module',
    exports: { import: './index.js', require: './index.cjs' }
  }),
  'node_modules/@scope/import-only/package.json': JSON.stringify({
    name: '@scope/import-only',
    version: '1.2.3',
    type: 'module',
    exports: { '.': { import: './source.js' } }
  }),
  'node_modules/@scope/import-only/source.js': "export { EventSource } from 'inner';\n"
};
const good = [
  './installs.js',
  './named.mjs',
  './default.js',
  './other-name.mjs#Another',
  './function.cjs',
  './object.cjs',
  'inner',
  '@scope/import-only'
];

beforeAll(() => {
  cpSync(join(root, 'dist'), join(folder, 'node_modules/inner'), { recursive: true });
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(join(folder, name, '..'), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
});

function conformance(...implementations: string[]): Promise<Report> {
  const child = spawn(
    process.execPath,
    [
      ...['--no-warnings', join(root, 'dist/cli.js'), 'conformance', '--report', 'json=report.json'],
      ...['--engine', 'node,jsdom', '--case', 'lf-ends-a-line'],
      ...implementations.flatMap((name) => ['--implementation', name])
    ],
    { cwd: folder, stdio: 'ignore' }
  );
  return new Promise((resolve) => {
    child.on('close', () => resolve(JSON.parse(readFileSync(join(folder, 'report.json'), 'utf8')) as Report));
  });
}

it('runs scripts, modules and packages, whatever they export, in processes and in pages', async () => {
  const report = await conformance(...good, './nothing.mjs', './other-name.mjs', './named.mjs#Nope');
  const told = (engine: string) =>
    report.columns
      .filter((column) => column.engine === engine)
      .map(({ implementation, implementationVersion, status }) => {
        const [cell] = report.cells.filter(
          (one) => one.engine === engine && one.implementation === implementation
        );
        return [implementation, implementationVersion, status, cell?.verdict].join(' ').replace(/ +/g, ' ');
      });
  const expected = [
    './installs.js ran pass',
    './named.mjs ran pass',
    './default.js ran pass',
    './other-name.mjs#Another ran pass',
    './function.cjs ran pass',
    './object.cjs ran pass',
    'inner 7.8.9 ran pass',
    '@scope/import-only 1.2.3 ran pass',
    './nothing.mjs broken not observed',
    './other-name.mjs broken not observed',
    './named.mjs#Nope broken not observed'
  ];
  expect(told('node')).toEqual(expected);
  expect(told('jsdom')).toEqual(expected);
  const notes = report.columns.flatMap(({ note }) => note ?? []);
  expect(
    notes.filter((note) => note.endsWith('neither installed nor exported a constructor Nope'))
  ).toHaveLength(2);
}, 120_000);

it('finds nothing where nothing is', async () => {
  expect(await findImplementation('no-such-package', folder)).toBeUndefined();
  expect(await findImplementation('./no-such-file.js', folder)).toBeUndefined();
  expect(await findImplementation('node:fs', folder)).toBeUndefined();
  expect(await findImplementation('installs.js', folder)).toMatchObject({ name: './installs.js' });
});

it('says in a page what could not be bundled', async () => {
  writeFileSync(join(folder, 'wrong.mjs'), "import 'no-such-package';\nexport default class {}\n");
  const found = await findImplementation('./wrong.mjs', folder);
  expect(found?.bundle).toMatch(/^throw new Error\(.*no-such-package/);
});
