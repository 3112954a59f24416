import { execFile } from 'node:child_process';
import { access, constants } from 'node:fs/promises';
import { delimiter, join } from 'node:path';

/** Path of the first of `names` that is on the PATH and executable; `override` (a path), if set, is the only candidate. */
export async function findExecutable(names: string[], override?: string): Promise<string | undefined> {
  const candidates = override
    ? [override]
    : names.flatMap((name) => (process.env.PATH ?? '').split(delimiter).map((folder) => join(folder, name)));
  for (const candidate of candidates) {
    try {
      await access(candidate, constants.X_OK);
      return candidate;
    } catch {
      continue;
    }
  }
  return undefined;
}

/** The first number with dots that `executable --version` prints; undefined if it cannot be run. */
export function readVersion(executable: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    execFile(executable, ['--version'], { timeout: 20_000, killSignal: 'SIGKILL' }, (error, stdout) => {
      resolve(error ? undefined : /\d+(\.\d+)+\S*/.exec(stdout)?.[0]);
    });
  });
}
