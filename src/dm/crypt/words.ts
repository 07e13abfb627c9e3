/** What parsing a crypt table line needs everywhere: numbers as the kernel's sscanf() reads them, and refusals. */

import type { ErrnoName } from '../../kernel/errno.ts';

export type Step<T> =
  | { readonly ok: true; readonly value: T }
  | {
      readonly ok: false;
      readonly errno: ErrnoName;
      /** ti->error; absent where the kernel sets none. */
      readonly error?: string;
      /** Name of the check, for the decision. */
      readonly check: string;
    };

export function stop(
  check: string,
  errno: ErrnoName,
  error?: string,
): Extract<Step<never>, { ok: false }> {
  return error === undefined ? { ok: false, errno, check } : { ok: false, errno, error, check };
}

/** `%u%c` with nothing behind the number: an unsigned 32-bit number, decimal digits only; null when it is none. */
export function number32(text: string): number | null {
  return /^\d+$/.test(text) ? Number(BigInt(text) & 0xffffffffn) : null;
}

const LARGEST = 0xffffffffffffffffn;

/** `%llu%c` with nothing behind the number: an unsigned 64-bit number; null when it is none. */
export function number64(text: string, overflow: 'wraps' | 'largest'): bigint | null {
  if (!/^\d+$/.test(text)) return null;
  const number = BigInt(text);
  return number > LARGEST && overflow === 'largest' ? LARGEST : number & LARGEST;
}
