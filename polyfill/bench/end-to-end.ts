import type { Engine } from '../../conformance/engine.ts';
import { chromium } from '../../conformance/engines/chromium.ts';
import { deno } from '../../conformance/engines/deno.ts';
import { firefox } from '../../conformance/engines/firefox.ts';
import { node } from '../../conformance/engines/node.ts';
import { webkitgtk } from '../../conformance/engines/webkitgtk.ts';
import type { ClientJob } from './client.ts';
import { type Implementation, type Run, runProgram } from './programs.ts';
import { charactersOf } from './server.ts';
import { quantile, show, spread, type Spread } from './statistics.ts';

/** From a server on loopback to a listener, one stream at a time. */
export interface EndToEndResult {
  engines: EngineResult[];
  memory: MemoryResult[];
}

export interface EngineResult {
  engine: string;
  version: string;
  implementation: Implementation;
  /** µs of CPU an event, of all processes of the engine. */
  cpu: Spread;
  /** µs an event. */
  wall: Spread;
  /** CPU, and in browsers wall, by that of each peer in the same round; in Node above that of the raw fetch. */
  ratios: Partial<Record<Implementation, Spread>>;
  isMessageEvent: boolean;
  /** From the server's write to the listener at 1,000 events a second, ms. Not of the raw fetch, as what follows. */
  delay?: { p50: number; p99: number };
  /** From the constructor to the first event, ms, median. */
  first?: number;
  /** Of one of 1,000 open sources; not in browsers, which keep six connections. */
  open?: { cpu: number; kilobytes: number };
}

export interface MemoryResult {
  what: string;
  /** MB resident. */
  before: number;
  after: number;
}

const natives: Implementation[] = ['native', 'truesource', 'eventsource', 'event-source-polyfill'];
const inPages: Implementation[] = [...natives, 'truesource over XHR'];
const plans: { engine: Engine; implementations: Implementation[]; events: number; rounds: number }[] = [
  { engine: node, implementations: ['raw fetch', ...natives], events: 300_000, rounds: 5 },
  { engine: deno, implementations: ['raw fetch', ...natives], events: 300_000, rounds: 3 },
  { engine: chromium, implementations: inPages, events: 200_000, rounds: 3 },
  { engine: firefox, implementations: inPages, events: 50_000, rounds: 3 },
  { engine: webkitgtk, implementations: inPages, events: 50_000, rounds: 3 }
];

/** `only`: names of engines. Throws if an implementation loses an event. */
export async function benchEndToEnd(
  isShort: boolean,
  only: string[] | undefined,
  report: (line: string) => void
): Promise<EndToEndResult> {
  const engines: EngineResult[] = [];
  for (const plan of plans) {
    if (only && !only.includes(plan.engine.name)) continue;
    const found = await plan.engine.find();
    if ('missing' in found) report(`${plan.engine.name} is not here: ${found.missing}`);
    else {
      const scale = isShort ? { ...plan, events: 20_000, rounds: 1 } : plan;
      engines.push(...(await benchEngine(scale, found.version, isShort, report)));
    }
  }
  const memory = isShort || (only && !only.includes('node')) ? [] : await benchMemory(report);
  return { engines, memory };
}

async function benchEngine(
  { engine, implementations, events, rounds }: (typeof plans)[number],
  version: string,
  isShort: boolean,
  report: (line: string) => void
): Promise<EngineResult[]> {
  const runs = new Map(implementations.map((name) => [name, [] as Run[]]));
  for (let round = 0; round < rounds; round++) {
    // In turn, and not always after the same one.
    for (let i = 0; i < implementations.length; i++) {
      const name = implementations[(i + round) % implementations.length]!;
      const run = await runProgram(engine, name, { task: 'events', count: events });
      if (name !== 'raw fetch' && run.characters !== charactersOf(events)) {
        throw new Error(`${engine.name} ${name}: ${run.characters} characters, not ${charactersOf(events)}`);
      }
      runs.get(name)!.push(run);
    }
  }
  const isPage = engine.globals !== undefined;
  const cpuOf = (name: Implementation) =>
    runs.get(name)!.map(({ usage }) => usage.end!.cpu - usage.begin!.cpu);
  const wallOf = (name: Implementation) => runs.get(name)!.map(({ time }) => time);
  /** What is compared: pages wait, programs burn. */
  const costOf = (name: Implementation) => {
    if (isPage) return wallOf(name);
    const raw = cpuOf('raw fetch');
    return cpuOf(name).map((cpu, round) => cpu - raw[round]!);
  };
  const perEvent = (milliseconds: number[]) => spread(milliseconds.map((one) => (one * 1000) / events));
  const results: EngineResult[] = [];
  for (const implementation of implementations) {
    const result: EngineResult = {
      engine: engine.name,
      version,
      implementation,
      cpu: perEvent(cpuOf(implementation)),
      wall: perEvent(wallOf(implementation)),
      ratios: {},
      isMessageEvent: runs.get(implementation)!.every(({ isMessageEvent }) => isMessageEvent)
    };
    results.push(result);
    if (implementation !== 'raw fetch') {
      if (implementation.startsWith('truesource')) {
        for (const peer of implementations.slice(isPage ? 0 : 1)) {
          if (peer === implementation) continue;
          const costs = costOf(peer);
          result.ratios[peer] = spread(costOf(implementation).map((cost, round) => cost / costs[round]!));
        }
      }
      const { delays, firsts } = await runProgram(engine, implementation, {
        task: 'delay',
        count: isShort ? 200 : 2000
      });
      delays.sort((a, b) => a - b);
      result.delay = { p50: quantile(delays, 0.5), p99: quantile(delays, 0.99) };
      result.first = spread(firsts).median;
      if (!isPage) {
        const count = isShort ? 50 : 1000;
        const { usage } = await runProgram(engine, implementation, { task: 'open', count });
        result.open = {
          cpu: (usage.end!.cpu - usage.begin!.cpu) / count,
          kilobytes: (usage.end!.resident - usage.begin!.resident) / count / 1024
        };
      }
    }
    const { delay, first, open, ratios } = result;
    report(
      [
        `${engine.name.padEnd(10)}${implementation.padEnd(22)} CPU ${show(result.cpu)}, wall ${show(result.wall)} µs an event`,
        delay ? `delay p50 ${delay.p50.toFixed(2)} p99 ${delay.p99.toFixed(2)} ms` : [],
        first !== undefined ? `first event ${first.toFixed(2)} ms` : [],
        open ? `open: ${open.cpu.toFixed(2)} ms of CPU, ${open.kilobytes.toFixed(0)} KB` : [],
        Object.entries(ratios).map(([peer, ratio]) => `${show(ratio)} of ${peer}`)
      ]
        .flat()
        .join('; ')
    );
  }
  return results;
}

/** Over fetch, in Node. */
async function benchMemory(report: (line: string) => void): Promise<MemoryResult[]> {
  const jobs: [what: string, job: ClientJob, before: string][] = [
    ['1,000,000 events, and 10,000', { task: 'events', count: 1_000_000 }, '10,000 events'],
    ['1,000 sources opened and closed 100 times, and 10', { task: 'reopen', count: 1000 }, '10 rounds']
  ];
  const results: MemoryResult[] = [];
  for (const [what, job, mark] of jobs) {
    const { usage } = await runProgram(node, 'truesource', job);
    const result = { what, before: usage[mark]!.resident / 1e6, after: usage.end!.resident / 1e6 };
    results.push(result);
    report(`${what}: ${result.after.toFixed(0)} MB, ${result.before.toFixed(0)} MB`);
  }
  return results;
}
