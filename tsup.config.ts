import { cp, readFile, writeFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { minify } from 'terser';
import { defineConfig, type Options } from 'tsup';

/** For pages: no module, no export, ES5 through swc. */
const inPages = {
  format: 'iife',
  target: 'es5',
  platform: 'browser',
  outExtension: () => ({ js: '.js' })
} as const;
/** For Node. Libraries are bundled: the package has no dependencies. */
const inNode = { format: 'esm', target: 'node20', platform: 'node', removeNodeProtocol: false } as const;

/** What a bundle of the polyfill is for (polyfill/platform/engines.d.ts); what is for others is left out. */
function forEngines(engines: { old: boolean; fetch: boolean; servers: boolean }): Options {
  return {
    define: {
      FOR_OLD_ENGINES: `${engines.old}`,
      FOR_FETCH: `${engines.fetch}`,
      FOR_SERVERS: `${engines.servers}`
    }
  };
}
const forAll = forEngines({ old: true, fetch: true, servers: true });
const forOldPages = forEngines({ old: true, fetch: false, servers: false });
const forNewPages = forEngines({ old: false, fetch: true, servers: false });
const inModules: Options = { format: ['esm', 'cjs'], target: 'es2018', platform: 'neutral' };

/** Members that only the polyfill sees: no platform object has one of these names that it uses. */
const privateMembers =
  /^(setThe\w+|dispatchTheEvent|trace|on[RTE][a-z]+|wasOpen|isUnanswered|isResumable|finalUrl|lastEventIdString|listeners|callback|fire|stop)$/;

async function minifyScript(name: string): Promise<void> {
  const { code } = await minify(await readFile(`dist/${name}.js`, 'utf8'), {
    ecma: 5,
    compress: {
      passes: 5,
      inline: 1,
      hoist_funs: true,
      pure_getters: true,
      unsafe: true,
      unsafe_comps: true,
      keep_fargs: false
    },
    mangle: {
      properties: {
        regex: privateMembers,
        // None of them is meant where it has one of these names.
        builtins: true
      }
    },
    // Engines older than ES2015 give a function no other name than its own.
    keep_fnames: /^(EventSource|close)$/,
    format: { ascii_only: true, quote_style: 2 }
  });
  // Nothing in it means anything else in sloppy mode.
  await writeFile(`dist/${name}.min.js`, code!.replace('"use strict";', ''));
}

/** Bundlers know no constants at the top of a module. */
async function writeConstantsWhereTheyAreUsed(name: string): Promise<void> {
  for (const file of [`dist/${name}.js`, `dist/${name}.cjs`]) {
    const { code } = await minify(await readFile(file, 'utf8'), {
      ecma: 2018,
      toplevel: true,
      compress: { defaults: false, evaluate: true, reduce_vars: true, unused: true },
      mangle: false,
      format: { beautify: true, indent_level: 2, preserve_annotations: true }
    });
    await writeFile(file, code!);
  }
}

export default defineConfig([
  {
    ...inPages,
    ...forOldPages,
    entry: { truesource: 'polyfill/polyfill.ts' },
    // Else what a constant rules out goes through swc, which has helpers for it.
    esbuildOptions(options) {
      options.minifySyntax = true;
    },
    onSuccess: () => minifyScript('truesource')
  },
  {
    ...inPages,
    ...forNewPages,
    // What streams a fetch knows new.target.
    target: 'es2018',
    entry: { 'truesource.fetch': 'polyfill/polyfill.ts' },
    onSuccess: () => minifyScript('truesource.fetch')
  },
  {
    ...inModules,
    ...forNewPages,
    entry: { index: 'polyfill/index.ts' },
    esbuildOptions(options) {
      options.mangleProps = privateMembers;
    },
    // Else code for other engines is there, though it is never reached, and bundlers keep what it calls.
    treeshake: true,
    onSuccess: () => writeConstantsWhereTheyAreUsed('index'),
    dts: true
  },
  {
    ...inModules,
    ...forAll,
    entry: { full: 'polyfill/index.ts' }
  },
  {
    ...inModules,
    ...forAll,
    entry: { polyfill: 'polyfill/polyfill.ts', stream: 'polyfill/extras/stream.ts' },
    dts: true
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
