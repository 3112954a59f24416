import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { Engine, RunningEngine, Task } from '../engine.ts';
import { findPlaceOf } from '../installed.ts';
import { createTemporaryDirectory, removeTemporaryDirectory, startGroup } from '../processes.ts';
import { describePage } from '../session-routes.ts';
import { generateTests } from '../wpt/generate.ts';

/** jsdom, through wpt-runner: the cases as testharness.js tests, whose own verdicts must agree with ours. */
export const jsdom: Engine = {
  name: 'jsdom',
  implementations: ['truesource-xhr', 'truesource-fetch'],
  // The fetch that is lent to it knows neither.
  features: (implementation) =>
    implementation === 'truesource-fetch'
      ? ['base-url', 'document']
      : ['base-url', 'document', 'cross-origin', 'cookies'],
  lanes: 16,
  confirms: true,
  // The fetch that is lent knows no other origins.
  globals: (implementation) => (implementation === 'truesource-xhr' ? ['window'] : []),
  find() {
    const from = findWptRunner();
    if (!from) return Promise.resolve({ missing: 'npm install --save-dev jsdom wpt-runner' });
    if (Number.parseInt(process.versions.node) < 22) {
      return Promise.resolve({
        missing: `Node 22.13 or newer, for wpt-runner; this is ${process.versions.node}`
      });
    }
    const require = createRequire(createRequire(from).resolve('wpt-runner'));
    return Promise.resolve({ version: (require('jsdom/package.json') as { version: string }).version });
  },
  open(task) {
    if (task.hosts) return openUpstreamTests(task);
    const directory = createTemporaryDirectory();
    const token = new URL(task.url).pathname.split('/')[2]!;
    generateTests(directory, describePage(task, token, task.lanes), task.plays);
    const group = startGroup(
      process.execPath,
      [
        '--no-warnings',
        join(task.dist, 'wpt-child.js'),
        JSON.stringify({ directory, fixtures: task.origins[0], from: findWptRunner() })
      ],
      {
        onMessage(message) {
          const { id, passed } = message as { id: string; passed: boolean };
          task.confirm(id, passed);
        }
      }
    );
    return {
      ended: group.ended,
      async stop() {
        await group.stop();
        removeTemporaryDirectory(directory);
      }
    };
  }
};

function openUpstreamTests({ url, lanes, dist }: Task): RunningEngine {
  const { ended, stop } = startGroup(process.execPath, [
    '--no-warnings',
    join(dist, 'wpt-jsdom-pages.js'),
    JSON.stringify({ url, lanes, from: findWptRunner() })
  ]);
  return { ended, stop };
}

function findWptRunner(): string | undefined {
  return findPlaceOf(['wpt-runner', 'jsdom']);
}
