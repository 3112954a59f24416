import { configDefaults, defineConfig } from 'vitest/config';

export default defineConfig({
  // Unit tests see the polyfill as it is for all engines.
  define: { FOR_OLD_ENGINES: 'true', FOR_FETCH: 'true', FOR_SERVERS: 'true' },
  test: {
    // What a mutation run that was interrupted leaves.
    exclude: [...configDefaults.exclude, '.stryker-tmp/**'],
    // ms; on a machine that does other work five seconds are soon gone.
    testTimeout: 60_000,
    hookTimeout: 60_000
  }
});
