import { createBrowserEngine } from './browser.ts';
import { readVersion } from './executable.ts';

export const webkitgtk = createBrowserEngine({
  name: 'webkitgtk',
  executables: ['x86_64', 'aarch64'].map(
    (architecture) => `/usr/lib/${architecture}-linux-gnu/webkit2gtk-4.1/MiniBrowser`
  ),
  variable: 'WEBKITGTK',
  missing:
    'conformance/engines/install --all in a checkout, or set WEBKITGTK to the path of its MiniBrowser; needs xvfb-run',
  // It keeps 17 connections in all.
  lanes: 14,
  // It asks for a display first.
  readVersion: (executable) => readVersion('xvfb-run', ['-a', executable, '--version']),
  workers: ['dedicated worker', 'shared worker'],
  mapsHosts: true,
  start: (url, _profile, executable, hosts) => ({
    command: 'xvfb-run',
    // It maps no names, but asks a proxy for them: the server is its own.
    parameters: [
      '-a',
      executable,
      ...(hosts.length > 0
        ? [`--proxy=http://127.0.0.1:${new URL(url).port}`, '--cookies-policy=always']
        : []),
      url
    ],
    // Xvfb leaves its lock in /tmp otherwise.
    isAsked: true,
    environment: { WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS: '1' }
  })
});
