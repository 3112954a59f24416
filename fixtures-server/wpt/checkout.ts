import { readFileSync, realpathSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { extname, join, sep } from 'node:path';
import { Refusal, type Route } from '../routes/route.ts';
import { generatePage, generateWorkerScript, insertScript, parseMeta } from './wrappers.ts';

export interface CheckoutOptions {
  /** Folder of the checkout; read, never written. */
  directory: string;
  /** URL of a script that every page and worker of the tests runs first; none if undefined. */
  prelude?: string;
  /** Files that stand in for, or beside, those of the checkout, by path. */
  files?: Record<string, string>;
}

const folders = ['eventsource', 'resources', 'common', 'interfaces', 'generated'];

const types: Record<string, string> = {
  '.css': 'text/css; charset=utf-8',
  '.htm': 'text/html; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.idl': 'text/plain; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json',
  '.png': 'image/png'
};

/**
 * `GET` for the checkout's files below eventsource/, resources/, common/ and interfaces/, for the pages and worker scripts that the
 * upstream server makes of `.any.js`, `.window.js` and `.worker.js`, and for `options.files` below generated/.
 */
export function createCheckoutRoutes(options: CheckoutOptions): Route[] {
  const read = (path: string) => options.files?.[path] ?? readFrom(options.directory, path);
  return folders.map((folder) => ({
    method: 'GET',
    path: `/${folder}/`,
    handle(request, response, url) {
      const path = pathOf(url);
      const generated = generate(path, url, read, options.prelude);
      const content = generated ?? read(path);
      if (extname(path) === '.py') throw new Refusal(501, `there is no handler for ${path}`);
      if (content === undefined) throw new Refusal(404, `nothing at ${path}`);
      response.setHeader('Content-Type', types[extname(path)] ?? 'application/octet-stream');
      response.setHeader('Cache-Control', 'no-store');
      for (const [name, value] of generated === undefined ? parseHeaders(read(`${path}.headers`)) : []) {
        if (name.toLowerCase() !== 'cache-control') response.setHeader(name, value);
      }
      const isTemplate = path.includes('.sub.') || url.searchParams.get('pipe') === 'sub';
      response.end(isTemplate ? substitute(String(content), request, url) : content);
    }
  }));
}

function pathOf(url: URL): string {
  try {
    return decodeURIComponent(url.pathname);
  } catch {
    throw new Refusal(400, `bad percent-encoding in the path ${url.pathname}`);
  }
}

/** Undefined if there is no such file, or if it is outside of the folder that the path begins with, by its segments or by a link. */
function readFrom(directory: string, path: string): Buffer | undefined {
  try {
    const folder = realpathSync(join(directory, path.split('/')[1]!));
    const file = realpathSync(join(directory, path));
    return file.startsWith(folder + sep) ? readFileSync(file) : undefined;
  } catch {
    return undefined;
  }
}

type Read = (path: string) => string | Buffer | undefined;

/** What stands at a path that is made of a file, or is a file that has to run the prelude; else undefined. */
function generate(path: string, url: URL, read: Read, prelude: string | undefined): string | undefined {
  const made = /^(.+\.any)\.(html|worker\.html|sharedworker\.html|worker\.js|sharedworker\.js)$/.exec(path);
  const own = /^(.+\.(?:window|worker))\.html$/.exec(path);
  const script = made ? `${made[1]}.js` : own ? `${own[1]}.js` : undefined;
  const source = script === undefined ? undefined : read(script);
  if (script !== undefined && source !== undefined) {
    const meta = parseMeta(String(source));
    if (path.endsWith('.js')) return generateWorkerScript(script, meta, prelude);
    const kind = made?.[2] ?? (own![1]!.endsWith('.worker') ? 'worker.html' : 'html');
    if (kind === 'html') return generatePage({ meta, prelude, script });
    const worker = made ? path.replace(/\.html$/, '.js') : script;
    const constructor = kind === 'worker.html' ? 'Worker' : 'SharedWorker';
    return generatePage({ meta, prelude, worker: { constructor, url: worker + url.search } });
  }
  if (prelude === undefined || !/^\/(eventsource|generated)\//.test(path)) return undefined;
  const content = read(path);
  if (content === undefined) return undefined;
  if (/\.html?$/.test(path)) return insertScript(String(content), prelude);
  // What no page above includes is the script of a worker.
  if (/\.js$/.test(path) && !/\.(any|window)\.js$/.test(path)) {
    return `self.importScripts && importScripts(${JSON.stringify(prelude)}); ${String(content)}`;
  }
  return undefined;
}

function parseHeaders(content: string | Buffer | undefined): [string, string][] {
  const lines = content === undefined ? [] : String(content).split(/\r?\n/);
  return lines.flatMap((line): [string, string][] => {
    const [, name, value] = /^([\w-]+):\s*(.*)$/.exec(line) ?? [];
    return name === undefined ? [] : [[name, value!]];
  });
}

/** Replaces `{{host}}`, `{{location[server]}}`, `{{ports[http][0]}}`, `{{domains[www]}}`, `{{GET[name]}}` and `{{headers[name]}}`. */
function substitute(text: string, request: IncomingMessage, url: URL): string {
  const { hostname, port, host } = new URL(`http://${request.headers.host ?? url.host}`);
  return text.replace(/\{\{([^}]*)\}\}/g, (whole, expression: string) => {
    const [field, ...keys] = expression.trim().split(/[[\]]+/);
    const [key = ''] = keys;
    const places: Record<string, string> = {
      server: `http://${host}`,
      scheme: 'http',
      host: hostname,
      hostname,
      port,
      path: url.pathname,
      pathname: url.pathname,
      query: url.search
    };
    const values: Record<string, string | undefined> = {
      host: hostname,
      location: places[key],
      ports: port,
      domains: key === '' ? hostname : `${key}.${hostname}`,
      hosts: keys[1] ? `${keys[1]}.${hostname}` : hostname,
      GET: url.searchParams.get(key) ?? undefined,
      headers: request.headers[key.toLowerCase()]?.toString()
    };
    const value = values[field!];
    if (value === undefined) throw new Refusal(500, `${whole} has no value`);
    return value;
  });
}
