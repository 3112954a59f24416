import { writeBetweenMarks } from '../write-between-marks.ts';
import { renderRules } from './render-rules.ts';

// Writes the list of rules between the marks of README.md.
await writeBetweenMarks(new URL('README.md', import.meta.url), { rules: renderRules() });
