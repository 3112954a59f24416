import { root } from './globals.ts';

/** The longest time that setTimeout takes; anything above fires at once. */
export const longestTimeout = 0x7fffffff;

/** Calls `steps` after so many ms, 24.8 days at most. Answers a function that cancels it. */
export function startTimer(steps: () => void, milliseconds: number): () => void {
  const timer = setTimeout(steps, Math.min(milliseconds, longestTimeout));
  return () => {
    clearTimeout(timer);
  };
}

/** Tasks that one message runs at most. */
const tasksPerMessage = 256;

/** Tasks that wait for a message, of which one is under way then; those before `next` have run. */
let due: (() => void)[] = [];
let next = 0;
let post: (() => void) | undefined;
/** Tasks that wait as immediates. */
let immediates = 0;

/** The engine's own: in tests that put a clock of theirs in place of the timers, events come as they do from other EventSources. */
const setImmediate = FOR_FETCH && root.setImmediate;

/** Runs `steps` soon, after those of the calls before, as a task of its own: the microtasks of one are done before the next begins. */
export function queueATask(steps: () => void): void {
  // To find that a window has no member takes long: it is looked for once.
  if (!post) {
    // A MessageChannel would keep Node alive. Node's check phase runs microtasks between its callbacks.
    if (FOR_SERVERS && setImmediate) {
      immediates++;
      return void setImmediate(runAnImmediate, steps);
    }
    if (FOR_FETCH && setImmediate) return void setImmediate(steps);
    if (!root.MessageChannel) return void setTimeout(steps, 0);
    post = openChannel();
  }
  if (due.push(steps) === 1) post();
}

/** Runs `steps` behind all tasks that wait: at once if there are none, where one more for each piece of a response would be too many. */
export const afterTheTasks = FOR_SERVERS
  ? (steps: () => void): void => {
      if (setImmediate ? immediates : !post || due.length) queueATask(steps);
      else steps();
    }
  : queueATask;

function runAnImmediate(steps: () => void): void {
  immediates--;
  steps();
}

/**
 * A task of the engine costs many times what an event costs. But when the engine fires an event at a port, it performs a microtask checkpoint
 * after every listener, so one message runs as many tasks of ours as the port has listeners. Answers a function that posts a message.
 */
function openChannel(): () => void {
  const channel = new MessageChannel();
  let checkpointWasPerformed: boolean;

  function createListener(index: number): (event: Event) => void {
    return (event) => {
      // Events that an engine has written in JavaScript have no checkpoints: there a message runs one task.
      if (index && (!checkpointWasPerformed || index === tasksPerMessage)) {
        event.stopImmediatePropagation();
        post!();
      } else {
        if (!index) {
          checkpointWasPerformed = false;
          if (!FOR_OLD_ENGINES || root.Promise) {
            void Promise.resolve().then(() => {
              checkpointWasPerformed = true;
            });
          }
        }
        const task = due[next++]!;
        if (next === due.length) {
          event.stopImmediatePropagation();
          due = [];
          next = 0;
        }
        task();
      }
    };
  }

  for (let i = 0; i <= tasksPerMessage; i++) channel.port1.addEventListener('message', createListener(i));
  channel.port1.start();
  return () => {
    channel.port2.postMessage(0);
  };
}

/** Whether the environment says that there is no network. */
export function isOffline(): unknown {
  return (!FOR_FETCH || root.navigator) && navigator.onLine === false;
}
