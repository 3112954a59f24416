import { root } from './globals.ts';

/** The longest time that setTimeout takes; anything above fires at once. */
const longestTimeout = 0x7fffffff;

/** Calls `steps` after so many ms, 24.8 days at most. Answers a function that cancels it. */
export function startTimer(steps: () => void, milliseconds: number): () => void {
  const timer = setTimeout(steps, Math.min(milliseconds, longestTimeout));
  return function () {
    clearTimeout(timer);
  };
}

/** Tasks that one message runs at most. */
const tasksPerMessage = 64;

/** Tasks that are due; those before `next` have run. */
let due: (() => void)[] = [];
let next = 0;
let request: (() => void) | undefined;

/** Runs the first task that is due. Whoever calls it lets microtasks run before the next call. */
function runTheNextTask(): void {
  const task = due[next++];
  if (next >= due.length) {
    due = [];
    next = 0;
  }
  if (task) task();
}

/** Answers a function that has a task run soon for every call, or a batch of them for the first call of many. */
function chooseRequest(): () => void {
  // A MessageChannel would keep Node alive. Node's check phase runs microtasks between its callbacks.
  if (typeof setImmediate === 'function') {
    return function () {
      setImmediate(runTheNextTask);
    };
  }
  return typeof MessageChannel === 'function'
    ? createChannelRequest()
    : function () {
        setTimeout(runTheNextTask, 0);
      };
}

/**
 * A task of the engine costs many times what an event costs. But when the engine fires an event at a port, it performs a microtask checkpoint
 * after every listener, so one message runs as many tasks of ours as the port has listeners.
 */
function createChannelRequest(): () => void {
  const channel = new MessageChannel();
  const port = channel.port1;
  let isFirst: boolean;
  let checkpointWasPerformed: boolean;

  function post(): void {
    isFirst = true;
    channel.port2.postMessage(0);
  }

  function createListener(isLast: boolean): (event: Event) => void {
    return function (event) {
      if (isFirst) {
        isFirst = false;
        checkpointWasPerformed = typeof Promise !== 'function';
        if (!checkpointWasPerformed) {
          Promise.resolve().then(function () {
            checkpointWasPerformed = true;
          });
        }
      }
      // Events that an engine has written in JavaScript have no checkpoints: there a message runs one task.
      else if (!checkpointWasPerformed) {
        event.stopImmediatePropagation();
        post();
        return;
      }
      if (due.length - next === 1) event.stopImmediatePropagation();
      else if (isLast) post();
      runTheNextTask();
    };
  }

  for (let i = 1; i <= tasksPerMessage; i++) {
    port.addEventListener('message', createListener(i === tasksPerMessage));
  }
  port.start();
  return function () {
    if (due.length - next === 1) post();
  };
}

/** Runs `steps` soon, after those of the calls before, as a task of its own: the microtasks of one are done before the next begins. */
export function queueATask(steps: () => void): void {
  due.push(steps);
  if (!request) request = chooseRequest();
  request();
}

/** Whether the environment says that there is no network. */
export function isOffline(): boolean {
  return typeof navigator !== 'undefined' && navigator.onLine === false && !!root.addEventListener;
}

/** Calls `steps` when the environment says that the network is back. Answers a function that cancels it. */
export function whenOnline(steps: () => void): () => void {
  function cancel(): void {
    root.removeEventListener('online', go);
  }
  function go(): void {
    cancel();
    steps();
  }
  root.addEventListener('online', go);
  return cancel;
}
