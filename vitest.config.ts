import { configDefaults, defineConfig } from 'vitest/config';

export default defineConfig({
  // Unit tests see the polyfill as it is for all engines.
  define: { FOR_OLD_ENGINES: 'true', FOR_FETCH: 'true', FOR_SERVERS: 'true' },
  // What a mutation run that was interrupted leaves.
  test: { exclude: [...configDefaults.exclude, '.stryker-tmp/**'] }
});
