import { readFile, writeFile } from 'node:fs/promises';
import { updateReadme } from './list-rules.ts';

// Writes the list of rules between the marks of README.md.
const readme = new URL('README.md', import.meta.url);
await writeFile(readme, updateReadme(await readFile(readme, 'utf8')));
