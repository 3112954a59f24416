import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, it } from 'vitest';
import { validate, type ValidateOptions } from './index.ts';

const folder = fileURLToPath(new URL('real-servers', import.meta.url));
/** Set where all of them must run, as in CI. */
const areRequired = Boolean(process.env.REQUIRE_REAL_SERVERS);

interface RealServer {
  file: string;
  path?: string;
  options?: ValidateOptions;
  /** What it gets beside notes, as the report orders it. */
  expected: string[];
  /** Notes that it always gets. */
  notes?: string[];
  headline?: RegExp;
  /** What one of the findings says. */
  message?: RegExp;
  /** Why there is no answer. */
  failure?: string;
  /** It compiles itself at the first request. */
  isSlowAtFirst?: boolean;
}

/** Streams much as the documentation of each server has them. */
const servers: RealServer[] = [
  { file: 'node-http.mjs', expected: [], notes: ['H24', 'H15', 'T03', 'T08', 'R18'] },
  { file: 'express.mjs', expected: ['R06'], notes: ['H24', 'S10', 'H05', 'T03', 'T08', 'R18'] },
  {
    file: 'express.mjs',
    path: 'compressed',
    expected: ['T04', 'R06'],
    notes: ['H24', 'S10', 'H05', 'T03', 'T08', 'R18']
  },
  { file: 'better-sse.mjs', expected: ['H14'], notes: ['H24', 'H15', 'F13', 'R08', 'R19', 'F19'] },
  { file: 'hono.mjs', expected: [], notes: ['H24', 'T03', 'T08', 'R18'] },
  { file: 'hono.mjs', path: 'short', expected: ['R21'], notes: ['H24', 'T03', 'T08', 'R18', 'R24'] },
  { file: 'h3.mjs', expected: [], notes: ['H24', 'H15', 'R18', 'R24'] },
  { file: 'fastify.mjs', expected: ['R06', 'H14'], notes: ['H24', 'H05', 'T08', 'R19'] },
  {
    file: 'graphql-sse.mjs',
    path: '?query=subscription{greetings}',
    options: { profile: 'graphql-sse' },
    expected: [],
    notes: ['T06', 'H24', 'H05', 'T03', 'T08']
  },
  { file: 'mcp.mjs', expected: ['H14'], notes: ['H24', 'H15', 'T08', 'R18', 'R24'] },
  {
    file: 'mcp-streamable.mjs',
    options: {
      profile: 'mcp',
      method: 'POST',
      body: JSON.stringify({
        jsonrpc: '2.0',
        id: 1,
        method: 'initialize',
        params: {
          protocolVersion: '2025-06-18',
          capabilities: {},
          clientInfo: { name: 'example', version: '1.0.0' }
        }
      })
    },
    // The SDK's answer is whole at once, and may have its length.
    expected: [],
    notes: ['H24', 'R18', 'R24', 'F19']
  },
  { file: 'http_server.py', expected: ['R06', 'H17'], notes: ['H24', 'S10', 'T03', 'T08', 'R18'] },
  { file: 'starlette_app.py', expected: ['T01'], notes: ['H24', 'H05', 'T08', 'R18', 'R24'] },
  { file: 'flask_app.py', expected: ['T01'], notes: ['H24', 'S10', 'H05', 'T08', 'R18', 'R24'] },
  // The built-in server has one worker, and after HEAD or into a full buffer its loop never learns that nobody listens.
  { file: 'events.php', expected: ['T23'], notes: ['H24', 'S10', 'H05', 'T03', 'T08'] },
  { file: 'events.php', path: '?buffered', expected: ['T23'], headline: /^No byte of the stream came/ },
  { file: 'nginx.mjs', expected: ['T09'], failure: 'timeout', headline: /^No answer/ },
  { file: 'nginx.mjs', path: '?every=5', expected: ['T07'] },
  { file: 'nginx.mjs', path: '?buffering=no', expected: [], notes: ['H24', 'S10', 'T03', 'T08', 'R18'] },
  {
    file: 'aspnet.mjs',
    path: 'events.ashx',
    isSlowAtFirst: true,
    headline: /^No message will ever be delivered: the block is not ended by a blank line/,
    expected: ['F01', 'T02', 'R21', 'H18'],
    message: /: each client polls, once a second/,
    notes: ['H24', 'S10', 'T03', 'T08', 'F13', 'R24']
  }
];

const pythonModules = '/usr/lib/python3/dist-packages';
/** What `real-servers/install` brings; all others are Node's, with packages of npm. */
const needs: Record<string, string[]> = {
  'node-http.mjs': [],
  'http_server.py': ['/usr/bin/python3'],
  'starlette_app.py': [`${pythonModules}/starlette`, `${pythonModules}/uvicorn`],
  'flask_app.py': [`${pythonModules}/flask`],
  'events.php': ['/usr/bin/php'],
  'nginx.mjs': ['/usr/sbin/nginx'],
  'aspnet.mjs': ['/usr/sbin/nginx', '/usr/bin/fastcgi-mono-server4', '/usr/bin/mcs']
};

function commandOf(file: string, port: number): [command: string, ...string[]] {
  const path = join(folder, file);
  if (file.endsWith('.php')) return ['/usr/bin/php', '-S', `127.0.0.1:${port}`, path];
  return [file.endsWith('.py') ? '/usr/bin/python3' : process.execPath, path, String(port)];
}

describe.concurrent('real servers', () => {
  it.for(servers.map((server) => [`${server.file} ${server.path ?? ''}`, server] as const))(
    '%s',
    { timeout: 60_000 },
    async ([, server], { skip, onTestFinished, expect }) => {
      const { file, path = '', options, expected, notes = [], message, headline } = server;
      const missing = (needs[file] ?? [join(folder, 'node_modules')]).filter((need) => !existsSync(need));
      skip(missing.length > 0 && !areRequired, `no ${missing.join(', no ')}: see real-servers/install`);
      expect(missing, 'run conformance/validator/real-servers/install').toEqual([]);
      const port = await freePort();
      const [command, ...list] = commandOf(file, port);
      const scratch = mkdtempSync(join(tmpdir(), 'truesource-'));
      const child = spawn(command, list, {
        stdio: 'ignore',
        detached: true,
        env: { ...process.env, TMPDIR: scratch }
      });
      const closed = new Promise((resolve) => child.once('close', resolve));
      onTestFinished(async () => {
        if (child.exitCode === null) process.kill(-child.pid!, 'SIGKILL');
        await closed;
        rmSync(scratch, { recursive: true, force: true, maxRetries: 5 });
      });
      await answers(port);
      const url = `http://127.0.0.1:${port}/${path}`;
      if (server.isSlowAtFirst) while (!(await fetch(url)).ok);
      const start = performance.now();
      const result = await validate(url, options).result;
      expect(performance.now() - start).toBeLessThan(5000);
      const serious = result.findings.filter(({ severity }) => severity !== 'information');
      const found = serious.map(({ rule }) => rule);
      // Probes run at once: of one severity, what is found is told as it comes.
      expect(found.toSorted(), JSON.stringify([result.failure, serious], null, 1)).toEqual(
        expected.toSorted()
      );
      expect(result.failure?.kind).toBe(server.failure);
      expect(result.findings.map(({ rule }) => rule)).toEqual(expect.arrayContaining(notes));
      if (message) expect(result.findings.map((finding) => finding.message).join('\n')).toMatch(message);
      if (headline) {
        expect(found[0]).toBe(expected[0]);
        expect(result.headline).toMatch(headline);
      }
    }
  );
});

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = net.createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as net.AddressInfo;
      server.close(() => resolve(port));
    });
  });
}

async function answers(port: number): Promise<void> {
  for (;;) {
    const isUp = await new Promise<boolean>((resolve) => {
      const socket = net.connect({ port, host: '127.0.0.1' }, () => {
        socket.destroy();
        resolve(true);
      });
      socket.on('error', () => resolve(false));
    });
    if (isUp) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
