import { createRequire } from 'node:module';
import { join } from 'node:path';

/** A file from which all these packages can be required, each from the one before: this one, or one in the directory. Undefined if neither is. */
export function findPlaceOf(packages: string[], directory = process.cwd()): string | undefined {
  return [import.meta.url, join(directory, 'index.js')].find((place) => {
    try {
      let from = place;
      for (const name of packages) from = createRequire(from).resolve(name);
      return true;
    } catch {
      return false;
    }
  });
}
