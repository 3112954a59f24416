import { basicCredentials, withoutCredentials } from '../validator/observe.ts';

/** Bytes that an answer may have. */
const longestText = 1_000_000;

/**
 * A fetch that ends after `wait` ms; what the address holds of name and password becomes basic authentication. Rejects with an Error that
 * names who was asked, as in "the service at http://…", and says why there is no answer; `request` is its method and path.
 */
export async function ask(
  whom: string,
  request: string,
  address: string,
  init: RequestInit,
  wait: number
): Promise<{ response: Response; text: string }> {
  const limit = AbortSignal.timeout(wait);
  const headers = new Headers(init.headers);
  let answer: { response: Response; text: string | undefined };
  for (const { name, value } of basicCredentials(new URL(address))) headers.set(name, value);
  try {
    const response = await fetch(withoutCredentials(address), {
      ...init,
      headers,
      signal: init.signal ? AbortSignal.any([limit, init.signal]) : limit
    });
    answer = { response, text: await readText(response) };
  } catch (error) {
    const { name, message, cause } = error as Error;
    throw new Error(
      name === 'TimeoutError'
        ? `${whom} did not answer ${request} in ${wait / 1000} s`
        : `${whom} cannot be reached: ${(cause as Error | undefined)?.message || message}`,
      { cause: error }
    );
  }
  const { response, text } = answer;
  if (text === undefined) throw new Error(`${whom} answers ${request} with more than ${longestText} bytes`);
  return { response, text };
}

/** Undefined if there is more than an answer may have, which is not read. */
async function readText({ body }: Response): Promise<string | undefined> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of body ?? []) {
    length += chunk.length;
    if (length > longestText) return undefined;
    chunks.push(chunk);
  }
  return new TextDecoder().decode(Buffer.concat(chunks));
}
