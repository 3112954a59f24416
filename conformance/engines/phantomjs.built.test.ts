import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { createFixturesServer } from '../../fixtures-server/server.ts';
import { whyMissing } from '../open-page.ts';
import { createTemporaryDirectory, removeTemporaryDirectory } from '../processes.ts';
import { createDistRoute } from '../session-routes.ts';
import { findExecutable } from './executable.ts';
import { executables, phantomjs } from './phantomjs.ts';

const executable = await findExecutable(executables, process.env.PHANTOMJS);

/** Opens a URL, waits until the page has told of two messages and of a reconnection, and prints its logs. */
const script = `
var page = require('webpage').create();
page.onError = function (message) { console.log(message); phantom.exit(1); };
page.open(require('system').args[1], function () {
  setInterval(function () {
    var logs = page.evaluate(function () {
      return [
        document.getElementById('good-log').innerText,
        document.getElementById('bad-log').innerText,
        String(EventSource)
      ];
    });
    if (/message[^]*message/.test(logs[0]) && /open[^]*error[^]*open/.test(logs[1])) {
      console.log(JSON.stringify(logs));
      phantom.exit(0);
    }
  }, 50);
});
`;

it.skipIf(await whyMissing(phantomjs))(
  'the example page, with the script in place of the native EventSource, gets its messages in PhantomJS',
  async () => {
    const server = await createFixturesServer({
      routes: [createDistRoute(fileURLToPath(new URL('../../dist', import.meta.url)))]
    });
    const directory = createTemporaryDirectory();
    try {
      const file = join(directory, 'open.js');
      writeFileSync(file, script);
      const { stdout } = await promisify(execFile)(
        executable!,
        [file, `${server.origins[0]}/example/?polyfill`],
        {
          timeout: 25_000,
          killSignal: 'SIGKILL',
          env: { ...process.env, HOME: directory, OPENSSL_CONF: '/dev/null' }
        }
      );
      const logs = JSON.parse(stdout) as string[];
      expect(logs.pop()).not.toContain('[native code]');
      const [good, bad] = logs.map((log) =>
        log
          .trim()
          .split('\n')
          .map((line) => line.replace(/^[\d:]+ /, ''))
      );
      expect(good!.slice(0, 3)).toEqual([
        'open',
        expect.stringMatching(/^message: \w{3} \w{3} \d\d/),
        expect.stringMatching(/^message: /)
      ]);
      expect(bad!.slice(0, 3)).toEqual(['open', 'error: reconnecting', 'open']);
    } finally {
      await server.close();
      removeTemporaryDirectory(directory);
    }
  },
  30_000
);
