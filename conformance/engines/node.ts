import { join } from 'node:path';
import type { Engine } from '../engine.ts';
import { startGroup } from '../processes.ts';

export const node: Engine = {
  name: 'node',
  implementations: ['native', 'truesource-fetch'],
  features: () => [],
  lanes: 32,
  find: () => Promise.resolve({ version: process.versions.node }),
  open(task) {
    const flags = task.implementation === 'native' ? ['--experimental-eventsource'] : [];
    const group = startGroup(process.execPath, [
      ...flags,
      '--no-warnings',
      join(task.dist, 'node-client.js'),
      JSON.stringify({ url: task.url, implementation: task.implementation, lanes: task.lanes })
    ]);
    return group;
  }
};
