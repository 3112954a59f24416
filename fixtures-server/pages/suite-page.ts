import { byId, collect, each, el, fill, toggle } from './suite-dom.ts';
import { drawCases, drawResults, listenToCases, showAllCases, showDifferingCases } from './suite-cases.ts';
import { ask, say, silence } from './suite-server.ts';
import { count, findImplementations, nameOf, page, sum } from './suite-state.ts';
import { drawControls, drawSummary } from './suite-summary.ts';
import type { Catalogue, Look, Visit, VisitState } from './visit.ts';

/** The script of the page that runs the suite in its browser. ES5, like all that runs in a page of any age. */

/** ms between two looks, and after one that was not answered. */
const lookInterval = 500;
const retryInterval = 2000;

let globs: string[] = [];
let resultCount = 0;
let lastResultAt = 0;
let frame: string | null = null;
let isBeginning = false;
/** Whether it shows a run that it found in its address, and has no answer yet. */
let isOpened = false;
let looking: ReturnType<typeof setTimeout>;
let hiddenAt = 0;
/** When it had a turn last. */
let turnAt = 0;
/** The last, until it has been told of for a while: hidden, or with its process or the machine. */
let sleep: { end: number; duration: number; wasHidden: boolean } | null = null;

// The one that runs the cases is known by the name of its window, which a reload keeps.

function keep(one: { id: string; key?: string }): void {
  window.name = one.key === undefined ? '' : 'truesource ' + one.id + ' ' + one.key;
  location.hash = one.id;
}

function recall(): { id: string; key?: string } | null {
  const id = location.hash.slice(1).split('/')[0]!;
  if (!/^[0-9a-f]+$/.test(id)) return null;
  const kept = window.name.split(' ');
  return kept[0] === 'truesource' && kept[1] === id ? { id: id, key: kept[2]! } : { id: id };
}

function isHidden(): boolean {
  return (
    document.hidden === true || (document as unknown as { webkitHidden?: boolean }).webkitHidden === true
  );
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
    page.visit = answer as Visit;
    keep(answer as Visit);
    follow();
  });
}

function follow(): void {
  page.state = null;
  page.outcomes = collect(page.catalogue.cases, function () {
    return [];
  });
  page.surprises = collect(page.catalogue.cases, function () {
    return [];
  });
  page.remarks = collect(page.catalogue.cases, function () {
    return [];
  });
  resultCount = 0;
  sleep = null;
  turnAt = lastResultAt = +new Date();
  showAllCases();
  look();
}

function look(): void {
  clearTimeout(looking);
  const one = page.visit;
  if (!one) return;
  const body: Look = { from: resultCount, hidden: isHidden(), isOpened: isOpened };
  if (one.key !== undefined) body.key = one.key;
  ask('POST', '/visits/' + one.id + '/look', body, function (answer, problem, status) {
    // Of two looks at once, one has told what the other tells.
    if (one !== page.visit || body.from !== resultCount) return;
    if (status === 404) {
      page.visit = null;
      window.name = '';
      location.hash = '';
      if (page.state) {
        page.state.state = 'stopped';
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
    isOpened = false;
    take(answer as VisitState);
    if (page.state && (page.state.state === 'running' || page.state.state === 'waiting'))
      looking = setTimeout(look, lookInterval);
  });
}

function take(next: VisitState): void {
  if (next.cases.join(' ') !== globs.join(' ')) {
    globs = next.cases;
    return loadCases(follow);
  }
  const isFirst = page.state === null;
  const before = page.state;
  if (next.results.length > 0) lastResultAt = +new Date();
  each(next.results, function (result) {
    page.outcomes[result[0]]![result[1]] = result[2];
    page.surprises[result[0]]![result[1]] = result[3];
    page.remarks[result[0]]![result[1]] = result[4];
  });
  resultCount += next.results.length;
  page.state = next;
  const isOver = next.state === 'done' || next.state === 'stopped';
  const isMine = next.key !== undefined;
  if (page.visit!.key !== next.key) {
    page.visit = isMine ? { id: page.visit!.id, key: next.key! } : { id: page.visit!.id };
    keep(page.visit);
  }
  showFrame(isMine && !isOver ? next.frame : null);
  if (isFirst) draw();
  else if (next.results.length > 0 || isOver) {
    drawSummary();
    if (isOver && before!.state !== next.state) showDifferingCases();
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
  const isMine = page.visit!.key !== undefined;
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
        ' is in the background, or closed, or a case has hung it. It goes on when that page is back, or, if it was closed or hung, after a while in another page of that browser that shows this run.'
    );
  } else if (sleep) {
    say(
      (sleep.wasHidden ? 'This page was in the background for ' : 'This page was asleep, or busy, for ') +
        Math.round(sleep.duration / 1000) +
        ' s and the run waited' +
        (sleep.wasHidden ? ', because browsers slow such pages down' : '') +
        '. Nothing is lost; it goes on.'
    );
    if (+new Date() - sleep.end > 4000) sleep = null;
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
        'Finished: ' +
        nameOf(column.implementation)[1] +
        ', ' +
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

function draw(): void {
  drawControls();
  drawSummary();
  drawCases();
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
    page.catalogue = answer as Catalogue;
    callback();
  });
}

function wake(since: number, wasHidden: boolean): void {
  const now = +new Date();
  sleep = { end: now, duration: now - since, wasHidden: wasHidden };
}

function start(): void {
  globs = readGlobs(location.search);
  byId('run').onclick = begin;
  byId('stop').onclick = function () {
    ask('POST', '/visits/' + page.visit!.id + '/stop', {}, look);
  };
  listenToCases();
  const onVisibility = function (): void {
    turnAt = +new Date();
    if (isHidden()) hiddenAt = turnAt;
    else if (hiddenAt) wake(hiddenAt, true);
    if (!page.state || page.state.state === 'running' || page.state.state === 'waiting') look();
  };
  turnAt = +new Date();
  setInterval(function () {
    const now = +new Date();
    if (now - turnAt > silence && !isHidden()) wake(turnAt, false);
    turnAt = now;
  }, 1000);
  document.addEventListener('visibilitychange', onVisibility);
  document.addEventListener('webkitvisibilitychange', onVisibility);
  loadCases(function () {
    fill(byId('count'), [
      page.catalogue.cases.length === page.catalogue.total
        ? String(page.catalogue.total)
        : page.catalogue.cases.length + ' of ' + page.catalogue.total
    ]);
    (byId('run') as HTMLButtonElement).disabled = false;
    page.visit = recall();
    isOpened = page.visit !== null;
    if (isOpened) follow();
    else draw();
  });
}

start();
