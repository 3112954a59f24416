// What the page of the suite is drawn with. ES5.

export type Child = Node | string | null;
type Attributes = Record<string, string | number>;

export function byId(id: string): HTMLElement {
  return document.getElementById(id)!;
}

export function el(name: string, attributes: Attributes, children?: Child[]): HTMLElement {
  const element = document.createElement(name);
  for (const key in attributes) element.setAttribute(key, String(attributes[key]));
  append(element, children || []);
  return element;
}

export function append(element: Node, children: Child[]): void {
  for (let i = 0; i < children.length; i++) {
    const child = children[i];
    if (child) element.appendChild(typeof child === 'string' ? document.createTextNode(child) : child);
  }
}

export function fill(element: Node, children: Child[]): void {
  while (element.firstChild) element.removeChild(element.firstChild);
  append(element, children);
}

export function toggle(element: HTMLElement, isShown: boolean): void {
  element.style.display = isShown ? '' : 'none';
}

export function each<Item>(list: Item[], call: (item: Item, index: number) => void): void {
  for (let i = 0; i < list.length; i++) call(list[i]!, i);
}

export function collect<Item, Result>(list: Item[], call: (item: Item, index: number) => Result): Result[] {
  const results: Result[] = [];
  each(list, function (item, index) {
    results.push(call(item, index));
  });
  return results;
}

/** Sends JSON and takes JSON; `problem` is null if the answer is a 200. */
export function request(
  method: string,
  path: string,
  body: object | null,
  callback: (answer: unknown, problem: string | null, status: number) => void
): void {
  const xhr = new XMLHttpRequest();
  xhr.open(method, path);
  if (body) xhr.setRequestHeader('Content-Type', 'application/json');
  xhr.onreadystatechange = function () {
    if (xhr.readyState !== 4) return;
    if (xhr.status === 200) callback(JSON.parse(xhr.responseText), null, 200);
    else callback(null, xhr.status ? xhr.responseText : 'the server does not answer', xhr.status);
  };
  xhr.send(body ? JSON.stringify(body) : null);
}
