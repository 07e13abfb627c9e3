/** Text in columns for a terminal of 80. */

export const COLUMNS = 80;

/**
 * `text` in lines of at most 80 columns, each indented, ending in a newline; lines after the first are indented by
 * `hanging`. A word longer than a line is cut, unless `whole`: a path that is cut cannot be copied.
 */
export function wrap(text: string, indent: number, hanging = indent, whole = false): string {
  const lines: string[] = [];
  let line = '';
  let width = COLUMNS - indent;
  const end = (): void => {
    lines.push(line);
    line = '';
    width = COLUMNS - hanging;
  };
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) end();
    line = line === '' ? word : `${line} ${word}`;
    while (!whole && line.length > width) {
      const rest = line.slice(width);
      line = line.slice(0, width);
      end();
      line = rest;
    }
  }
  if (line !== '') lines.push(line);
  return lines.map((one, at) => `${' '.repeat(at === 0 ? indent : hanging)}${one}\n`).join('');
}

/** Rows of cells, each column as wide as its widest cell, two spaces apart; no trailing spaces. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((cell, i) => {
      widths[i] = Math.max(widths[i] ?? 0, cell.length);
    });
  }
  return rows
    .map(
      (row) =>
        `${row
          .map((cell, i) => cell.padEnd(widths[i]!))
          .join('  ')
          .trimEnd()}\n`,
    )
    .join('');
}

/** Hexadecimal digits in groups of four bytes. */
export function hexGroups(digits: string): string {
  return digits.replace(/(.{8})(?=.)/g, '$1 ');
}
