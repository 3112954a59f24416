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
    const delay = new RegExp(
      `^ {2}- ${engine}: \`requests\\[1\\]\\.delay\` expected \`[^\`]*\`, observed \`"([\\d.]+) ms"\``,
      'm'
    );
    const results = failed.map((entry): Result => [entry.split('**', 1)[0]!, delay.exec(entry)?.[1]]);
    return { name: `${name} ${version}`, ...named(results) };
  });
}

/** Differences in what arrives, and not in how the objects are made. */
const ofStream = /^events\[\d+\](\.(type|data|lastEventId))?$|^requests/;

/** A case that failed, and how long it took to ask again, ms. */
type Result = [id: string, delay: string | undefined];

function named(results: Result[]): Omit<Family, 'name'> {
  const wanted = new Set(behaviours.flatMap((behaviour) => behaviour.cases));
  const timed = new Set(
    behaviours.filter(({ says }) => typeof says === 'function').map(({ cases }) => cases[0]!)
  );
  const fails = results.filter(([id]) => wanted.has(id)).toSorted();
  const waits = fails.filter(([id, delay]) => timed.has(id) && delay !== undefined);
  return {
    fails: fails.map(([id]) => id),
    ...(waits.length > 0 && {
      waits: Object.fromEntries(waits.map(([id, delay]) => [id, Math.round(Number(delay))]))
    })
  };
}

// Writes measured.json from NATIVES.md and from reports on the packages that clients.ts is to speak of.
if (import.meta.main) {
  const text = readFileSync(new URL('../NATIVES.md', import.meta.url), 'utf8');
  const packages = argv.slice(2).flatMap((file): Family[] => {
    const { columns, cells } = readReport(readFileSync(file, 'utf8'));
    return columns.map(({ implementation, implementationVersion, engine }) => ({
      name: `${implementation.split('#')[0]} ${implementationVersion}`,
      ...named(
        cells
          .filter((cell) => cell.implementation === implementation && cell.engine === engine)
          .map((cell) => ({
            id: cell.case,
            differences: cell.runs.flatMap((run) => run.differences.filter(({ what }) => ofStream.test(what)))
          }))
          .filter(({ differences }) => differences.length > 0)
          .map(({ id, differences }): Result => {
            const delay = differences.find(({ what }) => what === 'requests[1].delay');
            return [id, /^([\d.]+) ms$/.exec(String(delay?.observed))?.[1]];
          })
      )
    }));
  });
  if (packages.length === 0) throw new Error('usage: node conformance/validator/measured.ts packages.json');
  const families = [...measureNatives(text), ...packages];
  writeFileSync(new URL('measured.json', import.meta.url), `${JSON.stringify(families, null, 2)}\n`);
}
