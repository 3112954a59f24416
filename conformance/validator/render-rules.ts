import { groups } from './rules/index.ts';

/** What stands between the marks of README.md. */
export function renderRules(): string {
  const all = groups.flatMap(({ rules }) => rules);
  const decided = all.filter(({ judge }) => !('undecided' in judge));
  const lists = groups.map(({ name, rules }) => {
    const items = rules.map(({ id, name, severity, kinds, title, judge, profiles }) => {
      const note =
        'undecided' in judge
          ? `; **not decided**: ${judge.undecided}`
          : profiles
            ? `; with \`--profile ${profiles.join('|')}\``
            : '';
      return `- \`${id}\` \`${name}\` (${severity}, ${kinds.join(', ')}): ${title.replace(/[*_[\]]/g, '\\$&')}${note}`;
    });
    return `### ${name}\n\n${items.join('\n')}`;
  });
  return `${decided.length} of ${all.length} rules are decided.\n\n${lists.join('\n\n')}\n`;
}
