/**
 * Operands of dd (coreutils 9.1, src/dd.c, scanargs() and parse_integer()): sizes with suffixes and products, the
 * lists of flags and conversions, and what of them this model runs.
 */

import { O } from '../fs/inode.ts';
import { NotModelled } from '../kernel/not-modelled.ts';
import { quoted } from './text.ts';

export interface DdOperands {
  readonly input: string | null;
  readonly output: string | null;
  readonly inputBlock: number;
  readonly outputBlock: number;
  /** Input is collected into output blocks: without `bs=`. */
  readonly twoBuffers: boolean;
  readonly skipRecords: number;
  readonly skipBytes: number;
  readonly seekRecords: number;
  readonly seekBytes: number;
  /** Infinity without `count=`. */
  readonly maxRecords: number;
  readonly maxBytes: number;
  /** Open flags that `iflag=`/`oflag=` add. */
  readonly inputFlags: number;
  readonly outputFlags: number;
  readonly fullBlock: boolean;
  readonly conversions: ReadonlySet<string>;
  readonly status: 'none' | 'noxfer' | 'progress' | 'default';
}

export type DdParsed =
  | { readonly ok: true; readonly operands: DdOperands }
  /** `tryHelp`: the second line with the hint follows. */
  | { readonly ok: false; readonly message: string; readonly tryHelp: boolean };

const OPEN_FLAGS: Readonly<Record<string, number>> = {
  append: O.APPEND,
  direct: O.DIRECT,
  directory: O.DIRECTORY,
  dsync: O.DSYNC,
  sync: O.SYNC,
  nonblock: O.NONBLOCK,
  // Access times, terminals and symbolic links make no difference to what is modelled.
  noatime: 0,
  noctty: 0,
  nofollow: 0,
  binary: 0,
  text: 0,
};
const BYTE_FLAGS = new Set(['fullblock', 'count_bytes', 'skip_bytes', 'seek_bytes', 'nocache']);

const CONVERSIONS = new Set([
  'notrunc',
  'nocreat',
  'excl',
  'fsync',
  'fdatasync',
  'sync',
  'noerror',
]);
const TEXT_CONVERSIONS = new Set(
  'ascii ebcdic ibm block unblock lcase ucase sparse swab'.split(' '),
);

const STATUS = new Set(['none', 'noxfer', 'progress']);

/** The largest number a 64-bit offset holds, as far as a plain number tells it apart. */
const OFFSET_MAX = Number.MAX_SAFE_INTEGER;

const UNITS: Readonly<Record<string, number>> = { c: 1, w: 2, b: 512, B: 1 };
const PREFIXES = 'KMGTPE';

/** xstrtoumax() with dd's suffixes and `x` products; null when it is no number, Infinity when too large. */
export function ddNumber(text: string): number | null {
  let product = 1;
  for (const factor of text.split('x')) {
    const match = /^(\d+)(.*)$/.exec(factor);
    if (match === null) return null;
    const unit = unitOf(match[2]!);
    if (unit === null) return null;
    product *= Number(match[1]) * unit;
  }
  return product > OFFSET_MAX ? Number.POSITIVE_INFINITY : product;
}

function unitOf(suffix: string): number | null {
  if (suffix === '') return 1;
  const simple = UNITS[suffix];
  if (simple !== undefined) return simple;
  const match = /^([kKMGTPE])(iB|B)?$/.exec(suffix);
  if (match === null) return null;
  const exponent = PREFIXES.indexOf(match[1]!.toUpperCase()) + 1;
  return (match[2] === 'B' ? 1000 : 1024) ** exponent;
}

class Scan {
  readonly texts = new Map<string, string>();
  readonly numbers = new Map<string, number>();
  readonly flags = { iflag: new Set<string>(), oflag: new Set<string>() };
  readonly conversions = new Set<string>();
  /** Operands whose number ended in `B`: counted in bytes. */
  readonly inBytes = new Set<string>();
}

const SIZES = new Set(['bs', 'ibs', 'obs', 'cbs', 'count', 'skip', 'seek', 'iseek', 'oseek']);
const BLOCK_SIZES = new Set(['bs', 'ibs', 'obs', 'cbs']);

/** Reads the operands; the first mistake ends it, as in dd. */
export function parseDdOperands(words: readonly string[]): DdParsed {
  const scan = new Scan();
  for (const word of words) {
    const equals = word.indexOf('=');
    const name = word.slice(0, Math.max(equals, 0));
    const value = word.slice(equals + 1);
    const message = equals < 0 ? null : scanOperand(scan, name, value);
    if (equals < 0 || message === 'unknown') {
      return { ok: false, message: `unrecognized operand ${quoted(word)}`, tryHelp: true };
    }
    if (message !== null) {
      return { ok: false, message, tryHelp: !message.startsWith('invalid number') };
    }
  }
  return assemble(scan);
}

/** Null when it is fine, 'unknown' when there is no such operand, else dd's complaint. */
function scanOperand(scan: Scan, name: string, value: string): string | null {
  if (name === 'if' || name === 'of') {
    scan.texts.set(name, value);
    return null;
  }
  if (name === 'iflag' || name === 'oflag') return scanFlags(scan, name, value);
  if (name === 'conv') return scanConversions(scan, value);
  if (name === 'status') {
    if (!STATUS.has(value)) return `invalid status level: ${quoted(value)}`;
    scan.texts.set('status', value);
    return null;
  }
  if (!SIZES.has(name)) return 'unknown';
  const number = ddNumber(value);
  if (number === null || (number === 0 && BLOCK_SIZES.has(name))) {
    return `invalid number: ${quoted(value)}`;
  }
  if (number === Number.POSITIVE_INFINITY) {
    return `invalid number: ${quoted(value)}: Value too large for defined data type`;
  }
  const canonical = name === 'iseek' ? 'skip' : name === 'oseek' ? 'seek' : name;
  scan.numbers.set(canonical, number);
  // New in 9.1: a count that ends in B counts bytes. `kB` and `KiB` too.
  if (value.endsWith('B')) scan.inBytes.add(canonical);
  else scan.inBytes.delete(canonical);
  return null;
}

function scanFlags(scan: Scan, name: 'iflag' | 'oflag', value: string): string | null {
  for (const flag of value.split(',')) {
    const known = OPEN_FLAGS[flag] !== undefined || BYTE_FLAGS.has(flag);
    if (!known || (name === 'oflag' && flag === 'fullblock')) {
      return `invalid ${name === 'iflag' ? 'input' : 'output'} flag: ${quoted(flag)}`;
    }
    scan.flags[name].add(flag);
  }
  return null;
}

function scanConversions(scan: Scan, value: string): string | null {
  for (const conversion of value.split(',')) {
    if (TEXT_CONVERSIONS.has(conversion)) {
      throw new NotModelled(
        `dd conv=${conversion}`,
        'only notrunc, nocreat, excl, fsync, fdatasync, sync and noerror are',
      );
    }
    if (!CONVERSIONS.has(conversion)) return `invalid conversion: ${quoted(conversion)}`;
    scan.conversions.add(conversion);
  }
  return null;
}

function assemble(scan: Scan): DdParsed {
  const { numbers, flags, inBytes } = scan;
  const both = numbers.get('bs');
  const inputBlock = both ?? numbers.get('ibs') ?? 512;
  const outputBlock = both ?? numbers.get('obs') ?? 512;
  const split = (name: string, flag: boolean, block: number): [number, number] => {
    const number = numbers.get(name) ?? 0;
    return flag || inBytes.has(name) ? [Math.floor(number / block), number % block] : [number, 0];
  };
  const [skipRecords, skipBytes] = split('skip', flags.iflag.has('skip_bytes'), inputBlock);
  const [seekRecords, seekBytes] = split('seek', flags.oflag.has('seek_bytes'), outputBlock);
  const [maxRecords, maxBytes] = numbers.has('count')
    ? split('count', flags.iflag.has('count_bytes'), inputBlock)
    : [Number.POSITIVE_INFINITY, 0];
  return {
    ok: true,
    operands: {
      input: scan.texts.get('if') ?? null,
      output: scan.texts.get('of') ?? null,
      inputBlock,
      outputBlock,
      twoBuffers: both === undefined,
      skipRecords,
      skipBytes,
      seekRecords,
      seekBytes,
      maxRecords,
      maxBytes,
      inputFlags: openFlags(flags.iflag),
      outputFlags: openFlags(flags.oflag),
      fullBlock: flags.iflag.has('fullblock'),
      conversions: scan.conversions,
      status: (scan.texts.get('status') ?? 'default') as DdOperands['status'],
    },
  };
}

function openFlags(names: ReadonlySet<string>): number {
  let flags = 0;
  for (const name of names) flags |= OPEN_FLAGS[name] ?? 0;
  return flags;
}
