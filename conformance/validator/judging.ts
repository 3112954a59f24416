import {
  kinds,
  severities,
  type Finding,
  type Need,
  type Observations,
  type Rule,
  type Severity,
  type Sighting,
  type StreamEnd,
  type Verdict,
  type WatchContext,
  type Watcher
} from './rule.ts';
import type { TraceObserver } from './trace-observer.ts';

/** What became of one rule. */
export type RuleVerdict = { rule: string } & (
  | { verdict: 'ok' | 'finding' }
  | { verdict: 'not observed'; needed: string }
  | { verdict: 'not applicable'; because: string }
);

/** In the order of reports: what of the stream is lost, and what for want of a reconnection, before its head. */
const groups = 'FRTHXSD';

export function rankOf(severity: Severity): number {
  return severities.indexOf(severity);
}

/** Holds the rules against what comes. */
export class Judging {
  #rules: Rule[];
  #found = new Map<string, Finding>();
  #verdicts = new Map<string, Verdict>();
  #settled = new Set<Need>();
  #watchers: { rule: Rule; watcher: Watcher }[] = [];
  #emit: (finding: Finding) => void;

  constructor(rules: Rule[], emit: (finding: Finding) => void) {
    this.#rules = rules;
    this.#emit = emit;
  }

  /** The observers for the trace of the stream that is judged. */
  watch(context: WatchContext): TraceObserver[] {
    this.#watchers = [];
    for (const rule of this.#rules) {
      const { judge } = rule;
      if (!('watch' in judge)) continue;
      this.#watchers.push({ rule, watcher: judge.watch((sighting) => this.#find(rule, sighting), context) });
    }
    return this.#watchers.map(({ watcher }) => watcher);
  }

  /** The stream that is judged is over. */
  endOfStream(end: StreamEnd): void {
    for (const { rule, watcher } of this.#watchers) {
      const verdict =
        watcher.end?.(end) ??
        (end.trace.lines === 0
          ? { verdict: 'not observed' as const, needed: 'lines' }
          : { verdict: 'ok' as const });
      this.#verdicts.set(rule.id, verdict);
    }
    this.#watchers = [];
  }

  /** `need` is there, or will never be: judges what waited for it. */
  settle(need: Need, observations: Observations): void {
    this.#settled.add(need);
    for (const rule of this.#rules) {
      const { judge } = rule;
      if (!('check' in judge) || this.#verdicts.has(rule.id)) continue;
      const all = [...judge.needs, ...(judge.wants ?? [])];
      if (!all.every((each) => this.#settled.has(each))) continue;
      const missing = judge.needs.flatMap((each) => missingIn(observations, each) ?? []);
      const verdict: Verdict =
        missing.length > 0 ? { verdict: 'not observed', needed: missing[0]! } : judge.check(observations);
      this.#verdicts.set(rule.id, verdict);
      if (verdict.verdict === 'finding') for (const evidence of verdict.evidence) this.#find(rule, evidence);
    }
  }

  /** `otherwise` is the verdict on rules that nothing was said of. */
  conclude(otherwise: (rule: Rule) => Verdict): { findings: Finding[]; verdicts: RuleVerdict[] } {
    const verdicts = this.#rules.map(({ id, ...rule }): RuleVerdict => {
      if (this.#found.has(id)) return { rule: id, verdict: 'finding' };
      const verdict = this.#verdicts.get(id) ?? otherwise({ id, ...rule });
      return verdict.verdict === 'finding' ? { rule: id, verdict: 'ok' } : { rule: id, ...verdict };
    });
    const order = this.#rules.map(({ id }) => id);
    const groupOf = ({ rule }: Finding) => groups.indexOf(rule.charAt(0));
    const findings = [...this.#found.values()].sort(
      (a, b) =>
        rankOf(a.severity) - rankOf(b.severity) ||
        kinds.indexOf(a.kinds[0]!) - kinds.indexOf(b.kinds[0]!) ||
        groupOf(a) - groupOf(b) ||
        order.indexOf(a.rule) - order.indexOf(b.rule)
    );
    return { findings, verdicts };
  }

  #find(rule: Rule, sighting: Sighting): void {
    const known = this.#found.get(rule.id);
    const severity = sighting.severity ?? rule.severity;
    if (known && rankOf(known.severity) <= rankOf(severity)) {
      known.times += sighting.times ?? 1;
      return;
    }
    const { id, name, kinds, title, source, advice } = rule;
    const found: Finding = {
      rule: id,
      name,
      kinds,
      title,
      source,
      advice,
      ...sighting,
      message: typeof sighting.message === 'string' ? sighting.message : sighting.message(),
      severity,
      // The same place again is the same fault, which all of the stream makes worse.
      times: (known?.times ?? 0) + (known?.offset !== undefined && known.offset === sighting.offset ? 0 : 1)
    };
    this.#found.set(id, found);
    this.#emit(found);
  }
}

function missingIn(observations: Observations, need: Need): string | undefined {
  if (need === 'url') return undefined;
  const probe = need === 'head' ? 'plain' : need;
  const reason = observations.missing[probe];
  if (reason !== undefined) return reason;
  if (probe === 'parallel' || probe === 'bogus-id' || probe === 'inject' || probe === 'head-request') {
    return undefined;
  }
  const exchange = observations[probe];
  if (!exchange) return `the probe ${probe}`;
  return exchange.head
    ? undefined
    : `an answer to the probe ${probe} (${exchange.failure?.message ?? 'none came'})`;
}
