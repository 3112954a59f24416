import { execFile } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { findPlaceOf } from './installed.ts';

/** Somebody's EventSource. */
export interface Implementation {
  /** As it was named. */
  name: string;
  /** Its file, for engines that import files; the fragment is the name of the export, if one was named. */
  url: string;
  /** Of its package, if it was named as one. */
  version?: string;
  /** For pages: a script that leaves the exports in the global truesourceModule. Absent if pages can load the file as it is, or nothing is there to bundle it. */
  bundle?: string;
}

/**
 * Finds a script or module by its path, or a package by its name as the working directory sees it; after a # may follow the name of an
 * export. Undefined if there is none.
 */
export async function findImplementation(
  name: string,
  directory = process.cwd()
): Promise<Implementation | undefined> {
  const isThere = (path: string) => statSync(resolve(directory, path), { throwIfNoEntry: false })?.isFile();
  const cut = isThere(name) ? -1 : name.lastIndexOf('#');
  const specifier = cut < 0 ? name : name.slice(0, cut);
  const fragment = cut < 0 ? '' : name.slice(cut);
  const isFile = isThere(specifier);
  const looksLikeFile = /^[./]|\.[cm]?[jt]s$/.test(specifier);
  const url = isFile
    ? pathToFileURL(resolve(directory, specifier)).href
    : looksLikeFile
      ? undefined
      : await resolvePackage(specifier, directory);
  if (url === undefined) return undefined;
  const version = isFile ? undefined : readPackageVersion(fileURLToPath(url));
  const bundle =
    isFile && isPlainScript(fileURLToPath(url))
      ? undefined
      : await bundleForPages(isFile ? fileURLToPath(url) : specifier, directory);
  return {
    name: isFile && !name.includes('/') ? `./${name}` : name,
    url: url + fragment,
    ...(version !== undefined && { version }),
    ...(bundle !== undefined && { bundle })
  };
}

/** Whether a file has the marks of a module. */
export function isModule(path: string): boolean {
  return path.endsWith('.mjs') || /^\s*(import|export)\b/m.test(readFileSync(path, 'utf8'));
}

function isPlainScript(path: string): boolean {
  return !isModule(path) && !/\brequire\s*\(/.test(readFileSync(path, 'utf8'));
}

/** As `import` in the directory would; Node resolves from another place than the own module only where code has no file. */
async function resolvePackage(specifier: string, directory: string): Promise<string | undefined> {
  try {
    const { stdout } = await promisify(execFile)(
      process.execPath,
      [
        '--input-type=module',
        '--eval',
        'process.stdout.write(import.meta.resolve(process.argv[1]))',
        '--',
        specifier
      ],
      { cwd: directory }
    );
    return stdout.startsWith('file:') && existsSync(fileURLToPath(stdout)) ? stdout : undefined;
  } catch {
    return undefined;
  }
}

function readPackageVersion(file: string): string | undefined {
  for (let folder = dirname(file); folder !== dirname(folder); folder = dirname(folder)) {
    const path = join(folder, 'package.json');
    if (!existsSync(path)) continue;
    const { version } = JSON.parse(readFileSync(path, 'utf8')) as { version?: string };
    if (version !== undefined) return version;
  }
  return undefined;
}

/** With esbuild, where it is installed. What cannot be bundled becomes a script that says so. */
async function bundleForPages(specifier: string, directory: string): Promise<string | undefined> {
  const place = findPlaceOf(['esbuild'], directory);
  if (place === undefined) return undefined;
  const { build } = createRequire(place)('esbuild') as typeof import('esbuild');
  try {
    const { outputFiles } = await build({
      stdin: {
        contents: `import * as it from ${JSON.stringify(specifier)}; globalThis.truesourceModule = it;`,
        resolveDir: directory
      },
      bundle: true,
      write: false,
      format: 'iife',
      platform: 'browser',
      logLevel: 'silent'
    });
    return outputFiles[0]!.text;
  } catch (error) {
    const [reason] = (error as Error).message.split('\n').slice(-1);
    return `throw new Error(${JSON.stringify(`it cannot be bundled for pages: ${reason}`)});`;
  }
}
