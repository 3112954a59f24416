import type { Source } from './client.ts';

/** No EventSource: what it costs to fetch and decode a stream, and nothing else. Its one event has all of the data, event stream and all. */
export class RawFetch implements Source {
  #controller = new AbortController();
  #url: string;

  constructor(url: string) {
    this.#url = url;
  }

  addEventListener(_type: string, listener: (event: Event) => void): void {
    void this.#read(listener);
  }

  close(): void {
    this.#controller.abort();
  }

  async #read(listener: (event: Event) => void): Promise<void> {
    const { body } = await fetch(`${this.#url}&end`, { signal: this.#controller.signal });
    const reader = body!.getReader();
    const decoder = new TextDecoder();
    let characters = 0;
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      characters += decoder.decode(value, { stream: true }).length;
    }
    listener(new MessageEvent('message', { data: { length: characters } }));
  }
}
