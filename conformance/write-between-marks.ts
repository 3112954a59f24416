import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { format, resolveConfig } from 'prettier';

/** Writes texts between the marks `<!-- name -->` and `<!-- /name -->` of a Markdown file, and formats it. Throws if a mark is missing. */
export async function writeBetweenMarks(file: URL, parts: Record<string, string>): Promise<void> {
  const path = fileURLToPath(file);
  let text = await readFile(path, 'utf8');
  for (const [name, part] of Object.entries(parts)) {
    const marks = new RegExp(`(<!-- ${name} -->)[^]*(<!-- /${name} -->)`);
    if (!marks.test(text)) throw new Error(`${path} has no <!-- ${name} --> and <!-- /${name} -->`);
    text = text.replace(marks, (_, start: string, end: string) => `${start}\n\n${part}\n${end}`);
  }
  await writeFile(path, await format(text, { ...(await resolveConfig(path)), filepath: path }));
}
