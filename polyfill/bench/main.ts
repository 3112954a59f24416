import { writeFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { benchParsers } from './parser.ts';

const { values } = parseArgs({
  options: { short: { type: 'boolean', default: false }, json: { type: 'string' } }
});
const result = {
  isShort: values.short,
  date: new Date().toISOString().slice(0, 10),
  machine: `${cpus().length} × ${cpus()[0]!.model.trim()}`,
  node: process.versions.node,
  parser: await benchParsers(values.short, (line) => void process.stdout.write(`${line}\n`))
};
if (values.json !== undefined) await writeFile(values.json, `${JSON.stringify(result, null, 2)}\n`);
