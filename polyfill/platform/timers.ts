import { root } from './globals.ts';

/** Runs tasks in order, each as a task of its own: the microtasks of one are done before the next begins. */
export interface TaskQueue {
  queueATask(steps: () => void): void;
  isEmpty(): boolean;
  /** Forgets the tasks that have not run. */
  clear(): void;
}

/** The longest time that setTimeout takes; anything above fires at once. */
const longestTimeout = 0x7fffffff;

/** Calls `steps` after so many ms, 24.8 days at most. Answers a function that cancels it. */
export function startTimer(steps: () => void, milliseconds: number): () => void {
  const timer = setTimeout(steps, Math.min(milliseconds, longestTimeout));
  return function () {
    clearTimeout(timer);
  };
}

let requestTask: ((steps: () => void) => void) | undefined;

function chooseRequestTask(): (steps: () => void) => void {
  // Node: a MessageChannel would keep the process alive. Its check phase runs microtasks between callbacks.
  if (typeof setImmediate === 'function') return setImmediate;
  if (typeof MessageChannel === 'function') {
    const channel = new MessageChannel();
    const waiting: (() => void)[] = [];
    channel.port1.onmessage = function () {
      waiting.shift()!();
    };
    return function (steps) {
      waiting.push(steps);
      channel.port2.postMessage(0);
    };
  }
  return function (steps) {
    setTimeout(steps, 0);
  };
}

export function createTaskQueue(): TaskQueue {
  let tasks: (() => void)[] = [];
  let next = 0;

  // Requested once per task: all that are due in one turn of Node's event loop cost one turn, and each still has its own microtasks.
  function runOne(): void {
    const task = tasks[next++];
    if (next >= tasks.length) {
      tasks = [];
      next = 0;
    }
    if (task) task();
  }

  return {
    queueATask(steps) {
      tasks.push(steps);
      if (!requestTask) requestTask = chooseRequestTask();
      requestTask(runOne);
    },
    isEmpty() {
      return tasks.length === 0;
    },
    clear() {
      tasks = [];
      next = 0;
    }
  };
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
