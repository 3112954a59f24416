import { clearLine, cursorTo } from 'node:readline';
import type { WriteStream } from 'node:tty';

/**
 * What runs, on the last line of a terminal. `show` writes `text` over what stands there, and cuts it to the width of the terminal.
 */
export function createStatusLine(terminal: WriteStream) {
  return {
    show(text: string): void {
      cursorTo(terminal, 0);
      terminal.write(text.slice(0, (terminal.columns || 80) - 1));
      clearLine(terminal, 1);
    },
    clear(): void {
      cursorTo(terminal, 0);
      clearLine(terminal, 0);
    }
  };
}
