import type { VirtualResponse, VirtualServer } from './virtual-server.ts';

type Handler = (event: { type: string }) => void;

/** An XMLHttpRequest over a virtual server: what a transport needs of one. */
export function createVirtualXhr(server: VirtualServer): new () => unknown {
  return class {
    readyState = 0;
    status = 0;
    responseText = '';
    responseURL = '';
    withCredentials = false;
    onreadystatechange: Handler | null = null;
    onprogress: Handler | null = null;
    onload: Handler | null = null;
    onerror: Handler | null = null;
    onloadend: Handler | null = null;
    #url = '';
    #headers: Record<string, string> = {};
    #response: VirtualResponse | undefined;
    #controller = new AbortController();

    open(_method: string, url: string): void {
      this.#url = url;
      this.#become(1);
    }

    setRequestHeader(name: string, value: string): void {
      this.#headers[name] = value;
    }

    overrideMimeType(): void {}

    getResponseHeader(name: string): string | null {
      return this.#response!.headers.get(name);
    }

    abort(): void {
      this.#controller.abort();
    }

    send(): void {
      const { signal } = this.#controller;
      void server
        .fetch(this.#url, {
          headers: this.#headers,
          credentials: this.withCredentials ? 'include' : 'same-origin',
          signal
        })
        .then(async (response) => {
          this.#response = response;
          this.status = response.status;
          this.responseURL = response.url;
          this.#become(2);
          // Node 24 removes two byte order marks when the first of them is cut.
          const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
          let text = '';
          const reader = response.body?.getReader();
          for (;;) {
            const result = await reader?.read();
            if (!result || result.done) return true;
            text += decoder.decode(result.value, { stream: true });
            this.responseText = text.replace(/^\ufeff/, '');
            this.#become(3);
            this.onprogress?.({ type: 'progress' });
          }
        })
        .catch(() => {
          this.status = 0;
          this.responseText = '';
          return false;
        })
        .then((isWhole) => {
          if (signal.aborted) return;
          this.#become(4);
          if (isWhole) this.onload?.({ type: 'load' });
          else this.onerror?.({ type: 'error' });
          this.onloadend?.({ type: 'loadend' });
        });
    }

    #become(readyState: number): void {
      this.readyState = readyState;
      this.onreadystatechange?.({ type: 'readystatechange' });
    }
  };
}
