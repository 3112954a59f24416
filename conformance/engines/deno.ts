import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { locateInstalled } from './executable.ts';
import { createProcessEngine } from './process.ts';

export const deno = createProcessEngine({
  name: 'deno',
  implementations: ['native', 'truesource-fetch'],
  executables: [locateInstalled('deno', 'deno/deno'), 'deno'],
  variable: 'DENO',
  missing: 'conformance/engines/install --all in a checkout, or set DENO to its path',
  start(_implementation, directory, dist) {
    // A file of a package cannot import the package by its name there.
    const imports = { truesource: pathToFileURL(join(dist, 'full.js')).href };
    const importMap = join(directory, 'import-map.json');
    writeFileSync(importMap, JSON.stringify({ imports }));
    return {
      parameters: [
        'run',
        '--allow-all',
        '--no-prompt',
        '--no-config',
        '--quiet',
        `--import-map=${importMap}`
      ],
      environment: { DENO_DIR: directory, DENO_NO_UPDATE_CHECK: '1' }
    };
  }
});
