import { readdirSync, readFileSync } from 'node:fs';

/** What a program under measurement has used so far. */
export interface Usage {
  /** ms of CPU. */
  cpu: number;
  /** Bytes. */
  resident: number;
}

const ticksPerSecond = 100;
const pageSize = 4096;

/** Of the processes that this one started, and theirs: a browser. Linux only; CPU to 10 ms. */
export function readUsageOfChildren(): Usage {
  const processes = new Map<number, { parent: number; usage: Usage }>();
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
      // From the third field on: the second may have spaces in it.
      const fields = stat
        .slice(stat.lastIndexOf(')') + 2)
        .split(' ')
        .map(Number);
      const cpu = ((fields[11]! + fields[12]!) * 1000) / ticksPerSecond;
      processes.set(Number(pid), { parent: fields[1]!, usage: { cpu, resident: fields[21]! * pageSize } });
    } catch {
      // It has ended.
    }
  }
  const total: Usage = { cpu: 0, resident: 0 };
  for (const { parent, usage } of processes.values()) {
    let ancestor: number | undefined = parent;
    while (ancestor !== undefined && ancestor !== process.pid) ancestor = processes.get(ancestor)?.parent;
    if (ancestor === undefined) continue;
    total.cpu += usage.cpu;
    total.resident += usage.resident;
  }
  return total;
}
