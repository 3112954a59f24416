/** What the page of a run of the upstream tests was told. */
export interface DriverSession {
  /** Path of the session, with a slash at its end. */
  path: string;
  /** One origin per lane: sources of one file must not wait for the connections of another. */
  lanes: string[];
}

/** One file to run. */
export interface DriverTest {
  id: number;
  /** Path and query. */
  url: string;
  /** ms, after which the file is given up. */
  limit: number;
}

/** testharness.js's result of one test, as in its messages. */
export interface HarnessTest {
  name: string;
  status: number;
  message: string | null;
}

/** What a lane hands in. */
export interface DriverResult {
  id: number;
  lane: string;
  /** Missing if the file was given up. */
  harness?: { status: number; message: string | null };
  tests: HarnessTest[];
}

declare const truesourceDriver: DriverSession;

// Each lane shows one file at a time in a frame, and takes the message that testharness.js posts to its ancestors when it is complete.
for (let i = 0; i < truesourceDriver.lanes.length; i++) next(truesourceDriver.lanes[i]!);

function next(lane: string, result?: DriverResult): void {
  const request = new XMLHttpRequest();
  request.open('POST', truesourceDriver.path + 'next');
  request.setRequestHeader('Content-Type', 'application/json');
  request.onload = function () {
    if (request.status !== 200) return;
    const test = JSON.parse(request.responseText) as DriverTest | { id?: undefined };
    if (test.id !== undefined) show(lane, test);
  };
  request.onerror = function () {
    setTimeout(function () {
      next(lane, result);
    }, 100);
  };
  request.send(JSON.stringify(result || {}));
}

function show(lane: string, test: DriverTest): void {
  const frame = document.createElement('iframe');
  const timer = setTimeout(function () {
    finish({ id: test.id, lane: lane, tests: [] });
  }, test.limit);
  window.addEventListener('message', onMessage);
  frame.src = lane + test.url;
  document.body.appendChild(frame);

  function onMessage(event: MessageEvent): void {
    const data = event.data as {
      type?: string;
      status: { status: number; message?: string };
      tests: { name: string; status: number; message?: string }[];
    } | null;
    if (event.source !== frame.contentWindow || !data || data.type !== 'complete') return;
    finish({
      id: test.id,
      lane: lane,
      harness: { status: data.status.status, message: data.status.message || null },
      tests: data.tests.map(function (one) {
        return { name: one.name, status: one.status, message: one.message || null };
      })
    });
  }

  function finish(result: DriverResult): void {
    clearTimeout(timer);
    window.removeEventListener('message', onMessage);
    document.body.removeChild(frame);
    next(lane, result);
  }
}
