import { createBrowserEngine } from './browser.ts';

export const chromium = createBrowserEngine({
  name: 'chromium',
  executables: ['chromium', 'chromium-browser', 'google-chrome'],
  variable: 'CHROMIUM',
  missing: 'conformance/engines/install in a checkout, or set CHROMIUM to its path',
  workers: ['dedicated worker', 'shared worker'],
  mapsHosts: true,
  start: (url, profile, _executable, hosts) => ({
    parameters: [
      '--headless',
      // Chromium's sandbox refuses to run as root.
      ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--disable-dev-shm-usage',
      `--user-data-dir=${profile}`,
      `--host-resolver-rules=${hosts.map((host) => `MAP ${host} 127.0.0.1`).join(',')}`,
      url
    ]
  })
});
