/**
 * Random calls to a zonefs mount. A call is one whole number, so that drawing is cheap and a shrunk sequence is short and
 * made of small ones; here it becomes what it means, and the words a person reads.
 */

import { O } from '../../src/fs/inode.ts';

export const BLOCK = 4096;
/** Blocks a sequential zone holds; its zone is twice as long. */
export const CAPACITY_BLOCKS = 256;
export const CAPACITY = CAPACITY_BLOCKS * BLOCK;
export const ZONE_SECTORS = 4096;
export const CONVENTIONAL = 2;
export const SEQUENTIAL = 4;
export const DISK = {
  size: (CONVENTIONAL + SEQUENTIAL) * 2,
  zoned: 1,
  zone_size: 2,
  zone_capacity: 1,
  zone_nr_conv: CONVENTIONAL,
  zone_max_open: 2,
  zone_max_active: 3,
  blocksize: BLOCK,
  memory_backed: 1,
};

/** Files by number: sequential ones first, then the conventional one. */
export const FILES = ['seq/0', 'seq/1', 'seq/2', 'seq/3', 'cnv/0'] as const;
export const CNV = SEQUENTIAL;

export type Call =
  | { readonly kind: 'open'; readonly file: number; readonly flags: number }
  | { readonly kind: 'close'; readonly slot: number }
  | {
      readonly kind: 'write';
      readonly slot: number;
      /** Blocks from the write pointer; of a conventional file, from its start. */
      readonly away: number;
      readonly bytes: number;
      readonly odd: number;
      readonly append: boolean;
      readonly dsync: boolean;
    }
  | { readonly kind: 'aio'; readonly slot: number; readonly count: number; readonly blocks: number }
  | { readonly kind: 'read'; readonly slot: number; readonly block: number; readonly bytes: number }
  | { readonly kind: 'truncate'; readonly slot: number; readonly size: number }
  | { readonly kind: 'chmod' | 'chown'; readonly file: number; readonly value: number }
  | { readonly kind: 'fsync'; readonly slot: number }
  | { readonly kind: 'fallocate' | 'seek'; readonly slot: number; readonly value: number }
  | { readonly kind: 'remount' | 'remount-rw' | 'drop-caches' }
  | { readonly kind: 'outsider'; readonly file: number; readonly what: Outsider };

export type Outsider = 'write' | 'reset' | 'finish' | 'read-only' | 'offline';

const OUTSIDERS: readonly Outsider[] = ['write', 'reset', 'finish', 'read-only', 'offline'];

/** Weighted: what happens often on a real host stands here often. */
const KINDS: readonly Call['kind'][] = [
  ...Array<Call['kind']>(6).fill('write'),
  ...Array<Call['kind']>(4).fill('open'),
  ...Array<Call['kind']>(3).fill('read'),
  ...Array<Call['kind']>(2).fill('aio'),
  ...Array<Call['kind']>(2).fill('truncate'),
  'close',
  'chmod',
  'chown',
  'fsync',
  'fallocate',
  'seek',
  'remount',
  'remount-rw',
  'drop-caches',
  'outsider',
];

const OPENS = [
  O.RDWR | O.DIRECT,
  O.WRONLY | O.DIRECT,
  O.RDWR | O.DIRECT | O.DSYNC,
  O.RDWR | O.DIRECT | O.APPEND,
  O.RDWR,
  O.RDONLY,
  O.RDONLY | O.DIRECT,
  O.RDWR | O.DIRECT | O.TRUNC,
  O.RDWR | O.CREAT | O.DIRECT,
];

/** Blocks of one write: an append takes 31 at most. */
const LENGTHS = [1, 2, 8, 31, 32, 100, 255, 256, 300];
const AWAY = [0, 0, 0, 0, 0, 1, -1, 300];
const ODD = [0, 0, 0, 0, 0, 0, 0, 1, 512];
const SIZES = [0, 0, CAPACITY, CAPACITY, BLOCK, CAPACITY + BLOCK, 2 ** 43, -1];
const MODES = [0o600, 0o4755, 0, 0o770];

/** Takes one choice after the other off a number. */
class Digits {
  private rest: number;

  constructor(number: number) {
    this.rest = number;
  }

  below(count: number): number {
    const digit = this.rest % count;
    this.rest = Math.floor(this.rest / count);
    return digit;
  }

  of<T>(items: readonly T[]): T {
    return items[this.below(items.length)]!;
  }
}

/** The call a number stands for. `withinAppend`: no write is longer than an append may be, and nobody interferes. */
export function callOf(number: number, withinAppend = false): Call {
  const digits = new Digits(number);
  const kind = digits.of(KINDS);
  const slot = digits.below(3);
  const file = slot === 2 ? digits.below(FILES.length) : slot;
  switch (kind) {
    case 'open':
      return { kind, file, flags: digits.of(OPENS) };
    case 'write': {
      const away = digits.of(AWAY);
      const blocks = Math.min(digits.of(LENGTHS), withinAppend ? 31 : 300);
      const odd = digits.of(ODD);
      const append = digits.below(8) === 7;
      return { kind, slot, away, bytes: blocks * BLOCK, odd, append, dsync: digits.below(4) === 3 };
    }
    case 'aio':
      return { kind, slot, count: 1 + digits.below(4), blocks: digits.of([1, 16, 64, 128]) };
    case 'read':
      return {
        kind,
        slot,
        block: digits.of([0, 1, 30, 255, 256]),
        bytes: digits.of(LENGTHS) * BLOCK,
      };
    case 'truncate':
      return { kind, slot, size: digits.of(SIZES) };
    case 'chmod':
      return { kind, file, value: digits.of(MODES) };
    case 'chown':
      return { kind, file, value: digits.of([0, 1000]) };
    case 'fallocate':
    case 'seek':
      return { kind, slot, value: digits.of([0, BLOCK, CAPACITY, CAPACITY + 1]) };
    case 'outsider':
      if (withinAppend) return { kind: 'drop-caches' };
      return { kind, file: file % SEQUENTIAL, what: digits.of(OUTSIDERS) };
    case 'close':
    case 'fsync':
      return { kind, slot };
    default:
      return { kind };
  }
}

/** `write slot 0: 1 block at the pointer`. */
export function callText(call: Call): string {
  const words = Object.entries(call).filter(([name]) => name !== 'kind');
  return [call.kind, ...words.map(([name, value]) => `${name}=${value}`)].join(' ');
}
