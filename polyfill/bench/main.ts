import { writeFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { endAllGroups } from '../../conformance/processes.ts';
import { benchEndToEnd } from './end-to-end.ts';
import { benchFixturesServer } from './fixtures-server.ts';
import { benchParsers } from './parser.ts';

const { values } = parseArgs({
  options: {
    // Shows that it runs; its figures mean nothing.
    short: { type: 'boolean', default: false },
    // In place of the parser; or both.
    'end-to-end': { type: 'boolean', default: false },
    all: { type: 'boolean', default: false },
    // Names of engines, for the end to end.
    engine: { type: 'string' },
    json: { type: 'string' }
  }
});
const report = (line: string): void => void process.stdout.write(`${line}\n`);
const isShort = values.short;
export type BenchResult = typeof result;
const result = {
  date: new Date().toISOString().slice(0, 10),
  machine: `${cpus().length} × ${cpus()[0]!.model.trim()}`,
  node: process.versions.node,
  isShort,
  ...((!values['end-to-end'] || values.all) && { parser: await benchParsers(isShort, report) }),
  ...((values['end-to-end'] || values.all) && {
    endToEnd: await benchEndToEnd(isShort, values.engine?.split(','), report),
    fixturesServer: await benchFixturesServer(isShort, report)
  })
};
if (values.json !== undefined) await writeFile(values.json, `${JSON.stringify(result, null, 2)}\n`);
await endAllGroups();
