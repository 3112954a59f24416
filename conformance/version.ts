import { readFileSync } from 'node:fs';

/** Of the package: package.json is above this folder and above dist alike. */
export const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  version: string;
};
