import { locateInstalled } from './executable.ts';
import { createProcessEngine } from './process.ts';

/** Has no EventSource of its own. */
export const bun = createProcessEngine({
  name: 'bun',
  implementations: ['truesource-fetch'],
  executables: [locateInstalled('bun', '.bin/bun'), 'bun'],
  variable: 'BUN',
  missing: 'conformance/engines/install --all in a checkout, or set BUN to its path',
  start: (_implementation, directory) => ({
    parameters: [],
    environment: { BUN_RUNTIME_TRANSPILER_CACHE_PATH: '0', BUN_INSTALL: directory }
  })
});
