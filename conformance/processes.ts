import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';

/** A process started in a process group of its own, with all the processes that it starts. */
export interface ProcessGroup {
  pid: number | undefined;
  child: ChildProcess;
  /** Fulfils when the leader has ended, with what there is to say about it: signal or exit code, and the last lines it wrote on stderr. */
  ended: Promise<string>;
  /** Ends every process of the group (SIGKILL) and waits for the leader. May be called again. */
  stop(): Promise<void>;
}

/** Milliseconds that a group has when it is asked to end. */
const askedTime = 1000;

/** Milliseconds that others have to give back what they lent. */
const returnTime = 5000;

const groups = new Set<ProcessGroup>();
const directories = new Set<string>();
const returns = new Set<() => Promise<unknown>>();
let isWatching = false;

/** Starts `command` as leader of a new process group, which ends with this process whatever ends it but SIGKILL. */
export function startGroup(
  command: string,
  parameters: string[],
  options: {
    environment?: Record<string, string>;
    onMessage?: (message: unknown) => void;
    /** Asks the group to end (SIGTERM) before it is made to, for processes that remove their files then. */
    isAsked?: boolean;
  } = {}
): ProcessGroup {
  watchForTheEnd();
  const child = spawn(command, parameters, {
    detached: true,
    stdio: options.onMessage ? ['ignore', 'ignore', 'pipe', 'ipc'] : ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, ...options.environment }
  });
  let tail = '';
  child.stderr!.setEncoding('utf8').on('data', (text: string) => {
    tail = (tail + text).slice(-2000);
  });
  if (options.onMessage) child.on('message', options.onMessage);
  const ended = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('exit', (code, signal) => {
      const lines = tail.trim().split('\n').slice(-3).join(' | ');
      resolve(`${signal ? `ended by ${signal}` : `exit code ${code}`}${lines && `: ${lines}`}`);
    });
  });
  const group: ProcessGroup = {
    pid: child.pid,
    child,
    ended,
    async stop() {
      if (options.isAsked) {
        kill(group, 'SIGTERM');
        for (let waited = 0; waited < askedTime && kill(group, 0); waited += 20) await setTimeout(20);
      }
      kill(group);
      await ended;
      // What the leader left behind is of the same group.
      kill(group);
      groups.delete(group);
    }
  };
  groups.add(group);
  return group;
}

/** A new empty directory that is removed when this process ends, at the latest. */
export function createTemporaryDirectory(): string {
  watchForTheEnd();
  const directory = mkdtempSync(join(tmpdir(), 'truesource-'));
  directories.add(directory);
  return directory;
}

export function removeTemporaryDirectory(directory: string): void {
  // A browser that was just killed may still be writing its profile.
  rmSync(directory, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
  directories.delete(directory);
}

/**
 * Has `giveBack` called if this process is made to end: for what another process holds until it is told, as a session of an endpoint.
 * Answers a function that takes it back.
 */
export function whenEnding(giveBack: () => Promise<unknown>): () => void {
  watchForTheEnd();
  returns.add(giveBack);
  return () => {
    returns.delete(giveBack);
  };
}

/** Gives back what others lent, ends all groups and removes all temporary directories. */
export async function endAllGroups(): Promise<void> {
  const given = Promise.allSettled([...returns].map((giveBack) => giveBack()));
  await Promise.race([given, setTimeout(returnTime, undefined, { ref: false })]);
  await Promise.all([...groups].map((group) => group.stop()));
  removeAllDirectories();
}

function removeAllDirectories(): void {
  for (const directory of [...directories]) {
    try {
      removeTemporaryDirectory(directory);
    } catch {
      // Nothing more can be done about it at the end of the process.
    }
  }
}

/** False if no process of the group is left. */
function kill(group: ProcessGroup, signal: NodeJS.Signals | 0 = 'SIGKILL'): boolean {
  if (group.pid === undefined) return false;
  try {
    return process.kill(-group.pid, signal);
  } catch {
    return false;
  }
}

function watchForTheEnd(): void {
  if (isWatching) return;
  isWatching = true;
  let isEnding = false;
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      if (isEnding) return;
      isEnding = true;
      void endAllGroups().finally(() => process.exit(128 + constants.signals[signal]));
    });
  }
  process.once('uncaughtException', (error) => {
    process.stderr.write(`${error.stack}\n`);
    void endAllGroups().finally(() => process.exit(1));
  });
  process.on('exit', () => {
    for (const group of groups) kill(group);
    removeAllDirectories();
  });
}
