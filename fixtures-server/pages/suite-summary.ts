import { byId, collect, el, fill, each, toggle, type Child } from './suite-dom.ts';
import { columnsShown, count, nameOf, page, sectionNames, sum } from './suite-state.ts';
import type { VisitState } from './visit.ts';

// The buttons of the page of the suite, what is left of a run, and how many cases did what the standard says. ES5.

export function drawControls(): void {
  const isRunning = page.state !== null && (page.state.state === 'running' || page.state.state === 'waiting');
  const isMine = page.visit !== null && page.visit.key !== undefined;
  const canRun = !isRunning || !isMine;
  const focused = document.activeElement;
  toggle(byId('run'), canRun);
  fill(byId('run'), [page.state && isMine ? 'Run again in this browser' : 'Run in this browser']);
  toggle(byId('stop'), !canRun);
  // Each stands in the other's place.
  if (focused === byId(canRun ? 'stop' : 'run')) byId(canRun ? 'run' : 'stop').focus();
  const hasReport = page.visit !== null && page.state !== null && !isRunning;
  toggle(byId('reports'), hasReport);
  if (hasReport) {
    byId('save').setAttribute('href', '/visits/' + page.visit!.id + '/report.json');
    byId('full').setAttribute('href', '/visits/' + page.visit!.id + '/report.html');
  }
  const bar = byId('bar');
  toggle(bar, isRunning);
  fill(byId('left'), isRunning ? [describeRest(page.state!)] : []);
  if (!isRunning) return;
  const total = sum(page.state!.columns, 'total');
  const percent = total ? Math.floor((100 * sum(page.state!.columns, 'done')) / total) : 0;
  bar.setAttribute('aria-valuenow', String(percent));
  byId('done').style.width = percent + '%';
}

/** What is left of a run. Not in the live region: it changes with every look. */
function describeRest(now: VisitState): string {
  const rest = sum(now.columns, 'total') - sum(now.columns, 'done');
  const done = sum(now.columns, 'done');
  // Before that the first answers say too little of the speed.
  const seconds = done > rest / 20 ? Math.ceil((now.elapsed * rest) / done / 5000) * 5 : 0;
  return rest + ' runs are left' + (seconds > 0 ? ', for about ' + seconds + ' s' : '') + '.';
}

export function drawSummary(): void {
  const columns = columnsShown();
  const head = collect(columns, function (implementation) {
    const name = nameOf(implementation);
    return el('th', { scope: 'col', class: 'number' }, [
      el('span', { class: 'long' }, [name[1]]),
      el('span', { class: 'short' }, [name[0]])
    ]);
  });
  const rows = collect(sectionNames(), function (section) {
    return el(
      'tr',
      {},
      ([el('th', { scope: 'row' }, [section])] as Child[]).concat(
        collect(columns, function (_name, c) {
          return drawCount(count(section, c));
        })
      )
    );
  });
  const totals = el(
    'tr',
    { class: 'total' },
    ([el('th', { scope: 'row' }, ['all'])] as Child[]).concat(
      collect(columns, function (_name, c) {
        return drawCount(count(null, c));
      })
    )
  );
  fill(byId('summary'), [
    el('caption', {}, ['How many of the cases did what the standard says']),
    el('thead', {}, [el('tr', {}, ([el('th', { scope: 'col' }, ['Section'])] as Child[]).concat(head))]),
    el('tbody', {}, (rows as Child[]).concat([totals]))
  ]);
  const notes: Child[] = [];
  if (columns.indexOf('native') < 0)
    notes.push(el('li', {}, ['This browser has no EventSource of its own.']));
  if (columns.indexOf('truesource-fetch') < 0)
    notes.push(el('li', {}, ['It has no fetch that can stream, so truesource uses XMLHttpRequest here.']));
  each(page.state ? page.state.columns : [], function (column) {
    if (column.note !== undefined)
      notes.push(el('li', {}, [nameOf(column.implementation)[1] + ': ' + column.note]));
  });
  fill(byId('notes'), notes);
}

function drawCount(counted: { good: number; answered: number; cases: number }): HTMLElement {
  const isWhole = counted.answered === counted.cases;
  const isLess = counted.good < counted.answered;
  return el(
    'td',
    { class: 'number' + (counted.answered === 0 ? ' none' : isLess ? ' less' : isWhole ? ' whole' : '') },
    [
      counted.answered === 0 ? '–' : counted.good + '\u00a0/ ' + counted.answered,
      isWhole || counted.answered === 0 ? null : el('span', { class: 'none' }, [' of\u00a0' + counted.cases])
    ]
  );
}
