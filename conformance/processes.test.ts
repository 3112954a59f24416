import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { createTemporaryDirectory, removeTemporaryDirectory, startGroup } from './processes.ts';

/** A process that has one of its own, which outlives it unless the group is ended. */
const parentAndChild =
  "require('child_process').spawn(process.execPath,['-e','setInterval(()=>{},1e3)'],{stdio:'ignore'});setInterval(()=>{},1e3)";

describe('startGroup', () => {
  it('ends the processes that a process started', async () => {
    const group = startGroup(process.execPath, ['-e', parentAndChild]);
    await until(() => countAlive(group.pid!) === 2);
    await group.stop();
    await until(() => countAlive(group.pid!) === 0);
    expect(await group.ended).toMatch(/SIGKILL/);
  });
  it('says why a process ended', async () => {
    const group = startGroup(process.execPath, ['-e', "console.error('no luck'); process.exit(3)"]);
    expect(await group.ended).toBe('exit code 3: no luck');
    await group.stop();
  });
  it('says that there is no such command', async () => {
    const group = startGroup('/no/such/command', []);
    expect(await group.ended).toMatch(/ENOENT/);
    await group.stop();
  });
});

describe('createTemporaryDirectory', () => {
  it('makes a directory that can be removed', () => {
    const directory = createTemporaryDirectory();
    expect(existsSync(directory)).toBe(true);
    removeTemporaryDirectory(directory);
    expect(existsSync(directory)).toBe(false);
  });
});

describe.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
  ['SIGHUP', 129]
] as const)('at %s', (signal, code) => {
  it('gives back what is lent, ends all groups, removes the directories and exits', async () => {
    const script = `
      import { createTemporaryDirectory, startGroup, whenEnding } from ${JSON.stringify(new URL('processes.ts', import.meta.url).href)};
      const directory = createTemporaryDirectory();
      const group = startGroup(process.execPath, ['-e', ${JSON.stringify(parentAndChild)}]);
      const giveBack = (name) => async () => {
        await new Promise((resolve) => setTimeout(resolve, 20));
        console.error(name);
      };
      whenEnding(giveBack('lent'));
      whenEnding(giveBack('given back'))();
      console.log(JSON.stringify({ directory, pid: group.pid }));`;
    const run = spawn(process.execPath, ['--no-warnings', '--input-type=module', '-e', script]);
    const [output] = (await once(run.stdout, 'data')) as [Buffer];
    const { directory, pid } = JSON.parse(output.toString()) as { directory: string; pid: number };
    await until(() => countAlive(pid) === 2);
    expect(existsSync(directory)).toBe(true);
    let told = '';
    run.stderr.on('data', (text: Buffer) => (told += text.toString()));
    const ended = once(run, 'close');
    run.kill(signal);
    expect((await ended)[0]).toBe(code);
    expect(told).toBe('lent\n');
    await until(() => countAlive(pid) === 0);
    expect(existsSync(directory)).toBe(false);
  });
});

/** Processes of a group that are not zombies: those wait for whoever is their parent now. */
function countAlive(group: number): number {
  return processes().filter(({ pgid, state }) => pgid === group && !state.startsWith('Z')).length;
}

function processes(): { pgid: number; state: string }[] {
  const { stdout } = spawnSync('ps', ['-eo', 'pgid=,stat='], { encoding: 'utf8' });
  return stdout
    .trim()
    .split('\n')
    .map((row) => row.trim().split(/\s+/))
    .map(([pgid, state]) => ({ pgid: Number(pgid), state: state! }));
}

async function until(holds: () => boolean): Promise<void> {
  const deadline = Date.now() + 5000;
  while (!holds()) {
    if (Date.now() > deadline) throw new Error('it did not come to that in 5 s');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
