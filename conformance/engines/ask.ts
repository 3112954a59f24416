import { basicCredentials, withoutCredentials } from '../validator/observe.ts';

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
  for (const { name, value } of basicCredentials(new URL(address))) headers.set(name, value);
  try {
    const response = await fetch(withoutCredentials(address), {
      ...init,
      headers,
      signal: init.signal ? AbortSignal.any([limit, init.signal]) : limit
    });
    return { response, text: await response.text() };
  } catch (error) {
    const { name, message, cause } = error as Error;
    throw new Error(
      name === 'TimeoutError'
        ? `${whom} did not answer ${request} in ${wait / 1000} s`
        : `${whom} cannot be reached: ${(cause as Error | undefined)?.message || message}`,
      { cause: error }
    );
  }
}
