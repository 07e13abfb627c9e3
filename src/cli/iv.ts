/** `zonestack iv`: from a crypt table and a sector to its IV. */

import { kernelByName } from '../kernel/releases.ts';
import { IvError, ivReport, ivText } from '../report/iv.ts';
import { type CliContext, EXIT, UsageError } from './context.ts';
import { formatOf, parsed } from './options.ts';

const OPTIONS = {
  data: { type: 'string' },
  sent: { type: 'string' },
  kernel: { type: 'string' },
  format: { type: 'string' },
} as const;

/** The kernel whose grammar a table is read with unless another is named. */
const USUAL_KERNEL = 'v6.12';

export async function run(args: string[], context: CliContext): Promise<number> {
  const { values, positionals } = parsed(args, OPTIONS);
  const format = formatOf(values.format);
  const [table, sector, ...rest] = positionals;
  if (table === undefined || sector === undefined || rest.length > 0) {
    throw new UsageError('"iv" expected a crypt table in quotes and a sector');
  }
  try {
    const report = ivReport({
      kernel: kernelByName(values.kernel ?? USUAL_KERNEL),
      table,
      sector: sectorNumber('a sector', sector),
      data: bytesOf(values.data ?? ''),
      sentAs: values.sent === undefined ? null : sectorNumber('"--sent"', values.sent),
    });
    const json = `${JSON.stringify({ format_version: 1, ...report }, null, 2)}\n`;
    context.out(format === 'json' ? json : ivText(report));
  } catch (error) {
    if (error instanceof IvError) throw new UsageError(`"iv": ${error.message}`);
    throw error;
  }
  return EXIT.met;
}

/** Throws UsageError. */
function sectorNumber(what: string, text: string): number {
  const number = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (Number.isSafeInteger(number)) return number;
  throw new UsageError(`"iv": ${what} expected a number below 2^53, got "${text}"`);
}

/** Throws UsageError. */
function bytesOf(text: string): Uint8Array {
  const digits = text.replace(/^0x/i, '');
  if (/^(?:[0-9a-fA-F]{2})*$/.test(digits) && digits.length <= 8192) {
    return Uint8Array.from(digits.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
  }
  throw new UsageError('"iv": "--data" expected pairs of hexadecimal digits, at most 4096');
}
