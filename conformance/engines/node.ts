import type { Engine } from '../engine.ts';
import { locateInstalled } from './executable.ts';
import { createProcessEngine } from './process.ts';

/** Without a path: the Node that runs this. */
function createNodeEngine(name: string, executable = process.execPath): Engine {
  return createProcessEngine({
    name,
    implementations: ['native', 'truesource-fetch'],
    executables: [executable],
    variable: name.toUpperCase(),
    missing: `conformance/engines/install --all in a checkout, or set ${name.toUpperCase()} to its path`,
    start: (implementation) => ({
      parameters: [...(implementation === 'native' ? ['--experimental-eventsource'] : []), '--no-warnings']
    })
  });
}

export const node = createNodeEngine('node');
export const node22 = createNodeEngine('node22', locateInstalled('node22', 'node/bin/node'));
export const node26 = createNodeEngine('node26', locateInstalled('node26', 'node/bin/node'));
