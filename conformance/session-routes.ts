import { readFile } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { basename, dirname, extname, join, resolve, sep } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import type { Route } from '../fixtures-server/server.ts';
import { Refusal } from '../fixtures-server/server.ts';
import type { Attempt } from './attempt.ts';
import { embedJson } from './embed-json.ts';
import { isModule } from './implementation.ts';
import type { Observation } from './observation.ts';
import { ours } from './ours.ts';
import type { PageSession } from './page.ts';

/** Lanes of one frame: browsers keep 6 HTTP/1.1 connections per origin, and those of a neighbour's cross-origin cases count too. */
const lanesPerFrame = 4;

/** What no file of an implementation is called. */
const bundleName = 'bundle:';
/** What stands before the paths of a session that are its engine's own. */
const own = 'own/';

const types: Record<string, string> = {
  '.js': 'text/javascript; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.cjs': 'text/javascript; charset=utf-8',
  '.json': 'application/json',
  '.map': 'application/json'
};

/** `GET /dist/<file>`: the package as built. */
export function createDistRoute(dist: string): Route {
  return {
    method: 'GET',
    path: '/dist/',
    handle: (_request, response, url) => sendFile(response, dist, url.pathname.slice('/dist/'.length))
  };
}

/** The routes under /run/ by which pages and processes get their jobs and hand in what they saw, by attempt. */
export function createSessionRoutes(attempts: Map<string, Attempt>): Route[] {
  const find = (url: URL): { attempt: Attempt; token: string; rest: string } => {
    const [, , token = '', ...rest] = url.pathname.split('/');
    const attempt = attempts.get(token);
    if (!attempt) throw new Refusal(410, 'this session is over');
    return { attempt, token, rest: rest.join('/') };
  };
  return [
    {
      method: 'GET',
      path: '/run/',
      async handle(_request, response, url) {
        const { attempt, token, rest } = find(url);
        if (rest === '') {
          attempt.beginAnew();
          return sendPage(response, topPage(attempt, token));
        }
        const describe = () => describePage(attempt, token, Math.min(attempt.lanes, lanesPerFrame));
        if (rest === 'frame') return sendPage(response, framePage(describe()));
        if (rest === 'worker.js') {
          response
            .writeHead(200, { 'Content-Type': types['.js'], 'Cache-Control': 'no-store' })
            .end(workerScript(describe()));
          return;
        }
        const prefix = 'implementation/';
        if (!rest.startsWith(prefix)) throw new Refusal(404, 'no such page of a session');
        const name = rest.slice(prefix.length);
        if (name === bundleName && attempt.bundle !== undefined) {
          return void response.writeHead(200, { 'Content-Type': types['.js'] }).end(attempt.bundle);
        }
        await sendFile(response, dirname(fileURLToPath(attempt.implementation)), name);
      }
    },
    {
      method: 'POST',
      path: '/run/',
      async handle(request, response, url) {
        const { attempt, rest } = find(url);
        const text = (await buffer(request)).toString();
        if (rest.startsWith(own)) {
          attempt.receive(rest.slice(own.length), text);
          return void response.writeHead(204).end();
        }
        const body = parseBody<{ origin: string; id: string; observation: Observation; reason: string }>(
          text
        );
        const origin = body.origin ?? url.origin;
        let answer: unknown = {};
        if (rest === 'next') {
          if (body.id !== undefined && body.observation) attempt.handIn(body.id, body.observation);
          let isGone = false;
          response.once('close', () => (isGone = true));
          await attempt.whenAwake();
          // A page that has gone meanwhile takes nothing.
          if (isGone) return;
          answer = attempt.take(origin) ?? {};
        } else if (rest === 'take') {
          if (body.id !== undefined) await attempt.whenFree(body.id);
          answer = attempt.take(origin, body.id) ?? {};
        } else if (rest === 'judge') {
          const judgement =
            body.id !== undefined && body.observation ? attempt.handIn(body.id, body.observation) : undefined;
          answer = judgement === undefined ? { verdict: 'not observed', differences: [] } : judgement;
        } else if (rest === 'broken') attempt.breakDown(body.reason ?? 'without a reason');
        else throw new Refusal(404, 'no such part of a session');
        response
          .writeHead(200, { 'Content-Type': 'application/json', 'Cache-Control': 'no-store' })
          .end(JSON.stringify(answer));
      }
    }
  ];
}

/** What a page of a session has to know. */
export function describePage(
  {
    implementation,
    bundle,
    global
  }: Pick<Attempt, 'implementation' | 'bundle'> & Partial<Pick<Attempt, 'global'>>,
  token: string,
  lanes: number
): PageSession {
  const worker = global === undefined || global === 'window' ? null : global;
  const page = { path: `/run/${token}/`, implementation, lanes, worker, removed: ['EventSource'] };
  if (implementation === 'native') return { ...page, load: null };
  const own = ours[implementation];
  if (own) {
    return { ...page, removed: own.without, load: { url: `/dist/${own.script}.min.js`, module: false } };
  }
  const file = fileURLToPath(implementation);
  const name = bundle === undefined ? encodeURIComponent(basename(file)) : bundleName;
  const url = `${page.path}implementation/${name}`;
  const exportName = decodeURIComponent(new URL(implementation).hash.slice(1));
  return {
    ...page,
    load: {
      url,
      module: bundle === undefined && isModule(file),
      ...(exportName !== '' && { exportName })
    }
  };
}

/** One frame per origin. They are visible: what is not may be throttled. */
function topPage({ origins, lanes }: Attempt, token: string): string {
  const frames = origins
    .slice(0, Math.ceil(lanes / lanesPerFrame))
    .map(
      (origin) =>
        `<iframe src="${origin}/run/${token}/frame" title="cases on ${origin}" width="36" height="28"></iframe>`
    );
  return `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="color-scheme" content="light dark"><title>truesource</title>
<style>body { margin: 0 } iframe { border: 0 }</style>\n${frames.join('\n')}\n`;
}

function framePage(session: PageSession): string {
  return `<!doctype html><meta charset="utf-8"><meta name="color-scheme" content="light dark"><title>truesource</title>
<script>var truesourceSession = ${embedJson(session)};</script>
<script src="/dist/client.js"></script>
`;
}

function workerScript(session: PageSession): string {
  return `var truesourceSession = ${JSON.stringify(session)};
${session.load?.module ? 'function truesourceImport(url) { return import(url); }' : ''}
importScripts('/dist/client.js');
`;
}

function sendPage(response: ServerResponse, page: string): void {
  response
    .writeHead(200, {
      'Content-Type': 'text/html; charset=utf-8',
      'Cache-Control': 'no-store',
      // A process for each origin, so that a case that hangs its frame hangs no other: Chromium has one for all ports of a host otherwise.
      'Origin-Agent-Cluster': '?1'
    })
    .end(page);
}

async function sendFile(response: ServerResponse, folder: string, path: string): Promise<void> {
  const file = resolve(join(folder, decodeURIComponent(path)));
  const type = types[extname(file)];
  if (!type || !file.startsWith(resolve(folder) + sep)) throw new Refusal(404, 'no such file');
  const content = await readFile(file).catch(() => {
    throw new Refusal(404, 'no such file');
  });
  response.writeHead(200, { 'Content-Type': type, 'Cache-Control': 'no-store' }).end(content);
}

/** The members of a JSON object, of which any may be missing or of another type. Throws a Refusal if it is not JSON. */
export function parseBody<Body extends object>(text: string): Partial<Body> {
  try {
    return Object(JSON.parse(text)) as Partial<Body>;
  } catch {
    throw new Refusal(400, 'the body is not JSON');
  }
}
