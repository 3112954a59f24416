import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { sections } from './case.ts';
import type { Case, CaseFile, Section } from './case.ts';

export type SectionedCase = Case & { section: Section };

/**
 * Reads all case files of a directory, in the order of the sections. Throws an Error that names the file on bad JSON, an unknown section
 * or an id that is used twice.
 */
export function loadCases(directory: string): SectionedCase[] {
  const files = readdirSync(directory).filter((name) => name.endsWith('.json'));
  const ids = new Set<string>();
  const cases = files.flatMap((name) => {
    const file = read(join(directory, name));
    if (!sections.includes(file.section)) throw new Error(`${name}: unknown section ${String(file.section)}`);
    return file.cases.map((testCase) => {
      if (ids.has(testCase.id)) throw new Error(`${name}: the id ${testCase.id} is used twice`);
      ids.add(testCase.id);
      return { ...testCase, section: file.section };
    });
  });
  return sections.flatMap((section) => cases.filter((testCase) => testCase.section === section));
}

function read(path: string): CaseFile {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as CaseFile;
  } catch (error) {
    throw new Error(`${path}: ${(error as Error).message}`, { cause: error });
  }
}
