import { join } from 'node:path';
import { createBrowserEngine } from './browser.ts';
import { readVersion } from './executable.ts';

/** In wkhtmltoimage, whose version is shown. Has no fetch. */
export const qtwebkit = createBrowserEngine({
  name: 'qtwebkit',
  executables: ['wkhtmltoimage'],
  variable: 'WKHTMLTOIMAGE',
  missing: 'conformance/engines/install --all in a checkout, or set WKHTMLTOIMAGE to its path',
  implementations: ['native', 'truesource-xhr'],
  lanes: 40,
  unsteady: "Qt's network layer sends cut requests again by itself, and mixes up connections now and then",
  readVersion: async (executable) => {
    const version = await readVersion(executable);
    return version && `wkhtmltoimage ${version}`;
  },
  start: (url, profile) => ({
    // It takes its picture after so many ms, which is never reached.
    parameters: ['--javascript-delay', '900000', '--no-stop-slow-scripts', url, join(profile, 'out.png')],
    environment: { QT_QPA_PLATFORM: 'offscreen' }
  })
});
