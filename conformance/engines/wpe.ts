import { createBrowserEngine } from './browser.ts';
import { readVersion } from './executable.ts';

export const wpe = createBrowserEngine({
  name: 'wpe',
  executables: ['cog'],
  variable: 'COG',
  missing: 'conformance/engines/install --all in a checkout, or set COG to its path',
  // It keeps 17 connections in all.
  lanes: 12,
  readVersion: (executable) => readVersion(executable, ['--version'], /(?<=WebKit )[\d.]+/),
  workers: ['dedicated worker', 'shared worker'],
  start: (url) => ({ parameters: ['-P', 'headless', url] })
});
