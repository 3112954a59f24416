import { createBrowserEngine } from './browser.ts';
import { readVersion } from './executable.ts';

export const webkitgtk = createBrowserEngine({
  name: 'webkitgtk',
  executables: ['x86_64', 'aarch64'].map(
    (architecture) => `/usr/lib/${architecture}-linux-gnu/webkit2gtk-4.1/MiniBrowser`
  ),
  variable: 'WEBKITGTK',
  missing: 'conformance/engines/install --all, or set WEBKITGTK to the path of its MiniBrowser',
  // It keeps 17 connections in all.
  lanes: 12,
  // It asks for a display first.
  readVersion: (executable) => readVersion('xvfb-run', ['-a', executable, '--version']),
  start: (url, _profile, executable) => ({
    command: 'xvfb-run',
    parameters: ['-a', executable, url],
    // Xvfb leaves its lock in /tmp otherwise.
    isAsked: true,
    environment: { WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS: '1' }
  })
});
