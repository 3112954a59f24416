/** Time that passes only when nothing is left to do: what waits for ms or days is run at once, in the order of its time. */
export interface VirtualClock {
  /** Milliseconds. */
  now(): number;
  /** Calls `steps` after so many ms. Answers a function that cancels it. */
  after(milliseconds: number, steps: () => void): () => void;
  /** What a global object has of time, on this clock. */
  readonly globals: Record<'setTimeout' | 'clearTimeout' | 'setImmediate' | 'Date', unknown>;
  /** Runs what is due, each as a task of its own, until nothing is or `isDone`. Rejects after `longestRun` tasks. */
  run(isDone: () => boolean): Promise<void>;
}

/** Tasks after which a run is taken for one that never ends. */
const longestRun = 50_000;
/** The longest time that setTimeout takes; anything above is 1. */
const longestTimeout = 0x7fffffff;

interface Task {
  at: number;
  id: number;
  steps: () => void;
}

export function createVirtualClock(): VirtualClock {
  const realImmediate = setImmediate;
  const timers = new Map<number, Task>();
  /** Those that wait for nothing but their turn: there may be very many. */
  const immediates: Task[] = [];
  let next = 0;
  let time = 0;
  let count = 0;

  const add = (milliseconds: number, steps: () => void): number => {
    timers.set(++count, { at: time + milliseconds, id: count, steps });
    return count;
  };
  const takeNext = (): Task | undefined => {
    let first = immediates[next];
    for (const timer of timers.values()) {
      if (!first || timer.at < first.at || (timer.at === first.at && timer.id < first.id)) first = timer;
    }
    if (first && first === immediates[next]) next++;
    else if (first) timers.delete(first.id);
    return first;
  };

  return {
    now: () => time,
    after(milliseconds, steps) {
      const id = add(milliseconds, steps);
      return () => timers.delete(id);
    },
    globals: {
      setTimeout: (steps: (...parameters: unknown[]) => void, milliseconds = 0, ...parameters: unknown[]) =>
        add(milliseconds >= 1 && milliseconds <= longestTimeout ? milliseconds : 1, () =>
          steps(...parameters)
        ),
      clearTimeout: (id: number) => timers.delete(id),
      setImmediate(steps: (...parameters: unknown[]) => void, ...parameters: unknown[]) {
        // At once, as Node's does.
        if (typeof steps !== 'function') throw new TypeError('what is to be called is no function');
        immediates.push({ at: time, id: ++count, steps: () => steps(...parameters) });
      },
      Date: class extends Date {
        constructor() {
          // Looking at it takes a while: a script may wait for it to go on.
          super(++time);
        }
      }
    },
    async run(isDone) {
      for (let ran = 0; !isDone(); ran++) {
        if (ran === longestRun) throw new Error(`not at rest after ${longestRun} tasks`);
        const task = takeNext();
        if (!task) return;
        time = Math.max(time, task.at);
        try {
          task.steps();
        } catch {
          // As an engine would: it reports the exception and goes on. Cases have listeners that throw.
        }
        // Microtasks are done when an immediate of the real loop is called.
        await new Promise((resolve) => realImmediate(resolve));
      }
    }
  };
}
