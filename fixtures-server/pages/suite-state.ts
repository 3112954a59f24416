import { collect, each } from './suite-dom.ts';
import type { Catalogue, VisitState } from './visit.ts';

// What the page of the suite knows, and what follows from it. ES5.

export const page: {
  catalogue: Catalogue;
  /** The key is known to the page that runs it alone. */
  visit: { id: string; key?: string } | null;
  state: VisitState | null;
  /** Of each case, by column. */
  outcomes: (string | undefined)[][];
  surprises: boolean[][];
  remarks: string[][][];
} = {
  catalogue: { cases: [], total: 0, outcomes: [], remarks: [] },
  visit: null,
  state: null,
  outcomes: [],
  surprises: [],
  remarks: []
};

const names: Record<string, [short: string, long: string]> = {
  native: ['own', 'its own EventSource'],
  'truesource-fetch': ['fetch', 'truesource over fetch'],
  'truesource-xhr': ['XHR', 'truesource over XMLHttpRequest']
};

function canFetch(): boolean {
  return (
    typeof fetch === 'function' &&
    typeof Response === 'function' &&
    'body' in Response.prototype &&
    typeof TextDecoder === 'function' &&
    typeof AbortController === 'function'
  );
}

export function findImplementations(): string[] {
  const found: string[] = [];
  if (typeof EventSource !== 'undefined') found.push('native');
  if (canFetch()) found.push('truesource-fetch');
  found.push('truesource-xhr');
  return found;
}

export function columnsShown(): string[] {
  return page.state
    ? collect(page.state.columns, function (column) {
        return column.implementation;
      })
    : findImplementations();
}

export function nameOf(implementation: string): [string, string] {
  return names[implementation] || [implementation, implementation];
}

function isGood(outcome: string | undefined): boolean {
  return outcome === 'pass' || outcome === 'allowed' || outcome === 'unsupported';
}

export function differs(row: number): boolean {
  const all = page.outcomes[row] || [];
  for (let c = 0; c < all.length; c++) if (all[c] !== undefined && !isGood(all[c])) return true;
  return false;
}

export function countDiffering(): number {
  let count = 0;
  each(page.catalogue.cases, function (_case, row) {
    if (differs(row)) count++;
  });
  return count;
}

export function sectionNames(): string[] {
  const found: string[] = [];
  each(page.catalogue.cases, function (one) {
    if (found.indexOf(one.section) < 0) found.push(one.section);
  });
  return found;
}

export function count(
  section: string | null,
  column: number
): { good: number; answered: number; cases: number } {
  const result = { good: 0, answered: 0, cases: 0 };
  each(page.catalogue.cases, function (one, row) {
    if (section !== null && one.section !== section) return;
    const outcome = page.outcomes[row] && page.outcomes[row]![column];
    if (outcome === 'unsupported' || outcome === 'differs') return;
    result.cases++;
    if (outcome === undefined) return;
    result.answered++;
    if (outcome === 'pass' || outcome === 'allowed') result.good++;
  });
  return result;
}

export function sum(columns: VisitState['columns'], member: 'done' | 'total'): number {
  let result = 0;
  each(columns, function (column) {
    result += column[member];
  });
  return result;
}
