/** Key messages (drivers/md/dm-crypt.c crypt_message(), crypt_set_key(), crypt_wipe_key()), all eras alike. */

import { errno } from '../../kernel/errno.ts';
import { type CryptKey, hexPrefix, keySize, readKey } from './key.ts';
import type { CryptSpec, SpecEnvironment } from './spec.ts';

export interface KeyChange {
  /** What the message returns: 0 or a negative errno. */
  readonly result: number;
  /** What the table shows from now on. */
  readonly key: CryptKey;
  /** Does data get a new key? A key that could not be set leaves the old one in the cipher. */
  readonly set: boolean;
  /** May the device resume? Null: as before. */
  readonly valid: boolean | null;
}

/** What `key set KEY` and `key wipe` make of the key, or that `argv` (beginning with `key`) is no such message. */
export function messageKey(
  argv: readonly string[],
  spec: CryptSpec,
  env: SpecEnvironment,
): KeyChange | 'unknown' {
  const verb = argv[1]!.toLowerCase();
  const { sizeBytes } = spec.key;
  if (verb === 'wipe' && argv.length === 2) {
    const key = { sizeBytes, bytes: new Uint8Array(sizeBytes), reference: null };
    return { result: 0, key, set: true, valid: false };
  }
  if (verb !== 'set' || argv.length !== 3) return 'unknown';
  const word = argv[2]!;
  const kept = { key: spec.key, set: false, valid: null };
  const size = keySize(word);
  // The key size may not change.
  if (!size.ok || size.value !== sizeBytes) return { ...kept, result: -errno.EINVAL };
  const log = (text: string): void => env.log('err', env.answers.logPrefix + text);
  const key = readKey(word, sizeBytes, env.answers, env.keyring, log);
  if (key.ok) return { result: 0, key: key.value, set: true, valid: true };
  const result = -errno[key.errno];
  // Only a hexadecimal key is given up before it is read: as far as it was good it stands in the table.
  if (word.startsWith(':') || sizeBytes === 0) return { ...kept, result };
  const bytes = spec.key.bytes.slice();
  bytes.set(hexPrefix(word, sizeBytes));
  return { result, key: { sizeBytes, bytes, reference: null }, set: false, valid: false };
}
