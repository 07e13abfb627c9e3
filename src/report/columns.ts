/** Text in columns for a terminal of 80. */

export const COLUMNS = 80;

/** `text` in lines of at most 80 columns, each indented, ending in a newline. */
export function wrap(text: string, indent: number, columns = COLUMNS): string {
  const width = columns - indent;
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  if (line !== '') lines.push(line);
  return lines.map((one) => `${' '.repeat(indent)}${one}\n`).join('');
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
