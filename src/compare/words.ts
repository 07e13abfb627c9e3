/** How errors speak of a comparison file. */

import type { PathPart } from '../scenario/document.ts';
import type { FormatWords } from '../scenario/schema-error.ts';
import {
  CIPHER_KEYS,
  COMPARE_KEYS,
  COMPARE_TOP_KEYS,
  KERNEL_KEYS,
  WORKLOAD_KEYS,
} from './schema.ts';

export const WHAT = 'a comparison';

const KEYS: Readonly<Record<string, readonly string[]>> = {
  compare: COMPARE_KEYS,
  workloads: WORKLOAD_KEYS,
  kernels: KERNEL_KEYS,
  ciphers: CIPHER_KEYS,
};

const UNIONS: Readonly<Record<string, string>> = {
  block: 'a size such as 4k, or a list of them',
  size: 'a size of 512 or more, such as 4k or 16m',
  jobs: 'a whole number from 1 to 64, or a list of them',
  depth: 'a whole number from 1 to 256, or a list of them',
  kernels: 'the name of a kernel, or a mapping with name and kernel',
  ciphers: 'raw, a cipher, or a mapping with name and cipher',
  costs: 'default, or a mapping of times',
  disks: 'a number or text',
};

function lastName(path: readonly PathPart[]): string {
  return path.findLast((part) => typeof part === 'string') ?? '';
}

export const COMPARE_WORDS: FormatWords = {
  what: WHAT,
  keysAt: (path) => (path.length === 0 ? COMPARE_TOP_KEYS : (KEYS[lastName(path)] ?? [])),
  unionAt: (path) =>
    path[1] === 'disks' ? UNIONS.disks! : (UNIONS[lastName(path)] ?? 'another kind of value'),
};
