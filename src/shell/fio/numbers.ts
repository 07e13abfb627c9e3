/** Numbers as fio 3.33 prints and reads them: num2str() of lib/num2str.c, str_to_decimal() of parse.c. */

const SI = ['', 'k', 'M', 'G', 'T', 'P', 'E'] as const;
const IEC = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'] as const;

/**
 * `value` in at most `digits` places, the point counted: `62.5Mi`, `1365k`. Cut at each step, rounded only in the decimals
 * shown; where these round up to a whole, it is carried.
 */
export function shortNumber(value: number, digits: number, binary: boolean): string {
  const thousand = binary ? 1024 : 1000;
  const prefixes = binary ? IEC : SI;
  let whole = Math.floor(value);
  let rest = -1;
  let prefix = 0;
  while (prefix < prefixes.length - 1 && String(whole).length > digits) {
    rest = whole % thousand;
    whole = Math.floor(whole / thousand);
    prefix += 1;
  }
  if (rest < 0) return `${whole}${prefixes[prefix]}`;
  const decimals = digits - String(whole).length - 1;
  if (decimals <= 0) return `${rest >= thousand / 2 ? whole + 1 : whole}${prefixes[prefix]}`;
  const fraction = (rest / thousand).toFixed(decimals);
  const carried = fraction.startsWith('1') ? whole + 1 : whole;
  return `${carried}.${fraction.slice(2)}${prefixes[prefix]}`;
}

/** Bytes with the four digits of most of fio's lines: `64.0KiB`, and `65.5kB` beside it. */
export function bytesText(bytes: number, binary: boolean): string {
  return `${shortNumber(bytes, 4, binary)}B`;
}

/** `%5.02f`. */
export function twoDecimals(value: number): string {
  return value.toFixed(2).padStart(5);
}

const BYTE_POWERS: readonly (readonly [string, number, number])[] = [
  // kb_base is 1024 unless set, and then "k" is 1024 and "kib" is 1000: fio's old habit.
  ['pib', 1000, 5],
  ['tib', 1000, 4],
  ['gib', 1000, 3],
  ['mib', 1000, 2],
  ['kib', 1000, 1],
  ['p', 1024, 5],
  ['t', 1024, 4],
  ['g', 1024, 3],
  ['m', 1024, 2],
  ['k', 1024, 1],
];

/** The whole number a text begins with (strtoll(3)), and what follows it; null when there is none. */
function leadingNumber(text: string): { value: number; rest: string } | null {
  const hex = /^\s*([+-]?)0[xX]([0-9a-fA-F]+)(.*)$/s.exec(text);
  if (hex !== null) {
    const value = Number.parseInt(hex[2]!, 16) * (hex[1] === '-' ? -1 : 1);
    return { value, rest: hex[3]! };
  }
  const decimal = /^\s*([+-]?\d+)(.*)$/s.exec(text);
  return decimal === null ? null : { value: Number(decimal[1]), rest: decimal[2]! };
}

/** A plain number; whatever follows it is not looked at. Null: fio fails to parse it. */
export function plainNumber(text: string): number | null {
  return leadingNumber(text)?.value ?? null;
}

/** A size: `4k` is 4096 bytes; a letter fio does not know counts as none. `percent`: `50%`. */
export function sizeOf(text: string): { value: number; percent: boolean } | null {
  const found = leadingNumber(text);
  if (found === null) return null;
  const unit = found.rest.toLowerCase();
  if (unit.startsWith('%')) return { value: found.value, percent: true };
  const known = BYTE_POWERS.find(([name]) => unit.startsWith(name));
  const value = found.value * (known === undefined ? 1 : known[1] ** known[2]);
  return Number.isSafeInteger(value) ? { value, percent: false } : null;
}

const SECOND_US = 1e6;
const TIME_US: Readonly<Record<string, number>> = {
  s: SECOND_US,
  m: 60 * SECOND_US,
  h: 3600 * SECOND_US,
  d: 86_400 * SECOND_US,
};

/** A time in microseconds; a bare number is `bareUs` each. */
export function timeUs(text: string, bareUs: number): number | null {
  const found = leadingNumber(text);
  if (found === null) return null;
  const unit = found.rest.toLowerCase();
  if (!/^[a-z]/.test(unit)) return found.value * bareUs;
  if (unit.startsWith('us')) return found.value;
  if (unit.startsWith('ms')) return found.value * 1000;
  return found.value * (TIME_US[unit] ?? 1);
}
