/** Aligned columns as libsmartcols of util-linux 2.38 prints them: widths from data, headings and hints, in that order. */

export interface Column {
  readonly heading: string;
  /** Least width, if the data is at least as wide as the heading; 0 for none. */
  readonly hint: number;
  readonly right: boolean;
}

/**
 * The rows under their headings, one line each. Left-aligned text in the last column is not padded. The hint counts
 * only where the data is as wide as the heading (libsmartcols, count_column_width()): that is the tool's own quirk.
 */
export function alignedRows(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  headings: boolean,
): string {
  const widths = columns.map((column, i) => {
    const data = Math.max(0, ...rows.map((row) => row[i]!.length));
    // Also where the headings are not printed.
    const least = column.heading.length;
    if (data < least) return least;
    return column.hint > data && least < column.hint ? column.hint : data;
  });
  const last = columns.length - 1;
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, i) => {
        if (columns[i]!.right) return cell.padStart(widths[i]!);
        return i === last ? cell : cell.padEnd(widths[i]!);
      })
      .join(' ');
  const lines = rows.map(line);
  if (headings) lines.unshift(line(columns.map((column) => column.heading)));
  return lines.map((text) => `${text}\n`).join('');
}
