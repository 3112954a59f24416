import { append, byId, collect, each, el, fill, request, toggle, type Child } from './suite-dom.ts';
import { drawResult } from './suite-result.ts';
import type { Catalogue, Look, ShownResult, Visit, VisitState } from './visit.ts';

/** The script of the page that runs the suite in its browser. ES5, like all that runs in a page of any age. */

const names: Record<string, [short: string, long: string]> = {
  native: ['own', 'its own EventSource'],
  'truesource-fetch': ['fetch', 'truesource over fetch'],
  'truesource-xhr': ['XHR', 'truesource over XMLHttpRequest']
};
/** ms between two looks, and after one that was not answered. */
const lookInterval = 500;
const retryInterval = 2000;
/** ms without a new result, or an answer of the server, after which the page says what it waits for. */
const silence = 6000;

let catalogue: Catalogue;
let globs: string[] = [];
let visit: { id: string; key?: string } | null = null;
let state: VisitState | null = null;
let outcomes: (string | undefined)[][] = [];
let surprises: boolean[][] = [];
let remarks: string[][][] = [];
let resultCount = 0;
let lastResultAt = 0;
let frame: string | null = null;
let isBeginning = false;
let looking: ReturnType<typeof setTimeout>;
let said = '';
let hiddenAt = 0;
let sleptFor = 0;
let showsAll = true;
let openCell: { row: number; column: number } | null = null;

// The one that runs the cases is known by the name of its window, which a reload keeps.

function keep(one: Visit): void {
  window.name = 'truesource ' + one.id + ' ' + one.key;
  location.hash = one.id;
}

function recall(): { id: string; key?: string } | null {
  const id = location.hash.slice(1).split('/')[0]!;
  if (!/^[0-9a-f]+$/.test(id)) return null;
  const kept = window.name.split(' ');
  return kept[0] === 'truesource' && kept[1] === id ? { id: id, key: kept[2]! } : { id: id };
}

function canFetch(): boolean {
  return (
    typeof fetch === 'function' &&
    typeof Response === 'function' &&
    'body' in Response.prototype &&
    typeof TextDecoder === 'function' &&
    typeof AbortController === 'function'
  );
}

function findImplementations(): string[] {
  const found: string[] = [];
  if (typeof EventSource !== 'undefined') found.push('native');
  if (canFetch()) found.push('truesource-fetch');
  found.push('truesource-xhr');
  return found;
}

function isHidden(): boolean {
  return (
    document.hidden === true || (document as unknown as { webkitHidden?: boolean }).webkitHidden === true
  );
}

/** In the live region: only what is worth an interruption. */
function say(text: string): void {
  if (text === said) return;
  said = text;
  fill(byId('status'), [text]);
}

/** Of the server, which may be stopped for a while. */
function ask(
  method: string,
  path: string,
  body: object | null,
  callback: (answer: unknown, problem: string | null, status: number) => void
): void {
  const late = 'The server has not answered for a while. What is shown stays; this goes on when it does.';
  const timer = setTimeout(function () {
    say(late);
  }, silence);
  request(method, path, body, function (answer, problem, status) {
    clearTimeout(timer);
    if (said === late) say('');
    callback(answer, problem, status);
  });
}

// A run

function begin(): void {
  // Not by disabling the button, which would lose the focus.
  if (isBeginning) return;
  isBeginning = true;
  const body = { implementations: findImplementations(), cases: globs };
  ask('POST', '/visits', body, function (answer, problem) {
    isBeginning = false;
    if (problem !== null) return say('The run could not begin: ' + problem);
    visit = answer as Visit;
    keep(answer as Visit);
    follow();
  });
}

function follow(): void {
  state = null;
  outcomes = collect(catalogue.cases, function () {
    return [];
  });
  surprises = collect(catalogue.cases, function () {
    return [];
  });
  remarks = collect(catalogue.cases, function () {
    return [];
  });
  resultCount = 0;
  lastResultAt = +new Date();
  openCell = null;
  showsAll = true;
  look();
}

function look(): void {
  clearTimeout(looking);
  const one = visit;
  if (!one) return;
  const body: Look = { from: resultCount, hidden: isHidden() };
  if (one.key !== undefined) body.key = one.key;
  ask('POST', '/visits/' + one.id + '/look', body, function (answer, problem, status) {
    if (one !== visit) return;
    if (status === 404) {
      visit = null;
      window.name = '';
      location.hash = '';
      if (state) {
        state.state = 'stopped';
        document.title = 'Lost – truesource';
      }
      showFrame(null);
      say('Of that run nothing is left: ' + problem);
      draw();
      return;
    }
    if (problem !== null) {
      say('There is no answer: ' + problem + '. What is shown stays; the run goes on when there is one.');
      looking = setTimeout(look, retryInterval);
      return;
    }
    take(answer as VisitState);
    if (state && (state.state === 'running' || state.state === 'waiting'))
      looking = setTimeout(look, lookInterval);
  });
}

function take(next: VisitState): void {
  if (next.cases.join(' ') !== globs.join(' ')) {
    globs = next.cases;
    return loadCases(follow);
  }
  const isFirst = state === null;
  const before = state;
  if (next.results.length > 0) lastResultAt = +new Date();
  each(next.results, function (result) {
    outcomes[result[0]]![result[1]] = result[2];
    surprises[result[0]]![result[1]] = result[3];
    remarks[result[0]]![result[1]] = result[4];
  });
  resultCount += next.results.length;
  state = next;
  const isOver = next.state === 'done' || next.state === 'stopped';
  if (visit!.key !== undefined) showFrame(isOver ? null : next.frame);
  if (isFirst) draw();
  else if (next.results.length > 0 || isOver) {
    drawSummary();
    // What somebody reads, or has the focus in, stays where it is.
    if (
      isOver &&
      before!.state !== next.state &&
      !openCell &&
      !byId('cases').contains(document.activeElement)
    )
      showsAll = countDiffering() === 0;
    drawResults(next.results);
  }
  drawControls();
  sayWhatHappens(next);
}

function sayWhatHappens(now: VisitState): void {
  const total = sum(now.columns, 'total');
  const done = sum(now.columns, 'done');
  const percent = total ? Math.floor((100 * done) / total) : 0;
  const isOver = now.state === 'done' || now.state === 'stopped';
  const isMine = visit!.key !== undefined;
  document.title =
    (isOver
      ? 'Done'
      : now.state === 'waiting' || isHidden()
        ? 'Paused at ' + percent + ' %'
        : percent + ' %') + ' – truesource';
  if (isOver) {
    say(
      (now.state === 'done' ? 'Done in ' : 'Stopped after ') +
        Math.round(now.elapsed / 1000) +
        ' s. ' +
        now.browser +
        ' did what the standard says: ' +
        collect(now.columns, function (column, c) {
          const counted = count(null, c);
          return nameOf(column.implementation)[1] + ' in ' + counted.good + ' of ' + counted.cases + ' cases';
        }).join(', ') +
        '.'
    );
  } else if (now.state === 'waiting' && !isMine) {
    say(
      'The page that runs this in ' +
        now.browser +
        ' is in the background, or closed. It goes on when it is back.'
    );
  } else if (sleptFor > 0) {
    say(
      'This page was in the background for ' +
        Math.round(sleptFor / 1000) +
        ' s and the run waited, because browsers slow such pages down. Nothing is lost; it goes on.'
    );
    if (+new Date() - hiddenAt - sleptFor > 4000) sleptFor = 0;
  } else if (+new Date() - lastResultAt > silence && now.waitingFor.length > 0) {
    say(
      'Waiting for an answer of ' + now.waitingFor.join(', ') + '. The run goes on without one after a while.'
    );
  } else {
    let running = '';
    let finished = '';
    each(now.columns, function (column, c) {
      if (column.state === 'starting' || column.state === 'running')
        running = nameOf(column.implementation)[1];
      if (column.state !== 'done') return;
      const counted = count(null, c);
      finished +=
        nameOf(column.implementation)[1] +
        ' is done: ' +
        counted.good +
        ' of ' +
        counted.cases +
        ' cases as the standard says. ';
    });
    const again = now.frame !== null && !/-1\/$/.test(now.frame);
    say(
      (isMine ? '' : 'A run in another tab or browser, ' + now.browser + '. ') +
        finished +
        (running ? 'Running ' + running + '.' : 'Starting.') +
        (again ? ' What failed or hung is tried again: what passes now is flaky, and the worst counts.' : '')
    );
  }
}

function showFrame(address: string | null): void {
  if (address === frame) return;
  frame = address;
  toggle(byId('stage'), address !== null);
  fill(
    byId('frames'),
    address === null
      ? []
      : [
          el('iframe', {
            src: address,
            title: 'The frames in which the cases run',
            height: 34,
            scrolling: 'no'
          })
        ]
  );
}

function sum(columns: VisitState['columns'], member: 'done' | 'total'): number {
  let result = 0;
  each(columns, function (column) {
    result += column[member];
  });
  return result;
}

// What is shown

function columnsShown(): string[] {
  return state
    ? collect(state.columns, function (column) {
        return column.implementation;
      })
    : findImplementations();
}

function nameOf(implementation: string): [string, string] {
  return names[implementation] || [implementation, implementation];
}

function isGood(outcome: string | undefined): boolean {
  return outcome === 'pass' || outcome === 'allowed' || outcome === 'unsupported';
}

function differs(row: number): boolean {
  const all = outcomes[row] || [];
  for (let c = 0; c < all.length; c++) if (all[c] !== undefined && !isGood(all[c])) return true;
  return false;
}

function countDiffering(): number {
  let count = 0;
  each(catalogue.cases, function (_case, row) {
    if (differs(row)) count++;
  });
  return count;
}

function sectionNames(): string[] {
  const found: string[] = [];
  each(catalogue.cases, function (one) {
    if (found.indexOf(one.section) < 0) found.push(one.section);
  });
  return found;
}

function count(section: string | null, column: number): { good: number; answered: number; cases: number } {
  const result = { good: 0, answered: 0, cases: 0 };
  each(catalogue.cases, function (one, row) {
    if (section !== null && one.section !== section) return;
    const outcome = outcomes[row] && outcomes[row]![column];
    if (outcome === 'unsupported' || outcome === 'differs') return;
    result.cases++;
    if (outcome === undefined) return;
    result.answered++;
    if (outcome === 'pass' || outcome === 'allowed') result.good++;
  });
  return result;
}

/** Rows are drawn anew only if there are others: a button that has the focus would lose it. */
function drawResults(results: VisitState['results']): void {
  const rows = byId('cases').querySelectorAll('tbody tr[id^="row-"]').length;
  if (rows !== (showsAll ? catalogue.cases.length : countDiffering())) return drawCases();
  drawLegend();
  drawFilter();
  each(results, function (result) {
    drawCell(result[0], result[1]);
  });
}

/** What occurs, in words. */
function drawLegend(): void {
  const items: Child[] = [];
  each(catalogue.outcomes, function (outcome) {
    let occurs = false;
    each(outcomes, function (row) {
      if (row.indexOf(outcome[0]) >= 0) occurs = true;
    });
    if (!occurs) return;
    items.push(el('li', {}, [drawOutcome(outcome[0]), ' ' + outcome[0] + ': ' + outcome[1].words]));
  });
  each(catalogue.remarks, function (remark) {
    let occurs = false;
    each(remarks, function (row) {
      each(row, function (cell) {
        if (cell && cell.indexOf(remark[0]) >= 0) occurs = true;
      });
    });
    if (occurs) items.push(el('li', {}, [remark[1].sign + ' ' + remark[0] + ': ' + remark[1].words]));
  });
  fill(byId('legend'), items);
  toggle(byId('legend'), items.length > 0);
}

function draw(): void {
  drawControls();
  drawSummary();
  drawCases();
}

function drawControls(): void {
  const isRunning = state !== null && (state.state === 'running' || state.state === 'waiting');
  const isMine = visit !== null && visit.key !== undefined;
  const canRun = !isRunning || !isMine;
  const focused = document.activeElement;
  toggle(byId('run'), canRun);
  fill(byId('run'), [state && isMine ? 'Run again in this browser' : 'Run in this browser']);
  toggle(byId('stop'), !canRun);
  // Each stands in the other's place.
  if (focused === byId(canRun ? 'stop' : 'run')) byId(canRun ? 'run' : 'stop').focus();
  const hasReport = visit !== null && state !== null && !isRunning;
  toggle(byId('reports'), hasReport);
  if (hasReport) {
    byId('save').setAttribute('href', '/visits/' + visit!.id + '/report.json');
    byId('full').setAttribute('href', '/visits/' + visit!.id + '/report.html');
  }
  const bar = byId('bar');
  toggle(bar, isRunning);
  fill(byId('left'), isRunning ? [describeRest(state!)] : []);
  if (!isRunning) return;
  const total = sum(state!.columns, 'total');
  const percent = total ? Math.floor((100 * sum(state!.columns, 'done')) / total) : 0;
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

function drawSummary(): void {
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
  each(state ? state.columns : [], function (column) {
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

function drawFilter(): void {
  toggle(byId('filter'), state !== null);
  (byId('differing') as HTMLInputElement).checked = !showsAll;
  (byId('all') as HTMLInputElement).checked = showsAll;
  fill(byId('differing-label'), ['What is not as the standard says (' + countDiffering() + ')']);
  fill(byId('all-label'), ['All cases (' + catalogue.cases.length + ')']);
}

function drawCases(): void {
  drawLegend();
  drawFilter();
  const columns = columnsShown();
  const bodies: Child[] = [];
  each(sectionNames(), function (section) {
    const rows: Child[] = [];
    each(catalogue.cases, function (one, row) {
      if (one.section !== section || !(showsAll || differs(row))) return;
      const cells: Child[] = [el('th', { scope: 'row', title: one.id }, [one.title])];
      each(columns, function (_name, c) {
        cells.push(el('td', { id: 'cell-' + row + '-' + c }, [drawMark(row, c)]));
      });
      rows.push(el('tr', { id: 'row-' + row }, cells));
    });
    if (rows.length === 0) return;
    bodies.push(
      el(
        'tbody',
        {},
        (
          [
            el('tr', { class: 'section' }, [
              el('th', { scope: 'rowgroup', colspan: columns.length + 1 }, [section])
            ])
          ] as Child[]
        ).concat(rows)
      )
    );
  });
  fill(byId('cases'), [
    el('thead', {}, [
      el(
        'tr',
        {},
        ([el('th', { scope: 'col' }, ['Case'])] as Child[]).concat(
          collect(columns, function (name) {
            return el('th', { scope: 'col' }, [el('abbr', { title: nameOf(name)[1] }, [nameOf(name)[0]])]);
          })
        )
      )
    ])
  ]);
  append(byId('cases'), bodies);
  toggle(byId('nothing'), bodies.length === 0);
  makeOneTabbable();
  if (openCell) showResult(openCell.row, openCell.column);
}

function drawCell(row: number, column: number): void {
  const cell = document.getElementById('cell-' + row + '-' + column);
  if (cell) fill(cell, [drawMark(row, column)]);
  if (!document.getElementById('cases')!.querySelector('button[tabindex="0"]')) makeOneTabbable();
}

function drawMark(row: number, column: number): Child {
  const outcome = outcomes[row] && outcomes[row]![column];
  if (outcome === undefined) return null;
  const surprise = surprises[row]![column];
  const said = [outcome].concat(remarks[row]![column]!);
  const button = el(
    'button',
    {
      type: 'button',
      tabindex: -1,
      class: markClass(outcome) + (surprise ? ' surprise' : ''),
      'aria-expanded': 'false',
      'aria-label':
        said.join(', ') + ': ' + catalogue.cases[row]!.title + ', ' + nameOf(columnsShown()[column]!)[1],
      title: said.join(', ')
    },
    [collect(said, signOf).join('')]
  );
  button.onclick = function () {
    if (openCell && openCell.row === row && openCell.column === column) closeResult();
    else showResult(row, column);
  };
  button.onkeydown = function (event) {
    move(row, column, event);
  };
  return button;
}

function signOf(name: string): string {
  let sign = '';
  each(catalogue.outcomes.concat(catalogue.remarks), function (one) {
    if (one[0] === name) sign = one[1].sign;
  });
  return sign;
}

function markClass(outcome: string): string {
  return 'mark ' + outcome.replace(' ', '-');
}

/** Beside words that say the same. */
function drawOutcome(outcome: string): Child {
  return el('span', { class: markClass(outcome), 'aria-hidden': 'true' }, [signOf(outcome)]);
}

// One result can be reached with the tab key, the others from there with the arrow keys.

function makeOneTabbable(): void {
  const first = byId('cases').querySelector('button');
  if (first) first.setAttribute('tabindex', '0');
}

function buttonAt(row: number, column: number): HTMLElement | null {
  const cell = document.getElementById('cell-' + row + '-' + column);
  return cell && cell.querySelector('button');
}

function move(row: number, column: number, event: KeyboardEvent): void {
  if (event.altKey || event.ctrlKey || event.metaKey) return;
  const code = event.keyCode;
  if (code < 37 || code > 40) return;
  event.preventDefault();
  const rowStep = code === 38 ? -1 : code === 40 ? 1 : 0;
  const columnStep = code === 37 ? -1 : code === 39 ? 1 : 0;
  let nextRow = row + rowStep;
  let nextColumn = column + columnStep;
  const columns = columnsShown().length;
  while (nextRow >= 0 && nextRow < catalogue.cases.length && nextColumn >= 0 && nextColumn < columns) {
    const next = buttonAt(nextRow, nextColumn);
    if (next) {
      const old = byId('cases').querySelectorAll('button[tabindex="0"]');
      for (let i = 0; i < old.length; i++) old[i]!.setAttribute('tabindex', '-1');
      next.setAttribute('tabindex', '0');
      next.focus();
      return;
    }
    nextRow += rowStep;
    nextColumn += columnStep;
  }
}

// A result on demand

function closeResult(): void {
  const old = document.getElementById('result');
  if (old) old.parentNode!.removeChild(old);
  if (!openCell) return;
  const button = buttonAt(openCell.row, openCell.column);
  if (button) button.setAttribute('aria-expanded', 'false');
  openCell = null;
}

function showResult(row: number, column: number): void {
  closeResult();
  const line = document.getElementById('row-' + row);
  const button = buttonAt(row, column);
  if (!line || !button) return;
  openCell = { row: row, column: column };
  button.setAttribute('aria-expanded', 'true');
  const content = el('div', { class: 'result', role: 'region', tabindex: 0, 'aria-label': 'Result' }, ['…']);
  const detail = el('tr', { id: 'result' }, [el('td', { colspan: columnsShown().length + 1 }, [content])]);
  line.parentNode!.insertBefore(detail, line.nextSibling);
  if (!visit) return fill(content, ['It could not be had: the server does not know this run any more.']);
  ask(
    'GET',
    '/visits/' + visit.id + '/result?case=' + row + '&column=' + column,
    null,
    function (answer, problem) {
      if (problem !== null) fill(content, ['It could not be had: ' + problem]);
      else
        fill(
          content,
          drawResult(
            answer as ShownResult,
            nameOf(columnsShown()[column]!)[1],
            catalogue.cases[row]!.id,
            drawOutcome((answer as ShownResult).outcome)
          )
        );
    }
  );
}

// Start

function readGlobs(search: string): string[] {
  const found: string[] = [];
  each(search.slice(1).split('&'), function (pair) {
    const match = /^case=(.+)$/.exec(pair);
    if (match) found.push(decode(match[1]!.replace(/\+/g, ' ')));
  });
  return found;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // What was typed by hand may be no encoding; the server then says that it knows no such case.
    return text;
  }
}

function loadCases(callback: () => void): void {
  const query = collect(globs, function (glob) {
    return 'case=' + encodeURIComponent(glob);
  }).join('&');
  ask('GET', '/visits/cases?' + query, null, function (answer, problem) {
    if (problem !== null) return say('The cases could not be listed: ' + problem);
    catalogue = answer as Catalogue;
    callback();
  });
}

function start(): void {
  globs = readGlobs(location.search);
  byId('run').onclick = begin;
  byId('stop').onclick = function () {
    ask('POST', '/visits/' + visit!.id + '/stop', {}, look);
  };
  byId('all').onclick = byId('differing').onclick = function () {
    showsAll = (byId('all') as HTMLInputElement).checked;
    closeResult();
    drawCases();
  };
  document.onkeydown = function (event) {
    // keyCode: old engines have no key.
    if (event.keyCode !== 27 || !openCell) return;
    const button = buttonAt(openCell.row, openCell.column);
    closeResult();
    if (button) button.focus();
  };
  const onVisibility = function (): void {
    if (isHidden()) hiddenAt = +new Date();
    else if (hiddenAt) sleptFor = +new Date() - hiddenAt;
    if (!state || state.state === 'running' || state.state === 'waiting') look();
  };
  document.addEventListener('visibilitychange', onVisibility);
  document.addEventListener('webkitvisibilitychange', onVisibility);
  loadCases(function () {
    fill(byId('count'), [
      catalogue.cases.length === catalogue.total
        ? String(catalogue.total)
        : catalogue.cases.length + ' of ' + catalogue.total
    ]);
    (byId('run') as HTMLButtonElement).disabled = false;
    visit = recall();
    if (visit) follow();
    else draw();
  });
}

start();
