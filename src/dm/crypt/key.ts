/**
 * The key word of a crypt table line (drivers/md/dm-crypt.c get_key_size(), crypt_set_key(), crypt_set_keyring_key(),
 * crypt_setkey()): hex, `-`, or `:SIZE:TYPE:DESCRIPTION` for a key in the kernel's keyring.
 */

import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js';
import type { CryptAnswers } from '../../kernel/answers/crypt.ts';
import type { ErrnoName } from '../../kernel/errno.ts';
import { number32, type Step, stop } from './words.ts';

/** The kernel's keyring as dm-crypt asks it. A machine without one has no keys: ENOKEY. */
export interface Keyring {
  /** The payload, or why there is none. */
  lookUp(type: string, description: string): Uint8Array | ErrnoName;
}

export interface CryptKey {
  readonly sizeBytes: number;
  readonly bytes: Uint8Array;
  /** `TYPE:DESCRIPTION` of a keyring key; null for hex and for no key. */
  readonly reference: string | null;
}

const LARGEST_INT = 0x7fffffff;

const SETTING = 'Error decoding and setting key';

/** The size a key word announces, in bytes: asked for before anything else about the key. */
export function keySize(word: string): Step<number> {
  // An odd last digit does not count.
  if (!word.startsWith(':')) return { ok: true, value: word.length >>> 1 };
  const size = /^:(\d+):/.exec(word);
  if (size === null) return stop('key-size', 'EINVAL', 'Cannot parse key size');
  // Read as unsigned, kept as int: what turns out negative is taken for a failure to read it.
  const value = number32(size[1]!)!;
  if (value > LARGEST_INT) return stop('key-size', 'EINVAL', 'Cannot parse key size');
  return { ok: true, value };
}

/** Reads a key of `sizeBytes`. `log` gets the line some refusals print. */
export function readKey(
  word: string,
  sizeBytes: number,
  answers: CryptAnswers,
  keyring: Keyring | null,
  log: (text: string) => void,
): Step<CryptKey> {
  // `-` is the only word for "no key"; anything else of size 0 is a broken one.
  if (sizeBytes === 0) {
    return word === '-'
      ? { ok: true, value: { sizeBytes, bytes: new Uint8Array(0), reference: null } }
      : stop('key', 'EINVAL', SETTING);
  }
  if (word.startsWith(':')) {
    return readKeyringKey(word.slice(word.indexOf(':', 1) + 1), sizeBytes, answers, keyring, log);
  }
  const bytes = hexPrefix(word, sizeBytes);
  if (bytes.length < sizeBytes) return stop('key', 'EINVAL', SETTING);
  return { ok: true, value: { sizeBytes, bytes, reference: null } };
}

/** The bytes of `word` up to the first pair that is no number, `most` at most (hex2bin()). */
export function hexPrefix(word: string, most: number): Uint8Array {
  const digits = word.slice(0, most * 2);
  const bad = digits.search(/[^0-9a-fA-F]/);
  const good = digits.slice(0, bad < 0 ? digits.length : bad & ~1);
  return hexToBytes(good);
}

function readKeyringKey(
  reference: string,
  sizeBytes: number,
  answers: CryptAnswers,
  keyring: Keyring | null,
  log: (text: string) => void,
): Step<CryptKey> {
  const refuse = (errno: ErrnoName): Step<CryptKey> => stop('keyring', errno, SETTING);
  if (/\s/.test(reference)) {
    log('whitespace chars not allowed in key string');
    return refuse('EINVAL');
  }
  const colon = reference.indexOf(':');
  const type = reference.slice(0, Math.max(colon, 0));
  const description = reference.slice(colon + 1);
  if (colon <= 0 || description === '' || !answers.keyTypes.includes(type)) return refuse('EINVAL');
  const found = keyring === null ? 'ENOKEY' : keyring.lookUp(type, description);
  if (typeof found === 'string') return refuse(found);
  if (found.length !== sizeBytes) return refuse('EINVAL');
  return { ok: true, value: { sizeBytes, bytes: found.slice(), reference } };
}

/** The key as crypt_status() prints it. */
export function keyText(key: CryptKey): string {
  if (key.sizeBytes === 0) return '-';
  if (key.reference !== null) return `:${key.sizeBytes}:${key.reference}`;
  return bytesToHex(key.bytes);
}
