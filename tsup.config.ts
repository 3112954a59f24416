import { cp, readFile, writeFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { minify } from 'terser';
import { defineConfig } from 'tsup';

/** For pages: no module, no export, ES5 through swc. */
const inPages = {
  format: 'iife',
  target: 'es5',
  platform: 'browser',
  outExtension: () => ({ js: '.js' })
} as const;
/** For Node. Libraries are bundled: the package has no dependencies. */
const inNode = { format: 'esm', target: 'node20', platform: 'node' } as const;

export default defineConfig([
  {
    ...inPages,
    entry: { truesource: 'polyfill/polyfill.ts' },
    async onSuccess() {
      const { code } = await minify(await readFile('dist/truesource.js', 'utf8'), {
        ecma: 5,
        compress: { passes: 3 },
        ie8: false,
        // Engines older than ES2015 give a function no other name than its own.
        keep_fnames: /^(EventSource|close)$/,
        format: { ascii_only: true }
      });
      await writeFile('dist/truesource.min.js', code!);
    }
  },
  {
    ...inPages,
    entry: {
      client: 'conformance/client.ts',
      'suite-page': 'fixtures-server/pages/suite-page.ts',
      'wpt-driver': 'conformance/wpt/driver.ts',
      'wpt-tests': 'conformance/wpt/tests.ts'
    }
  },
  {
    entry: {
      index: 'polyfill/index.ts',
      polyfill: 'polyfill/polyfill.ts',
      stream: 'polyfill/extras/stream.ts'
    },
    format: ['esm', 'cjs'],
    target: 'es2018',
    platform: 'neutral',
    dts: true
  },
  {
    ...inNode,
    entry: {
      'fixtures-server': 'fixtures-server/server.ts',
      validator: 'conformance/validator/index.ts',
      conformance: 'conformance/index.ts'
    },
    dts: true
  },
  {
    ...inNode,
    entry: {
      cli: 'conformance/cli.ts',
      'node-client': 'conformance/engines/node-client.ts',
      'wpt-child': 'conformance/wpt/child.ts',
      'wpt-jsdom-pages': 'conformance/wpt/jsdom-pages.ts'
    },
    noExternal: [/^/],
    external: ['esbuild', 'jsdom', 'wpt-runner', 'undici', 'truesource'],
    splitting: false,
    // commander is CommonJS and requires modules of Node.
    banner: {
      js: "import { createRequire as createModuleRequire } from 'node:module'; const require = createModuleRequire(import.meta.url);"
    },
    async onSuccess() {
      await cp('conformance/cases', 'dist/cases', { recursive: true });
      await cp('conformance/wpt/upstream-expected-failures.json', 'dist/wpt/upstream-expected-failures.json');
      for (const file of ['expected-failures.json', 'case.schema.json', 'reports/report.schema.json']) {
        await cp(`conformance/${file}`, `dist/${basename(file)}`);
      }
    }
  }
]);
