import { execFile } from 'node:child_process';
import { access, constants } from 'node:fs/promises';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';

/** Path of the first of `names` that is executable, on the PATH or a path itself; `override` (a path), if set, is the only candidate. */
export async function findExecutable(names: string[], override?: string): Promise<string | undefined> {
  const candidates = override
    ? [override]
    : names.flatMap((name) =>
        name.includes('/')
          ? [name]
          : (process.env.PATH ?? '').split(delimiter).map((folder) => join(folder, name))
      );
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

/** Where conformance/engines/install --all puts a file of an engine that npm has; `path` is below node_modules. */
export function locateInstalled(engine: string, path: string): string {
  const cache = process.env.XDG_CACHE_HOME || join(homedir(), '.cache');
  return join(cache, 'truesource', 'engines', engine, 'node_modules', path);
}

/** The first number with dots that `command --version` prints, or what `pattern` finds; undefined if it cannot be run. */
export function readVersion(
  command: string,
  parameters: string[] = ['--version'],
  pattern = /\d+(\.\d+)+[^\s)]*/
): Promise<string | undefined> {
  return new Promise((resolve) => {
    execFile(
      command,
      parameters,
      { timeout: 20_000, killSignal: 'SIGKILL', env: { ...process.env, OPENSSL_CONF: '/dev/null' } },
      (error, stdout) => {
        resolve(error ? undefined : pattern.exec(stdout)?.[0]);
      }
    );
  });
}
