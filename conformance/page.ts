/** What the page of a session was told by the runner. ES5, like all that runs in a page. */
export interface PageSession {
  /** Path of the session, with a slash at its end. */
  path: string;
  implementation: string;
  lanes: number;
  /** The script or module to load, which of the two it is, and the export to take, if it was named; null for `native`. */
  load: { url: string; module: boolean; exportName?: string } | null;
  /** Globals that are taken away before it is loaded. */
  removed: string[];
  /** The worker in which the page has the jobs run, rather than in its window. */
  worker: 'dedicated worker' | 'shared worker' | null;
}

declare global {
  interface Window {
    truesourceSession: PageSession;
    truesourceModule?: Record<string, unknown>;
    truesourceModuleLoaded?: () => void;
    /** `import()`, which is no ES5, in a worker that is to load a module. */
    truesourceImport?: (url: string) => Promise<Record<string, unknown>>;
  }
  // As of the scope of a worker.
  function importScripts(url: string): void;
}

export const session = self.truesourceSession;

// Taken before an implementation is installed, or one of them removed.
const PageRequest = XMLHttpRequest;
const native = self.EventSource as unknown;

/** Posts JSON to the session; `callback` gets the answer, and nothing is called if the runner has gone. */
export function post(path: string, body: object, callback: (answer: unknown) => void, attempts = 5): void {
  const request = new PageRequest();
  request.open('POST', session.path + path);
  request.setRequestHeader('Content-Type', 'application/json');
  request.onreadystatechange = function () {
    if (request.readyState !== 4) return;
    if (request.status === 200) callback(JSON.parse(request.responseText));
    // The browser may have reused a connection that the server was about to close.
    else if (request.status === 0 && attempts > 1) setTimeout(again, 50);
  };
  request.send(JSON.stringify(body).replace(/[\u0080-\uffff]/g, escapeCharacter));

  function again(): void {
    post(path, body, callback, attempts - 1);
  }
}

/** QtWebKit normalizes the text that it sends. */
function escapeCharacter(character: string): string {
  return '\\u' + ('000' + character.charCodeAt(0).toString(16)).slice(-4);
}

export function getOrigin(): string {
  return location.protocol + '//' + location.host;
}

/** Whether this is the page of a session whose jobs run in a worker. */
export function isPageOfAWorker(): boolean {
  return session.worker !== null && typeof document !== 'undefined';
}

/** Starts the worker that runs the session's jobs, or tells the runner why it cannot be started. */
export function startWorker(): void {
  const name = session.worker === 'shared worker' ? 'SharedWorker' : 'Worker';
  if (!(name in self)) return fail('there is no ' + name);
  const worker = new self[name]('worker.js');
  worker.onerror = function (event: Event) {
    // What a case's listener throws comes here as well, with a message.
    if (!('message' in event)) fail('the script of the worker could not be loaded');
  };
}

/**
 * Brings the implementation under test into the page, or the worker: the native one as it is; else what the script installs, or exports, where nothing
 * native is left. Calls back with the constructor, or tells the runner why there is none.
 */
export function loadImplementation(callback: (EventSource: unknown) => void): void {
  const load = session.load;
  if (!load) {
    if (native) callback(native);
    else fail('there is no native EventSource');
    return;
  }
  const removed = session.removed;
  const globals = self as unknown as Record<string, unknown>;
  for (let i = 0; i < removed.length; i++) {
    const name = removed[i]!;
    // eslint-disable-next-line @typescript-eslint/no-dynamic-delete -- Reflect.deleteProperty is not ES5
    delete globals[name];
    if (globals[name] !== undefined) return fail('the native ' + name + ' could not be removed');
  }
  if (session.implementation === 'truesource-fetch' && !globals.fetch) return fail('there is no fetch');

  let problem = '';
  self.onerror = function (message) {
    problem = String(message);
    // A module that fails fires neither load nor error at its script.
    if (load.module) fail(problem);
  };
  // For scripts that export as CommonJS does.
  const module = { exports: {} };
  globals.module = module;
  globals.exports = module.exports;
  if (typeof document === 'undefined') return loadInWorker(load);
  self.truesourceModuleLoaded = loaded;
  const script = document.createElement('script');
  script.onerror = function () {
    fail('the script could not be loaded');
  };
  if (load.module) {
    if (!('noModule' in script)) return fail('there are no modules in this engine');
    script.type = 'module';
    script.text =
      'import * as it from ' +
      JSON.stringify(load.url) +
      ';self.truesourceModule=it;truesourceModuleLoaded()';
  } else {
    script.onload = loaded;
    script.src = load.url;
  }
  document.documentElement.appendChild(script);

  function loadInWorker(what: NonNullable<PageSession['load']>): void {
    if (!what.module) {
      try {
        importScripts(what.url);
      } catch (error) {
        problem = String(error);
      }
      loaded();
      return;
    }
    self.truesourceImport!(what.url).then(
      function (exported) {
        self.truesourceModule = exported;
        loaded();
      },
      function (error) {
        fail(String(error));
      }
    );
  }

  function loaded(): void {
    self.onerror = null;
    const EventSource = findConstructor();
    delete globals.module;
    delete globals.exports;
    if (typeof EventSource !== 'function')
      fail(
        problem ||
          'the script neither installed nor exported ' +
            (load!.exportName ? 'a constructor ' + load!.exportName : 'an EventSource')
      );
    else if (EventSource === native) fail('the native EventSource is back');
    else callback(EventSource);
  }

  function findConstructor(): unknown {
    if (session.implementation.indexOf('truesource-') === 0) return globals.EventSource;
    const exported = (self.truesourceModule || module.exports) as Record<string, unknown>;
    const inner = Object(exported.default) as Record<string, unknown>;
    const name = load!.exportName;
    if (name) return exported[name] || inner[name] || globals[name];
    if (typeof exported === 'function') return exported;
    const candidates = [exported.EventSource, inner.EventSource, exported.default];
    for (let i = 0; i < candidates.length; i++) {
      if (typeof candidates[i] === 'function') return candidates[i];
    }
    return globals.EventSource;
  }
}

function fail(reason: string): void {
  post('broken', { reason: reason }, function () {});
}
