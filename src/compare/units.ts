/** Numbers as reports show them: short, and never in exponents. */

const MIB = 1024 * 1024;

/** Whole MiB/s, with a decimal below 10. */
export function mibs(bytesPerSecond: number): string {
  const value = bytesPerSecond / MIB;
  return value.toFixed(value < 10 ? 1 : 0);
}

/** us, with a decimal below 100. */
export function us(ns: number): string {
  const value = ns / 1000;
  return value.toFixed(value < 100 ? 1 : 0);
}

/** us, ms or s, with the unit. */
export function duration(ns: number): string {
  if (ns < 1e6) return `${us(ns)} us`;
  if (ns < 1e9) return `${(ns / 1e6).toFixed(ns < 1e7 ? 2 : 1)} ms`;
  return `${(ns / 1e9).toFixed(2)} s`;
}

/** `0`, `512 B`, `24.0 MiB` */
export function amount(bytes: number): string {
  if (bytes === 0) return '0';
  if (bytes < MIB) return `${(bytes / 1024).toFixed(0)} KiB`;
  return `${(bytes / MIB).toFixed(bytes < 100 * MIB ? 1 : 0)} MiB`;
}

export function percent(part: number, whole: number): string {
  const value = (part * 100) / whole;
  if (part > 0 && value < 0.5) return '<1';
  return value.toFixed(0);
}

/** How many for each: `1`, `0.13`. */
export function each(count: number, writes: number): string {
  const value = count / writes;
  return Number.isInteger(value) ? String(value) : value.toFixed(value < 1 ? 2 : 1);
}
