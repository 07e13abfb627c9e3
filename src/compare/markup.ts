/** Text in markup: what a file says is escaped, wherever it goes. */

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** For element content and quoted attributes of HTML and SVG; letters that XML does not have become blanks. */
export function escaped(text: string): string {
  return text.replace(/[^\P{Cc}\t\n]/gu, ' ').replace(/[&<>"']/g, (letter) => ESCAPES[letter]!);
}

/** `<name a="1">content</name>`; attribute values are escaped, content is markup already. */
export function element(
  name: string,
  attributes: Readonly<Record<string, string | number>>,
  content = '',
): string {
  const given = Object.entries(attributes).map(([key, value]) => {
    const shown = typeof value === 'number' ? String(Math.round(value * 100) / 100) : value;
    return ` ${key}="${escaped(shown)}"`;
  });
  return `<${name}${given.join('')}>${content}</${name}>`;
}

/** `text` cut to `most` letters. */
export function cut(text: string, most: number): string {
  return text.length <= most ? text : `${text.slice(0, most - 1)}…`;
}
