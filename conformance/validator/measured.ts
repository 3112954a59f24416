import { readFileSync, writeFileSync } from 'node:fs';
import { argv } from 'node:process';
import { readReport } from '../reports/comparison.ts';
import { behaviours, type Family } from './clients.ts';

const natives = { chromium: 'Chromium', firefox: 'Firefox', webkitgtk: 'WebKitGTK' };

/** The browsers' own EventSource, by the tables that reports wrote into NATIVES.md. */
export function measureNatives(text: string): Family[] {
  const [, deviations = ''] = text.split('<!-- deviations -->');
  const entries = deviations.split('\n- **').slice(1);
  return Object.entries(natives).map(([engine, name]) => {
    const [, version] =
      new RegExp(`^\\| ${engine} \\\\\\(([^)\\\\]*)\\\\\\) +\\| native`, 'm').exec(text) ?? [];
    if (version === undefined) throw new Error(`NATIVES.md has no results of ${engine}`);
    const failed = entries.filter((entry) =>
      new RegExp(`^ {2}- ${engine}(?: in [^:]*)?: \``, 'm').test(entry)
    );
    return { name: `${name} ${version}`, fails: named(failed.map((entry) => entry.split('**', 1)[0]!)) };
  });
}

/** Differences in what arrives, and not in how the objects are made. */
const ofStream = /^events\[\d+\](\.(type|data|lastEventId|readyState))?$|^requests|^readyState/;

function named(cases: string[]): string[] {
  const wanted = new Set(behaviours.flatMap((behaviour) => behaviour.cases));
  return cases.filter((id) => wanted.has(id)).toSorted();
}

// Writes measured.json from NATIVES.md and from reports on the packages that clients.ts is to speak of.
if (import.meta.main) {
  const text = readFileSync(new URL('../NATIVES.md', import.meta.url), 'utf8');
  const packages = argv.slice(2).flatMap((file): Family[] => {
    const { columns, cells } = readReport(readFileSync(file, 'utf8'));
    return columns.map(({ implementation, implementationVersion, engine }) => ({
      name: `${implementation.split('#')[0]} ${implementationVersion}`,
      fails: named(
        cells
          .filter((cell) => cell.implementation === implementation && cell.engine === engine)
          .filter(({ runs }) => runs.some((run) => run.differences.some(({ what }) => ofStream.test(what))))
          .map((cell) => cell.case)
      )
    }));
  });
  if (packages.length === 0) throw new Error('usage: node conformance/validator/measured.ts packages.json');
  const families = [...measureNatives(text), ...packages];
  writeFileSync(new URL('measured.json', import.meta.url), `${JSON.stringify(families, null, 2)}\n`);
}
