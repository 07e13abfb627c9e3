/** Elements in one call. Text is always text: nothing here parses HTML. */

type Child = Node | string | null | false;
type Props = Readonly<Record<string, unknown>>;

/**
 * An element with properties and children. Names with a dash, `role`, `for` and the like become attributes; `on...` names
 * listen; all others are properties.
 */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  props: Props = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith('on')) {
      element.addEventListener(name.slice(2).toLowerCase(), value as EventListener);
    } else if (name in element && name !== 'list') {
      (element as unknown as Record<string, unknown>)[name] = value;
    } else element.setAttribute(name, value as string);
  }
  for (const child of children) if (child !== null && child !== false) element.append(child);
  return element;
}

/** Puts `children` in the place of what `element` had; the same texts are left alone, so that nothing flickers. */
export function fill(element: Element, ...children: readonly Child[]): void {
  const shown = children.filter((child) => child !== null && child !== false);
  if (shown.length === 1 && typeof shown[0] === 'string') {
    if (element.textContent !== shown[0]) element.textContent = shown[0];
    return;
  }
  element.replaceChildren(...shown);
}

export function hex(bytes: Uint8Array): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join(' ');
}

/** Hexadecimal digits in pairs. */
export function pairs(digits: string): string {
  return digits.replace(/(..)(?=.)/g, '$1 ');
}
